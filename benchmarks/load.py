"""Load by wrk: the same request over and over from a number of connections."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

SCRIPT: Final = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True)
class Load:
    """What a run of wrk found."""

    requests: int
    a_second: float
    p50_ms: float
    p99_ms: float


def check_installed() -> None:
    """Nothing, where wrk is there; else the end of the program, with a word on how to get it."""
    if shutil.which("wrk") is None:
        raise SystemExit(
            "The load comes from wrk, which is missing. Debian and Ubuntu: `apt install wrk`."
        )


def run(url: str, body: Mapping[str, Any], size: int, connections: int, seconds: int) -> Load:
    """Ask over and over for so many seconds; every answer has `size` bytes, or the program ends."""
    found = subprocess.run(
        [
            *("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s"),
            *("-s", str(SCRIPT), url),
        ],
        env=os.environ | {"BENCH_BODY": json.dumps(body), "BENCH_BYTES": str(size)},
        capture_output=True,
        text=True,
        check=True,
    )
    told = next((line for line in found.stdout.splitlines() if line.startswith("RESULT")), None)
    if told is None:
        raise SystemExit(f"wrk says:\n{found.stdout}{found.stderr}")
    _, requests, micros, p50, p99, bad, example = told.split(" ", 6)
    if int(bad):
        raise SystemExit(f"{bad} of {requests} answers of {url} are not as expected: {example}")
    return Load(
        requests=int(requests),
        a_second=int(requests) / (int(micros) / 1e6),
        p50_ms=float(p50) / 1_000,
        p99_ms=float(p99) / 1_000,
    )
