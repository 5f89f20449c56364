"""Saves suppliers."""

from dataclasses import dataclass
from decimal import Decimal

from models.catalog import Supplier
from models.rules.access import Permission
from models.rules.errors import invalid
from models.rules.events import SubjectKind
from models.rules.text import fold, key
from services.use_case import use_case
from services.work import search
from services.work.inputs import amount
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


@dataclass(frozen=True)
class SaveSupplier(Save):
    """A supplier's fields; UNSET ones stay, None clears."""

    code: str | Unset | None = UNSET
    name: str | Unset | None = UNSET
    email: str | Unset | None = UNSET
    lead_time_days: int | Unset | None = UNSET
    minimum_order: Decimal | Unset | None = UNSET


@use_case(Permission.CATALOG_WRITE)
async def save_supplier(work: Work, command: SaveSupplier) -> Supplier:
    """The saved supplier; without an id a new one, whose code defaults to its name.

    Raises:
        Refused: a missing name, a taken code, a lead time below 0, a minimum that is no amount.
        VersionConflict: it has changed since the caller read it.
    """
    supplier = await row_to_save(work, Supplier, command)
    if command.is_new or given(command.name):
        supplier.name = text(command.name, "name", 200)
        supplier.sort_name = fold(supplier.name)[:200]
    named = optional_code(command.code, "code", 64)
    if command.is_new or named:
        await set_unique(work, supplier, "code", named or key(supplier.name)[:64])
    if given(command.email):
        supplier.email = optional_code(command.email, "email", 254)
    if isinstance(command.lead_time_days, int):
        if not 0 <= command.lead_time_days <= 1_000:
            raise invalid("A lead time is 0 to 1000 days.", "leadTimeDays")
        supplier.lead_time_days = command.lead_time_days
    if not isinstance(command.minimum_order, Unset):
        supplier.minimum_order_minor = (
            amount(command.minimum_order, work.policy.currency, "minimumOrder")
            if command.minimum_order is not None
            else None
        )
    await supplier.save(force_create=command.is_new, using_db=work.connection)
    found_by = {"name": supplier.name, "code": supplier.code}
    words = search.tokens(SubjectKind.SUPPLIER, supplier.id, found_by)
    await search.replace(work, supplier.id, words)
    return supplier
