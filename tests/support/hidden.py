"""Rows that one actor does not see, whatever else they may."""

from dataclasses import replace
from typing import Any, Final

import pytest
from tortoise.expressions import Q
from tortoise.models import Model

from models.rules.access import OPEN, Actor
from services.work.visibility import EVERY_ROW, SOME_ROWS

DESK: Final = replace(OPEN, id="desk")
"""Somebody who may do everything, with what they see."""


def hide(monkeypatch: pytest.MonkeyPatch, table: type[Model], **rows: Any) -> None:
    """Hide the rows of a table that meet the conditions from DESK, and from nobody else."""

    def seen(actor: Actor) -> Q:
        return ~Q(**rows) if actor == DESK else EVERY_ROW

    monkeypatch.setitem(SOME_ROWS, table, seen)
