"""Attributes of products, as defined by their category."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from models.rules.catalog import AttributeType
from models.rules.errors import DomainError, invalid, required

MAX_DEFINITIONS: Final = 100
MAX_KEY: Final = 64
MAX_CHOICES: Final = 200


@dataclass(frozen=True, slots=True)
class Definition:
    """The definition of an attribute."""

    key: str
    type: AttributeType
    unit: str | None = None
    choices: Sequence[str] | None = None
    required: bool = False


def check_definitions(definitions: Sequence[Definition]) -> list[DomainError]:
    """The errors of a category's definitions; empty: they are valid."""
    errors: list[DomainError] = []
    if len(definitions) > MAX_DEFINITIONS:
        errors.append(invalid(f"At most {MAX_DEFINITIONS} attributes.", "attributes"))
    seen: set[str] = set()
    for index, each in enumerate(definitions):
        path = ("attributes", str(index))
        if not 1 <= len(each.key.strip()) <= MAX_KEY:
            errors.append(invalid(f"A key has 1 to {MAX_KEY} characters.", *path, "key"))
        if each.key in seen:
            errors.append(invalid(f"{each.key} is defined twice.", *path, "key"))
        seen.add(each.key)
        errors += _check_choices(each, path)
    return errors


def _check_choices(definition: Definition, path: tuple[str, ...]) -> Iterator[DomainError]:
    choices = definition.choices or ()
    if definition.type is not AttributeType.CHOICE:
        if choices:
            yield invalid(f"{definition.type} has no choices.", *path, "choices")
    elif not 1 <= len(choices) <= MAX_CHOICES or len(set(choices)) < len(choices):
        yield invalid(f"1 to {MAX_CHOICES} choices, each once.", *path, "choices")


def check_values(definitions: Iterable[Definition], values: Mapping[str, Any]) -> list[DomainError]:
    """The errors of a product's attributes. An attribute without a definition is free."""
    errors: list[DomainError] = []
    for each in definitions:
        value = values.get(each.key)
        if value is None:
            if each.required:
                message = f"Products of this category say their {each.key}."
                errors.append(required(message, "attributes", each.key))
        elif not _fits(each, value):
            errors.append(invalid(f"{each.key} is {_wanted(each)}.", "attributes", each.key))
    return errors


def _fits(definition: Definition, value: Any) -> bool:
    match definition.type:
        case AttributeType.BOOLEAN:
            return isinstance(value, bool)
        case AttributeType.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case AttributeType.DECIMAL:
            return not isinstance(value, bool) and _is_decimal(value)
        case AttributeType.DATE:
            return isinstance(value, str) and _is_date(value)
        case AttributeType.CHOICE:
            return value in (definition.choices or ())
        case AttributeType.TEXT:
            return isinstance(value, str)


def _is_decimal(value: Any) -> bool:
    if not isinstance(value, int | float | str):
        return False
    try:
        return Decimal(str(value)).is_finite()
    except InvalidOperation:
        return False


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _wanted(definition: Definition) -> str:
    match definition.type:
        case AttributeType.CHOICE:
            return "one of " + ", ".join(definition.choices or ())
        case AttributeType.DATE:
            return "a date such as 2026-03-01"
        case AttributeType.DECIMAL:
            return "a number, or text such as 12.50"
        case AttributeType.INTEGER:
            return "a whole number"
        case AttributeType.BOOLEAN:
            return "true or false"
        case AttributeType.TEXT:
            return "text"
