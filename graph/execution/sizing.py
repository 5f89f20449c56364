"""The size of an answer in bytes: an upper bound from its fields, and exactly if necessary.

orjson cannot be stopped, and it writes an object once for each place that shares it. The size is
therefore known before anything is written. Most answers are small by the bounds of their fields,
and their objects are not measured. In others the fields are measured level by level, a column at a
time; if that may still be too much, the whole answer is measured, each object once.
"""

import json
from collections.abc import Sequence
from math import inf
from typing import Any, Final

import orjson
from graphql import GraphQLEnumType, GraphQLLeafType

from models.rules.errors import BadRequest

ESCAPED: Final = 6
"""The most bytes of a character: a control character is written as `\\u001f`."""

NULL: Final = 5
"""Bytes of a null in a list, with its comma; more than the brackets and comma of an object."""

SMALL: Final = 1024 * 1024
"""Sizes below this are not measured exactly."""

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
"""The most bytes of a scalar's value, with its comma. Other scalars hold any text."""


class TooLong(BadRequest):
    """An answer with more bytes than allowed."""

    code = "LIMIT_EXCEEDED"

    def __init__(self, most: int) -> None:
        super().__init__(f"The answer would have more than {most} bytes. Ask for less at once.")


def encode(value: Any) -> bytes:
    """The JSON of an answer."""
    try:
        return orjson.dumps(value)
    except TypeError:
        # orjson refuses integers beyond 64 bits, which a JSON scalar may hold.
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def width(of_type: GraphQLLeafType, characters: int | None = None) -> float:
    """The most bytes of a value; for a text by the `characters` of its column."""
    if isinstance(of_type, GraphQLEnumType):
        return max((len(name) for name in of_type.values), default=0) + 3
    if characters is not None and of_type.name == "String":
        return characters * ESCAPED + 3
    return WIDTHS.get(of_type.name, inf)


def size_of_column(values: Sequence[Any]) -> int:
    """The bytes of the values as JSON, each with its comma; encoded in pieces to save memory."""
    pieces = (values[start : start + PIECE] for start in range(0, len(values), PIECE))
    return sum(len(encode(piece)) for piece in pieces)


def size_of(value: Any) -> int:
    """The bytes of a value as JSON, without the whole JSON in memory at once."""
    return _size(value, {})


def _size(value: Any, known: dict[int, int]) -> int:
    """As `size_of`; `known` has the sizes of measured objects by id."""
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
