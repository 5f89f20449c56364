"""What is true of products."""

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
