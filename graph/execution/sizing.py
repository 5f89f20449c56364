"""How many bytes an answer has: at most, as its maker can say, and exactly, where that matters.

orjson cannot be stopped, and an object that many places share is written for each of them. So the
size is known before anything is written. Most answers are small by what their fields can hold, and
nothing is done for their objects. Of the others the fields are measured level by level, a column at
a time; and where even that may be too much, the whole, each object once.
"""

import json
from collections.abc import Sequence
from math import inf
from typing import Any, Final

import orjson
from graphql import GraphQLEnumType, GraphQLLeafType

from models.rules.errors import BadRequest

ESCAPED: Final = 6
"""Bytes that a character of a text has at most: a control character is written as `\\u001f`."""

NULL: Final = 5
"""Bytes of a null in a list, with its comma; of an object or list, more than brackets and comma."""

SMALL: Final = 1024 * 1024
"""Bytes below which it does not matter how many they are exactly."""

PIECE: Final = 1_000
"""Values that are measured together."""

WIDTHS: Final[dict[str, int]] = {
    "Int": 12,
    "Float": 26,
    "Boolean": 6,
    "Decimal": 64,
    "Date": 16,
    "DateTime": 40,
    "CurrencyCode": 6,
    "ID": 512,
    "Cursor": 4_096,
}
"""Bytes that a value of a scalar has at most, with its comma. Other scalars hold any text."""


class TooLong(BadRequest):
    """An answer that would have more bytes than is allowed."""

    code = "LIMIT_EXCEEDED"

    def __init__(self, most: int) -> None:
        super().__init__(f"The answer would have more than {most} bytes. Ask for less at once.")


def encode(value: Any) -> bytes:
    """JSON of an answer."""
    try:
        return orjson.dumps(value)
    except TypeError:
        # Integers beyond 64 bits, which orjson refuses; a JSON scalar may hold some.
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def width(of_type: GraphQLLeafType, characters: int | None = None) -> float:
    """Bytes that a value has at most; of a text it is known by the characters of its column."""
    if isinstance(of_type, GraphQLEnumType):
        return max((len(name) for name in of_type.values), default=0) + 3
    if characters is not None and of_type.name == "String":
        return characters * ESCAPED + 3
    return WIDTHS.get(of_type.name, inf)


def size_of_column(values: Sequence[Any]) -> int:
    """The bytes that values have as JSON, each with its comma; few of them in memory at once."""
    pieces = (values[start : start + PIECE] for start in range(0, len(values), PIECE))
    return sum(len(encode(piece)) for piece in pieces)


def size_of(value: Any) -> int:
    """The bytes that a value has as JSON, none of which need be in memory at once."""
    return _size(value, {})


def _size(value: Any, known: dict[int, int]) -> int:
    """As `size_of`; the sizes of what was measured are kept by id."""
    size = known.get(id(value))
    if size is not None:
        return size
    if type(value) is dict:
        inside = [each for each in value.values() if type(each) is dict or type(each) is list]
        if inside:
            own = {
                key: None if type(each) is dict or type(each) is list else each
                for key, each in value.items()
            }
            size = len(encode(own)) - 4 * len(inside)
            size += sum([_size(each, known) for each in inside])
        else:
            size = len(encode(value))
    elif type(value) is list:
        size = 1 + max(len(value), 1) + sum([_size(each, known) for each in value])
    else:
        return len(encode(value))
    known[id(value)] = size
    return size
