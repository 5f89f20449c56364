"""Patterns of numbers, such as `SO-{channel}-{yyyy}{mm}-{seq:6}`."""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

_PART: Final = re.compile(r"\{([^{}]*)\}")
_SEQUENCE: Final = re.compile(r"seq:([1-9][0-9]?)")
_FIELDS: Final = frozenset({"channel", "yyyy", "yy", "mm"})
MAX_DIGITS: Final = 18
MAX_LENGTH: Final = 48


class BadPattern(ValueError):
    """A pattern that would not make unique numbers, or that nobody can read."""


@dataclass(frozen=True)
class Pattern:
    """A number's parts: text, `{channel}`, `{yyyy}`, `{yy}`, `{mm}` and one `{seq:digits}`.

    The count starts again whenever one of the other parts changes: with `{mm}` every month.
    """

    text: str
    digits: int

    @classmethod
    @lru_cache(maxsize=64)
    def parse(cls, text: str) -> "Pattern":
        """The pattern that the text describes.

        Raises:
            BadPattern: not exactly one `{seq:digits}`, an unknown part, a month without a year,
                a stray brace, or more than 48 characters.
        """
        parts = _PART.findall(text)
        counts = [match for part in parts if (match := _SEQUENCE.fullmatch(part))]
        if len(counts) != 1 or int(counts[0][1]) > MAX_DIGITS:
            raise BadPattern(f"{text}: a pattern has one {{seq:digits}}, such as {{seq:6}}")
        fields = {part for part in parts if not part.startswith("seq:")}
        unknown = fields - _FIELDS
        if unknown or re.search("[{}]", _PART.sub("", text)):
            raise BadPattern(f"{text}: known are {{channel}}, {{yyyy}}, {{yy}}, {{mm}}, {{seq:6}}")
        if "mm" in fields and not fields & {"yyyy", "yy"}:
            raise BadPattern(f"{text}: a month needs its year, or numbers come twice")
        if len(text) > MAX_LENGTH:
            raise BadPattern(f"{text}: at most {MAX_LENGTH} characters")
        return cls(text=text, digits=int(counts[0][1]))

    def scope(self, day: date, channel: str) -> str:
        """What the count is kept for: the number with its count left out."""
        return self._filled(day, channel).replace(f"{{seq:{self.digits}}}", "*")

    def format(self, count: int, day: date, channel: str) -> str:
        """The number of a count, padded with zeros; a larger count just becomes longer."""
        digits = str(count).zfill(self.digits)
        return self._filled(day, channel).replace(f"{{seq:{self.digits}}}", digits)

    def _filled(self, day: date, channel: str) -> str:
        parts = {
            "{channel}": channel.upper(),
            "{yyyy}": f"{day.year:04}",
            "{yy}": f"{day.year % 100:02}",
            "{mm}": f"{day.month:02}",
        }
        filled = self.text
        for name, value in parts.items():
            filled = filled.replace(name, value)
        return filled
