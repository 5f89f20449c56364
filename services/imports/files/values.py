"""Converts the text of CSV cells to numbers and instants, in the mapping's formats."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import ValidationInfo

from models.rules.money import half_even
from models.rules.text import clean, key

FIRST_YEAR: Final = 1900
"""Some programs write a year such as 0001 for an unknown one."""

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_FIRST_GROUP: Final = re.compile(r"[+-]?[0-9]{1,3}")
_GROUP: Final = re.compile(r"[0-9]{3}")
_YES: Final = frozenset({"1", "true", "yes", "y", "t"})
_NO: Final = frozenset({"0", "false", "no", "n", "f"})


@dataclass(frozen=True)
class Formats:
    """The formats of numbers and times in a file. The defaults are those of records.

    `dates` are `iso` or patterns of `strptime`, tried in order; `time_zone` is that of times
    without one.
    """

    decimal: str = "."
    thousands: str = ""
    dates: tuple[str, ...] = ("iso",)
    time_zone: str = "UTC"


KEPT: Final = Formats()

SHOWN: Final = 40
"""Characters of a value that a message quotes."""


def quoted(text: str) -> str:
    """The beginning of a value in quotes, for a message."""
    return repr(text) if len(text) <= SHOWN else f"{text[:SHOWN]!r}..."


def number(text: str, formats: Formats = KEPT) -> Decimal:
    """The exact number in a text.

    Raises:
        ValueError: it is none.
    """
    plain = text.strip()
    if formats.thousands and formats.thousands in plain:
        # Only groups of three: 4.20 is not 420.
        head, _, decimals = plain.partition(formats.decimal)
        first, *groups = head.split(formats.thousands)
        if not _FIRST_GROUP.fullmatch(first) or not all(map(_GROUP.fullmatch, groups)):
            raise ValueError(f"{quoted(text)} is no number")
        plain = "".join([first, *groups, *([formats.decimal, decimals] if decimals else [])])
    if formats.decimal != ".":
        # A point would be neither: 1.5 must not become 15.
        plain = plain.replace(".", "?").replace(formats.decimal, ".")
    if not _NUMBER.fullmatch(plain):
        raise ValueError(f"{quoted(text)} is no number")
    return Decimal(plain)


def instant(text: str, formats: Formats = KEPT) -> datetime:
    """The instant in a text, in UTC.

    A time that occurs twice at a clock change is the first one.

    Raises:
        ValueError: none of the formats fits, or it is before 1900.
    """
    for pattern in formats.dates:
        try:
            found = _parse(text.strip(), pattern)
        except ValueError:
            continue
        if found.year < FIRST_YEAR:
            raise ValueError(f"{quoted(text)} is before the year {FIRST_YEAR}")
        if found.tzinfo is None:
            found = found.replace(tzinfo=ZoneInfo(formats.time_zone))
        return found.astimezone(UTC)
    raise ValueError(f"{quoted(text)} is no time written as {' or '.join(formats.dates)}")


def _parse(text: str, pattern: str) -> datetime:
    if pattern == "iso":
        return datetime.fromisoformat(text)
    return datetime.strptime(text, pattern)  # noqa: DTZ007 - the mapping's zone is set by the caller


def rounded(value: Decimal, decimals: int) -> Decimal:
    """The number with so many decimals; a half goes to the even neighbor."""
    return Decimal(half_even(Fraction(value) * 10**decimals)).scaleb(-decimals)


def to_text(value: Any) -> Any:
    """The cleaned text of a text column. Records validate values of any type."""
    return clean(value) if isinstance(value, str) else value


def to_key(value: Any) -> Any:
    """The key of a column of keys and codes: as `to_text`, without invisible characters."""
    return key(value) if isinstance(value, str) else value


def to_number(value: Any, info: ValidationInfo) -> Any:
    """The number of a column, in the file's formats, which are the validation's context."""
    return number(value, info.context or KEPT) if isinstance(value, str) else value


def to_instant(value: Any, info: ValidationInfo) -> Any:
    """The instant of a column, as `to_number`."""
    return instant(value, info.context or KEPT) if isinstance(value, str) else value


def to_flag(value: Any) -> Any:
    """The boolean of a column."""
    if not isinstance(value, str):
        return value
    word = value.strip().lower()
    if word not in _YES | _NO:
        raise ValueError(f"{quoted(value)} is neither yes nor no")
    return word in _YES
