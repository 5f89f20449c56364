"""Saves customer groups."""

from dataclasses import dataclass
from decimal import Decimal

from models.customers import CustomerGroup
from models.rules.access import Permission
from models.rules.pricing import check_rate
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


@dataclass(frozen=True)
class SaveCustomerGroup(Save):
    """A group's fields; UNSET ones stay."""

    name: str | Unset | None = UNSET
    discount_rate: Decimal | Unset | None = UNSET


@use_case(Permission.CUSTOMERS_WRITE)
async def save_customer_group(work: Work, command: SaveCustomerGroup) -> CustomerGroup:
    """The saved group; without an id a new one.

    Raises:
        Refused: a missing or taken name, a discount that is not 0 to 1.
        VersionConflict: it has changed since the caller read it.
    """
    group = await row_to_save(work, CustomerGroup, command)
    if command.is_new or given(command.name):
        await set_unique(work, group, "name", text(command.name, "name", 200))
    if not isinstance(command.discount_rate, Unset):
        discount_rate = command.discount_rate or Decimal(0)
        group.discount_rate = check_rate(discount_rate, "A discount rate", "discountRate")
    await group.save(force_create=command.is_new, using_db=work.connection)
    return group
