"""Patterns of numbers, such as `SO-{channel}-{yyyy}{mm}-{seq:6}`."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final

_PART: Final = re.compile(r"\{([^{}]*)\}")
_SEQUENCE: Final = re.compile(r"seq:([1-9][0-9]?)")
_FIELDS: Final = frozenset({"channel", "order", "yyyy", "yy", "mm"})
_TOUCHING: Final = re.compile(
    r"\{(channel|order)\}\d*\{seq:\d+\}|\{seq:\d+\}\d*\{(channel|order)\}"
)
MAX_DIGITS: Final = 18
MAX_LENGTH: Final = 48


class NumberKind(StrEnum):
    """The kinds of objects that have numbers by a pattern."""

    ORDER = "order"
    SHIPMENT = "shipment"
    RETURN = "return"
    INVOICE = "invoice"


IN_ORDER: Final = frozenset({NumberKind.SHIPMENT, NumberKind.RETURN})
"""The kinds that may be counted within their order."""


class Reset(StrEnum):
    """When a count restarts."""

    NEVER = "never"
    YEARLY = "yearly"
    MONTHLY = "monthly"
    EACH_ORDER = "for each order"


class BadPattern(ValueError):
    """A pattern that would not make unique numbers, or is malformed."""


@dataclass(frozen=True)
class Pattern:
    """A number's parts: text, `{channel}`, `{yyyy}`, `{yy}`, `{mm}` and one `{seq:digits}`.

    The count restarts whenever one of the other parts changes: with `{mm}` each month. With
    `{order}`, which stands with text and the count only, each order has its own count.
    """

    text: str
    digits: int
    fields: frozenset[str]

    @classmethod
    @lru_cache(maxsize=64)
    def parse(cls, text: str) -> "Pattern":
        """The pattern in a text.

        Raises:
            BadPattern: not exactly one `{seq:digits}`, an unknown part, a month without a year, an
                order with other parts, a count right next to a channel or an order, a stray brace,
                or more than 48 characters.
        """
        parts = _PART.findall(text)
        counts = [match for part in parts if (match := _SEQUENCE.fullmatch(part))]
        if len(counts) != 1 or int(counts[0][1]) > MAX_DIGITS:
            raise BadPattern(f"{text}: a pattern has one {{seq:digits}}, such as {{seq:6}}")
        fields = frozenset(part for part in parts if not part.startswith("seq:"))
        if fields - _FIELDS or re.search("[{}]", _PART.sub("", text)):
            known = "{channel}, {order}, {yyyy}, {yy}, {mm}, {seq:6}"
            raise BadPattern(f"{text}: known are {known}")
        if "mm" in fields and not fields & {"yyyy", "yy"}:
            raise BadPattern(f"{text}: a month needs its year, or numbers come twice")
        if "order" in fields and len(fields) > 1:
            raise BadPattern(f"{text}: what is counted in each order has no other part")
        if _TOUCHING.search(text):
            raise BadPattern(f"{text}: a count stands apart, as in {{channel}}-{{seq:6}}")
        if len(text) > MAX_LENGTH:
            raise BadPattern(f"{text}: at most {MAX_LENGTH} characters")
        return cls(text=text, digits=int(counts[0][1]), fields=fields)

    @classmethod
    def of(cls, kind: NumberKind, text: str) -> "Pattern":
        """The pattern, checked for the kind.

        Raises:
            BadPattern: as `parse`; or `{order}` for a kind that is not counted within an order.
        """
        pattern = cls.parse(text)
        if pattern.resets is Reset.EACH_ORDER and kind not in IN_ORDER:
            raise BadPattern(f"{text}: only shipments and returns are counted in their {{order}}")
        return pattern

    @property
    def resets(self) -> Reset:
        """When the count restarts by time or order; each channel has its own count anyway."""
        if "order" in self.fields:
            return Reset.EACH_ORDER
        if "mm" in self.fields:
            return Reset.MONTHLY
        return Reset.YEARLY if self.fields & {"yyyy", "yy"} else Reset.NEVER

    def scope(self, day: date, channel: str) -> str:
        """The scope of a count: the number without its count."""
        return self._filled("*", day, channel, "")

    def format(self, count: int, day: date, channel: str, order: str = "") -> str:
        """The number of a count, padded with zeros; a larger count makes it longer."""
        return self._filled(str(count).zfill(self.digits), day, channel, order)

    def _filled(self, count: str, day: date, channel: str, order: str) -> str:
        values = {
            "channel": channel.upper(),
            "order": order,
            "yyyy": f"{day.year:04}",
            "yy": f"{day.year % 100:02}",
            "mm": f"{day.month:02}",
            f"seq:{self.digits}": count,
        }
        return _PART.sub(lambda part: values[part[1]], self.text)
