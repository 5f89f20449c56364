"""How goods come back."""

from enum import StrEnum


class ReturnState(StrEnum):
    REQUESTED = "REQUESTED"
    REJECTED = "REJECTED"
    PARTLY_RECEIVED = "PARTLY_RECEIVED"
    RECEIVED = "RECEIVED"
    CANCELLED = "CANCELLED"


class Disposition(StrEnum):
    RESTOCK = "RESTOCK"
    QUARANTINE = "QUARANTINE"
    SCRAP = "SCRAP"
