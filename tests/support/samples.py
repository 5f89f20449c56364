"""Where sample data lies that is too large for this repository, and what it comes to."""

import json
import os
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.repository import ROOT

EXAMPLES: Final = ROOT / "docs" / "examples"


def sample(name: str) -> Path:
    """The folder of a sample; the test is skipped where it is not there.

    `ORDERGRAPH_TEST_SAMPLES` names the folder of all samples; else it is `shared/data` beside the
    repository.
    """
    parent = os.environ.get("ORDERGRAPH_TEST_SAMPLES") or ROOT.parent / "shared" / "data"
    folder = Path(parent) / name
    if not (folder / "expected.json").is_file():
        pytest.skip(f"no sample {name}: name the folder of all in ORDERGRAPH_TEST_SAMPLES")
    return folder


def expected(folder: Path) -> dict[str, Any]:
    """The figures that come with a sample; numbers with decimals are amounts in cents."""
    figures: dict[str, Any] = json.loads(
        (folder / "expected.json").read_text(encoding="utf-8"), parse_float=_cents
    )
    return figures


def _cents(text: str) -> int:
    whole, _, decimals = text.partition(".")
    return int(whole + decimals.ljust(2, "0"))
