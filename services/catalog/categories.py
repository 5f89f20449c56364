"""Saves categories and their attribute definitions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from models.catalog import Category
from models.rules.access import Permission
from models.rules.attributes import Definition, check_definitions
from models.rules.catalog import AttributeType
from models.rules.errors import Refused, invalid, not_found
from models.rules.text import clean
from services.use_case import use_case
from services.work.upserts import (
    UNSET,
    Save,
    Unset,
    given,
    row_to_save,
    set_unique,
    text,
)
from services.work.work import Work

MAX_CATEGORY_DEPTH: Final = 20


@dataclass(frozen=True)
class SaveCategory(Save):
    """A category's fields; UNSET ones stay, None clears."""

    name: str | Unset | None = UNSET
    parent_id: UUID | Unset | None = UNSET
    attributes: list[dict[str, Any]] | Unset | None = UNSET


@use_case(Permission.CATALOG_WRITE)
async def save_category(work: Work, command: SaveCategory) -> Category:
    """The saved category; without an id a new one.

    Raises:
        Refused: a missing or taken name, an unknown parent, a parent below the category itself.
        VersionConflict: it has changed since the caller read it.
    """
    category = await row_to_save(work, Category, command)
    if command.is_new or given(command.name):
        await set_unique(work, category, "name", text(command.name, "name", 200))
    if not isinstance(command.parent_id, Unset):
        await _check_parent(work, category, command.parent_id)
        category.parent_id = command.parent_id
    if not isinstance(command.attributes, Unset):
        category.attributes = [_tidy(each) for each in command.attributes or ()]
        if errors := check_definitions(definitions_of(category)):
            raise Refused(errors)
    await category.save(force_create=command.is_new, using_db=work.connection)
    return category


def _tidy(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The definition with its texts in the stored form.

    Raises:
        UnusableText: a text has control characters or lone surrogates.
    """
    unit, choices = definition["unit"], definition["choices"]
    return {
        **definition,
        "key": clean(definition["key"]),
        "unit": None if unit is None else clean(unit),
        "choices": None if choices is None else [clean(choice) for choice in choices],
    }


def definitions_of(category: Category) -> list[Definition]:
    """The category's own attribute definitions."""
    return [
        Definition(**each | {"type": AttributeType(each["type"])}) for each in category.attributes
    ]


async def _check_parent(work: Work, category: Category, parent_id: UUID | None) -> None:
    """Checks that the parents lead to the root, and not back to the category."""
    above = parent_id
    for _ in range(MAX_CATEGORY_DEPTH):
        if above is None:
            return
        if above == category.id:
            raise invalid("A category cannot lie below itself.", "parentId")
        parent = await work.rows(Category).get_or_none(id=above)
        if parent is None:
            raise not_found("There is no such category.", "parentId")
        above = parent.parent_id
    message = f"Categories lie at most {MAX_CATEGORY_DEPTH} deep."
    raise invalid(message, "parentId")
