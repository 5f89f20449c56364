"""Policies of products, and the date on which units can ship."""

from datetime import date, timedelta
from enum import StrEnum


class BackorderPolicy(StrEnum):
    DENY = "DENY"
    ALLOW = "ALLOW"
    UNTIL_EXPECTED = "UNTIL_EXPECTED"


class TrackingPolicy(StrEnum):
    NONE = "NONE"
    LOT = "LOT"
    SERIAL = "SERIAL"


class AttributeType(StrEnum):
    TEXT = "TEXT"
    INTEGER = "INTEGER"
    DECIMAL = "DECIMAL"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    CHOICE = "CHOICE"


def sendable_on(
    today: date,
    missing: int,
    incoming: int,
    backorder: BackorderPolicy,
    lead_time_days: int | None,
) -> date | None:
    """The date on which all requested units can ship; None if it is unknown, or if they cannot.

    It is `today` if none is `missing`; otherwise, if the backorder policy allows it, today plus the
    supplier's lead time. `incoming` are units already ordered from suppliers.
    """
    if missing <= 0:
        return today
    waits = backorder is BackorderPolicy.ALLOW or (
        backorder is BackorderPolicy.UNTIL_EXPECTED and missing <= incoming
    )
    return today + timedelta(lead_time_days) if waits and lead_time_days is not None else None
