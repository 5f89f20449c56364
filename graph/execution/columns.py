"""Completing leaves a column at a time: most columns hold values of one Python type.

A column is what one field gives for all objects of a level. Where all its values are of the types
that a scalar is written as, nothing is left to do; where they are not, each goes the careful way.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from graphql import GraphQLEnumType, GraphQLLeafType, Undefined

NONE: Final = frozenset({type(None)})
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

Values = Sequence[Any]
Quickly = Callable[[Values], Values | None]
"""The values as they are written. None where one of them needs the careful way, which knows why."""


def quick_way(of_type: GraphQLLeafType, *, required: bool) -> Quickly:
    """How a column of this type is completed; with `required` no value may be missing."""
    missing = frozenset[type]() if required else NONE
    if of_type.name == "Int":
        return partial(_integers, frozenset({int}) | missing)
    write = of_type.coerce_output_value
    by_value = _each_distinct if isinstance(of_type, GraphQLEnumType) else _each
    slowly = partial(_written, by_value, write, required)
    known = AS_THEY_ARE.get(of_type.name)
    return partial(_as_they_are, known | missing, slowly) if known else slowly


def _as_they_are(known: frozenset[type], otherwise: Quickly, values: Values) -> Values | None:
    return values if known.issuperset(map(type, values)) else otherwise(values)


def _integers(known: frozenset[type], values: Values) -> Values | None:
    if not known.issuperset(map(type, values)):
        return None
    numbers = [value for value in values if value is not None]
    fits = not numbers or (min(numbers) >= LEAST_INT and max(numbers) <= GREATEST_INT)
    return values if fits else None


def _written(
    by_value: Callable[[Callable[[Any], Any], Values], list[Any]],
    write: Callable[[Any], Any],
    required: bool,
    values: Values,
) -> Values | None:
    kinds = set(map(type, values))
    if any(issubclass(kind, Exception) for kind in kinds) or (
        required and not NONE.isdisjoint(kinds)
    ):
        return None
    try:
        return by_value(write, values)
    except Exception:  # noqa: BLE001 - whatever it is, the careful way meets it again
        return None


def _each(write: Callable[[Any], Any], values: Values) -> list[Any]:
    return [None if value is None else _there(write(value)) for value in values]


def _each_distinct(write: Callable[[Any], Any], values: Values) -> list[Any]:
    """An enum has few values and long columns."""
    written = {
        value: None if value is None else _there(write(value)) for value in dict.fromkeys(values)
    }
    return list(map(written.__getitem__, values))


def _there(written: Any) -> Any:
    if written is None or written is Undefined:
        raise ValueError(written)
    return written
