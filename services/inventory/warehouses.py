"""Saving warehouses."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from models.columns import new_id
from models.inventory import Warehouse
from models.rules.access import Permission
from models.rules.errors import (
    invalid,
)
from models.rules.text import key
from services.aggregates.addresses import Address, check_address
from services.use_case import use_case
from services.work.upserts import (
    UNSET,
    Unset,
    given,
    lock_for_save,
    optional_code,
    refuse_taken,
    refuse_version_of_new,
    text,
)
from services.work.work import Work

DEFAULT_PRIORITY: Final = 100


@dataclass(frozen=True)
class SaveWarehouse:
    """A warehouse's fields; those left UNSET stay as they are, None clears."""

    id: UUID | None = None
    version: int | None = None
    code: str | Unset | None = UNSET
    name: str | Unset | None = UNSET
    address: Address | Unset | None = UNSET
    priority: int | Unset | None = UNSET


@use_case(Permission.STOCK_WRITE)
async def save_warehouse(work: Work, command: SaveWarehouse) -> Warehouse:
    """The warehouse as saved; without an id a new one.

    Raises:
        Refused: a missing code or name, a code that is taken, an odd address or priority.
        VersionConflict: it has changed since the caller read it.
    """
    new = command.id is None
    if command.id is None:
        refuse_version_of_new(command.version)
        warehouse = Warehouse(id=new_id(), created_at=work.now, version=0)
    else:
        warehouse = await lock_for_save(work, Warehouse, command.id, command.version)
    if new or given(command.name):
        warehouse.name = text(command.name, "name", 200)
    code = optional_code(command.code, "code", 64)
    if new or code:
        warehouse.code = code or key(warehouse.name)[:64]
        await refuse_taken(work, Warehouse, "code", warehouse.code, warehouse.id, "code")
    if not isinstance(command.address, Unset):
        warehouse.address = check_address(command.address, "address")
    if not isinstance(command.priority, Unset):
        priority = DEFAULT_PRIORITY if command.priority is None else command.priority
        if not 0 <= priority <= 1_000_000:
            raise invalid("A priority is 0 to 1000000.", "priority")
        warehouse.priority = priority
    warehouse.version += 1
    warehouse.updated_at = work.now
    await warehouse.save(force_create=new, using_db=work.connection)
    return warehouse
