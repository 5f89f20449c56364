"""Credit ratings."""

from enum import StrEnum


class CreditRating(StrEnum):
    A = "A"
    B = "B"
    C = "C"
    D = "D"
    UNRATED = "UNRATED"
