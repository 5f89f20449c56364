"""Shared steps of `save` use cases: omitted fields stay, null clears, versions are compared."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeVar
from uuid import UUID

from models.columns import Versioned, new_id
from models.rules.errors import (
    UnusableText,
    VersionConflict,
    duplicate,
    invalid,
    not_found,
    required,
)
from models.rules.text import clean, key
from services.work.work import Work

Row = TypeVar("Row", bound=Versioned)


class Unset(Enum):
    """The mark of an omitted field."""

    UNSET = "UNSET"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True)
class Save:
    """A row to save: by its id and the version that the caller read, or a new one."""

    id: UUID | None = None
    version: int | None = None

    @property
    def is_new(self) -> bool:
        return self.id is None


async def row_to_save(work: Work, table: type[Row], command: Save) -> Row:
    """The command's row, locked, or a new one, already with its next version.

    Raises:
        InputError: the actor sees no such row; a version without an id.
        VersionConflict: it has changed since the caller read it.
    """
    if command.id is not None:
        return await lock_for_save(work, table, command.id, command.version)
    if command.version is not None:
        raise required("A version needs the id of what it is the version of.", "id")
    return table(id=new_id(), created_at=work.now, updated_at=work.now, version=1)


async def lock_for_save(work: Work, table: type[Row], row_id: UUID, version: int | None) -> Row:
    """The row, locked and with its next version, if its version is the one that the caller read.

    Without a version nothing is compared.

    Raises:
        InputError: the actor sees no such row.
        VersionConflict: it has changed since the caller read it.
    """
    row = await work.rows(table).select_for_update().get_or_none(id=row_id)
    if row is None:
        raise not_found(f"There is no such {table.__name__.lower()}.", "id")
    if version is not None and row.version != version:
        raise VersionConflict(version, row.version, row)
    row.version += 1
    row.updated_at = work.now
    return row


async def set_unique(work: Work, row: Versioned, column: str, value: str | None) -> None:
    """Gives a row a value that no other row of its table has.

    Raises:
        InputError: DUPLICATE at the column: another row has it.
    """
    setattr(row, column, value)
    table = type(row)
    # unscoped: a value is unique among all rows
    others = table.filter(**{column: value}).exclude(pk=row.pk).using_db(work.connection)
    if value is not None and await others.exists():
        raise duplicate(f"{value} is taken.", column)


def text(value: str | Unset | None, field: str, limit: int) -> str:
    """A required text, cleaned.

    Raises:
        InputError: REQUIRED: missing, null or empty; INVALID: too long or not text.
    """
    cleaned = optional_text(value, field, limit)
    if not cleaned:
        raise required(f"{field} is required.", field)
    return cleaned


def optional_text(value: str | Unset | None, field: str, limit: int) -> str | None:
    """An optional text, cleaned; None for an empty one."""
    if not value or isinstance(value, Unset):
        return None
    try:
        cleaned = clean(value)
    except ValueError as error:
        raise invalid(str(error), field) from None
    if len(cleaned) > limit:
        raise invalid(f"{field} has at most {limit} characters.", field)
    return cleaned or None


def code(value: str | Unset | None, field: str, limit: int) -> str:
    """A required code: as `text`, without invisible characters."""
    return text(_visible(value), field, limit)


def optional_code(value: str | Unset | None, field: str, limit: int) -> str | None:
    """An optional code: as `optional_text`, without invisible characters."""
    return optional_text(_visible(value), field, limit)


def _visible(value: str | Unset | None) -> str | Unset | None:
    """The text without invisible characters; `optional_text` refuses an unusable one."""
    try:
        return key(value) if isinstance(value, str) else value
    except UnusableText:
        return value


def given(value: Any | Unset) -> bool:
    """Whether the caller sent the field, even as null."""
    return value is not UNSET
