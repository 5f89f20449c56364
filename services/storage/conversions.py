"""Converts column values for and from a database, if its driver's values differ from Python's."""

from collections.abc import Callable
from datetime import UTC
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

import orjson
from asyncpg.pgproto import pgproto
from tortoise.fields.base import Field
from tortoise.fields.data import (
    BigIntField,
    BooleanField,
    CharEnumFieldInstance,
    CharField,
    IntField,
    JSONField,
    TextField,
    UUIDField,
)
from tortoise.models import Model

from models.columns import UtcDatetime
from models.rules.pricing import shortest

Convert = Callable[[Any], Any]

NUMBERS: Final = (IntField, BigIntField)
NATIVE: Final = {"postgres": (BooleanField, UUIDField, UtcDatetime)}
"""Columns whose values a driver takes and gives as Python's, though Tortoise converts each."""


def to_database(field: Field[Any], table: type[Model], dialect: str) -> Convert | None:
    """The conversion of a field's value for its driver; None if none is needed."""
    if isinstance(field, (*NUMBERS, BooleanField, *NATIVE.get(dialect, ()))):
        return None
    if isinstance(field, UUIDField):
        return str
    if isinstance(field, CharEnumFieldInstance):
        return {member: str(member.value) for member in field.enum_type}.__getitem__
    return _looking(field, lambda value: field.to_db_value(value, table))


def _looking(field: Field[Any], convert: Convert) -> Convert:
    """The conversion, skipped for values that it would not change."""
    if isinstance(field, CharField):
        most = field.max_length
        return lambda text: text if isinstance(text, str) and len(text) <= most else convert(text)
    if isinstance(field, UtcDatetime):
        return lambda instant: instant if instant.tzinfo is UTC else convert(instant)
    if isinstance(field, JSONField):
        return lambda value: convert(value) if isinstance(value, str) else field.encoder(value)
    return convert


def from_database(field: Field[Any], dialect: str) -> Convert | None:
    """The conversion of a driver's value for a field; None if none is needed."""
    if isinstance(field, CharEnumFieldInstance):
        return _member_of(field.enum_type)
    if isinstance(field, (*NUMBERS, CharField, TextField, *NATIVE.get(dialect, ()))):
        return None
    convert: Convert = field.to_python_value
    if isinstance(field, UUIDField):
        convert = pgproto.UUID
    elif isinstance(field, BooleanField):
        convert = bool
    return convert


def from_any_database(kind: type[Any]) -> Convert | None:
    """The conversion of any driver's value to this type; None if none is needed.

    Some drivers give sums as decimals, booleans as numbers, and decimals as texts.

    Raises:
        TypeError: no column is read as this type.
    """
    if issubclass(kind, Enum):
        return _member_of(kind)
    if kind not in CONVERSIONS:
        raise TypeError(f"no column is read as {kind.__name__}")
    return CONVERSIONS[kind]


def _member_of(kind: type[Enum]) -> Convert:
    return {str(member.value): member for member in kind}.__getitem__


def _identity(value: UUID | str) -> UUID:
    """The id as PostgreSQL's driver makes it, in a tenth of the time of Python's UUID."""
    made: UUID = pgproto.UUID(value) if isinstance(value, str) else value
    return made


def _items(value: Any) -> tuple[Any, ...]:
    """The items of a JSON array, which most drivers give as text."""
    return tuple(orjson.loads(value) if isinstance(value, str | bytes) else value)


CONVERSIONS: Final[dict[type[Any], Convert | None]] = {
    UUID: _identity,
    str: None,
    int: int,
    bool: bool,
    Decimal: lambda value: shortest(Decimal(value)),
    tuple: _items,
}
