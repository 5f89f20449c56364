"""What is true of products."""

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
    """When all units of a wish can be sent; None: nobody knows, or never.

    That is `today` where none is `missing`; else, where its product lets them wait, when its
    supplier can have brought them. `incoming` are the units that suppliers bring already.
    """
    if missing <= 0:
        return today
    waits = backorder is BackorderPolicy.ALLOW or (
        backorder is BackorderPolicy.UNTIL_EXPECTED and missing <= incoming
    )
    return today + timedelta(lead_time_days) if waits and lead_time_days is not None else None
