"""Completing leaves a column at a time: most columns hold values of one Python type.

A column is what one field gives for all objects of a level. Where all its values are of the types
that a scalar is written as, nothing is left to do; where they are not, each goes the careful way.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from graphql import GraphQLEnumType, GraphQLLeafType, Undefined

NONE: Final = type(None)
LEAST_INT: Final = -(2**31)
GREATEST_INT: Final = 2**31 - 1

AS_THEY_ARE: Final[dict[str, frozenset[type]]] = {
    "String": frozenset({str}),
    "ID": frozenset({str}),
    "Boolean": frozenset({bool}),
    "Decimal": frozenset({str}),  # what `models.rules.money` has written
    "Cursor": frozenset({str}),
    "CurrencyCode": frozenset({str}),
}

Complete = Callable[[Any], Any]


def complete_quickly(of_type: GraphQLLeafType, values: Sequence[Any]) -> list[Any] | None:
    """The values as they are written, None for each that is missing.

    None where at least one of them is none of the type's: its error is for the careful way to
    tell.
    """
    kinds = set(map(type, values))
    if any(issubclass(kind, Exception) for kind in kinds):
        return None
    known = AS_THEY_ARE.get(of_type.name)
    if known is not None and kinds <= known | {NONE}:
        return list(values)
    if of_type.name == "Int" and kinds <= {int, NONE}:
        numbers = [value for value in values if value is not None]
        fits = not numbers or (min(numbers) >= LEAST_INT and max(numbers) <= GREATEST_INT)
        return list(values) if fits else None
    with suppress(Exception):  # whatever it is, the careful way meets it again
        return _each_written(of_type, values, NONE in kinds)
    return None


def _each_written(of_type: GraphQLLeafType, values: Sequence[Any], some_missing: bool) -> list[Any]:
    write = of_type.coerce_output_value
    if isinstance(of_type, GraphQLEnumType):
        return _by_distinct_value(write, values)
    if some_missing:
        return [_written(write, value) for value in values]
    written = list(map(write, values))
    if None in written or Undefined in written:
        raise ValueError(of_type)
    return written


def _by_distinct_value(write: Complete, values: Sequence[Any]) -> list[Any]:
    """An enum has few values and long columns."""
    written = {value: _written(write, value) for value in set(values)}
    return [written[value] for value in values]


def _written(write: Complete, value: Any) -> Any:
    if value is None:
        return None
    written = write(value)
    if written is None or written is Undefined:
        raise ValueError(value)
    return written
