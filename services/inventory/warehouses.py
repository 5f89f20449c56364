"""Saves warehouses."""

from dataclasses import dataclass
from typing import Final

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
    Save,
    Unset,
    given,
    optional_code,
    row_to_save,
    set_unique,
    text,
)
from services.work.work import Work

DEFAULT_PRIORITY: Final = 100


@dataclass(frozen=True)
class SaveWarehouse(Save):
    """A warehouse's fields; UNSET ones stay, None clears."""

    code: str | Unset | None = UNSET
    name: str | Unset | None = UNSET
    address: Address | Unset | None = UNSET
    priority: int | Unset | None = UNSET


@use_case(Permission.STOCK_WRITE)
async def save_warehouse(work: Work, command: SaveWarehouse) -> Warehouse:
    """The saved warehouse; without an id a new one.

    Raises:
        Refused: a missing code or name, a taken code, an invalid address or priority.
        VersionConflict: it has changed since the caller read it.
    """
    warehouse = await row_to_save(work, Warehouse, command)
    if command.is_new or given(command.name):
        warehouse.name = text(command.name, "name", 200)
    code = optional_code(command.code, "code", 64)
    if command.is_new or code:
        await set_unique(work, warehouse, "code", code or key(warehouse.name)[:64])
    if not isinstance(command.address, Unset):
        warehouse.address = check_address(command.address, "address")
    if not isinstance(command.priority, Unset):
        priority = DEFAULT_PRIORITY if command.priority is None else command.priority
        if not 0 <= priority <= 1_000_000:
            raise invalid("A priority is 0 to 1000000.", "priority")
        warehouse.priority = priority
    await warehouse.save(force_create=command.is_new, using_db=work.connection)
    return warehouse
