"""Text of a CSV cell to numbers and instants, as the mapping says they are written."""

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
"""Programs write a year such as 0001 where they know none."""

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_FIRST_GROUP: Final = re.compile(r"[+-]?[0-9]{1,3}")
_GROUP: Final = re.compile(r"[0-9]{3}")
_YES: Final = frozenset({"1", "true", "yes", "y", "t"})
_NO: Final = frozenset({"0", "false", "no", "n", "f"})


@dataclass(frozen=True)
class Formats:
    """How a file writes numbers and times. The default is how records themselves are kept.

    `dates` are `iso` or patterns of `strptime`, tried in their order; `time_zone` is that of times
    which name none.
    """

    decimal: str = "."
    thousands: str = ""
    dates: tuple[str, ...] = ("iso",)
    time_zone: str = "UTC"


KEPT: Final = Formats()

SHOWN: Final = 40
"""Characters of a value that a message names."""


def quoted(text: str) -> str:
    """A value as a message names it: in quotes, and no more than its beginning."""
    return repr(text) if len(text) <= SHOWN else f"{text[:SHOWN]!r}..."


def number(text: str, formats: Formats = KEPT) -> Decimal:
    """The number that a text stands for, exactly.

    Raises:
        ValueError: it is none.
    """
    plain = text.strip()
    if formats.thousands and formats.thousands in plain:
        # Only groups of three: 4.20 is no 420.
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
    """The instant that a text stands for, in UTC.

    Of a time that a clock change shows twice it is the first.

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
    """For a text column: cleaned. Validators of records are called with whatever is there."""
    return clean(value) if isinstance(value, str) else value


def to_key(value: Any) -> Any:
    """For a column of keys and codes: as `to_text`, without invisible characters."""
    return key(value) if isinstance(value, str) else value


def to_number(value: Any, info: ValidationInfo) -> Any:
    """For a number's column: as the formats of the file say, which are the validation's context."""
    return number(value, info.context or KEPT) if isinstance(value, str) else value


def to_instant(value: Any, info: ValidationInfo) -> Any:
    """For a column of times, as `to_number`."""
    return instant(value, info.context or KEPT) if isinstance(value, str) else value


def to_flag(value: Any) -> Any:
    """For a column of yes or no."""
    if not isinstance(value, str):
        return value
    word = value.strip().lower()
    if word not in _YES | _NO:
        raise ValueError(f"{quoted(value)} is neither yes nor no")
    return word in _YES
