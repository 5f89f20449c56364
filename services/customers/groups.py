"""Saving groups of customers."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from models.columns import new_id
from models.customers import CustomerGroup
from models.rules.access import Permission
from models.rules.pricing import check_rate
from services.use_case import use_case
from services.work.upserts import (
    UNSET,
    Unset,
    given,
    lock_for_save,
    refuse_taken,
    refuse_version_of_new,
    text,
)
from services.work.work import Work


@dataclass(frozen=True)
class SaveCustomerGroup:
    """A group's fields; those left UNSET stay as they are."""

    id: UUID | None = None
    version: int | None = None
    name: str | Unset | None = UNSET
    discount_rate: Decimal | Unset | None = UNSET


@use_case(Permission.CUSTOMERS_WRITE)
async def save_customer_group(work: Work, command: SaveCustomerGroup) -> CustomerGroup:
    """The group as saved; without an id a new one.

    Raises:
        Refused: a missing or taken name, a discount that is not 0 to 1.
        VersionConflict: it has changed since the caller read it.
    """
    new = command.id is None
    if command.id is None:
        refuse_version_of_new(command.version)
        group = CustomerGroup(id=new_id(), created_at=work.now, version=0)
    else:
        group = await lock_for_save(work, CustomerGroup, command.id, command.version)
    if new or given(command.name):
        group.name = text(command.name, "name", 200)
        await refuse_taken(work, CustomerGroup, "name", group.name, group.id, "name")
    if not isinstance(command.discount_rate, Unset):
        discount_rate = command.discount_rate or Decimal(0)
        group.discount_rate = check_rate(discount_rate, "A discount rate", "discountRate")
    group.version += 1
    group.updated_at = work.now
    await group.save(force_create=new, using_db=work.connection)
    return group
