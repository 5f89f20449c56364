"""Saves customers."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from email_validator import EmailNotValidError, validate_email

from models.customers import Customer, CustomerAddress, CustomerGroup, CustomerTag
from models.rules.access import Permission
from models.rules.errors import invalid, not_found
from models.rules.events import EventKind, SubjectKind
from models.rules.text import fold, phone_key
from services.aggregates.addresses import Address, address_row, check_address
from services.use_case import use_case
from services.work import numbering, search
from services.work.events import record
from services.work.numbering import CUSTOMER_PATTERN
from services.work.references import ExternalKey, refer
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

MAX_TAGS: Final = 50


@dataclass(frozen=True)
class SaveCustomer(Save):
    """A customer's fields; UNSET ones stay, None clears."""

    code: str | Unset | None = UNSET
    name: str | Unset | None = UNSET
    email: str | Unset | None = UNSET
    phone: str | Unset | None = UNSET
    group_id: UUID | Unset | None = UNSET
    tags: tuple[str, ...] | Unset | None = UNSET
    preferences: dict[str, Any] | Unset | None = UNSET
    addresses: tuple[Address, ...] | Unset | None = UNSET
    external_key: ExternalKey | Unset | None = UNSET


@use_case(Permission.CUSTOMERS_WRITE)
async def save_customer(work: Work, command: SaveCustomer) -> Customer:
    """The saved customer. Without an id a new one, which gets the next code unless one is given.

    Raises:
        Refused: a missing name, a taken code, an invalid e-mail address, an unknown group.
        VersionConflict: it has changed since the caller read it.
    """
    customer = await row_to_save(work, Customer, command)
    before = {name: getattr(customer, name, None) for name in ("code", "name", "email", "phone")}
    await _apply(work, customer, command)
    changed = [name for name, value in before.items() if getattr(customer, name) != value]
    record(
        work, customer, EventKind.CUSTOMER_UPDATED, data={"fields": changed, "new": command.is_new}
    )
    await customer.save(force_create=command.is_new, using_db=work.connection)
    if isinstance(command.addresses, tuple) or command.addresses is None:
        await _replace_addresses(work, customer, command.addresses or ())
    if not isinstance(command.tags, Unset):
        # unscoped: all tags of the customer that is saved
        await CustomerTag.filter(customer_id=customer.id).using_db(work.connection).delete()
        await work.insert([CustomerTag(customer_id=customer.id, tag=tag) for tag in customer.tags])
    if isinstance(command.external_key, ExternalKey):
        path = ("externalRef",)
        await refer(work, SubjectKind.CUSTOMER, customer.id, command.external_key, path)
    words = search.tokens(SubjectKind.CUSTOMER, customer.id, search.customer_texts(customer))
    await search.replace(work, customer.id, words)
    return customer


async def _apply(work: Work, customer: Customer, command: SaveCustomer) -> None:
    """Sets the given fields."""
    if command.is_new or given(command.name):
        customer.name = text(command.name, "name", 200)
        customer.sort_name = fold(customer.name)[:200]
    code = optional_code(command.code, "code", 64)
    if command.is_new or code:
        await set_unique(work, customer, "code", code or await _next_code(work))
    if given(command.email):
        customer.email = _email(optional_code(command.email, "email", 254))
        customer.email_key = customer.email.lower() if customer.email else None
    if given(command.phone):
        customer.phone = optional_code(command.phone, "phone", 64)
        customer.phone_key = phone_key(customer.phone)
    if not isinstance(command.group_id, Unset):
        customer.group_id = await _group(work, command.group_id)
    if not isinstance(command.tags, Unset):
        customer.tags = _tags(command.tags or ())
    if not isinstance(command.preferences, Unset):
        customer.preferences = command.preferences or {}


async def _next_code(work: Work) -> str:
    """The next customer code that is not in use."""
    while True:
        code = await numbering.gapless(work.connection, "customer", CUSTOMER_PATTERN, work.today)
        # unscoped: a code is unique among all customers
        if not await Customer.filter(code=code).using_db(work.connection).exists():
            return code


def _email(address: str | None) -> str | None:
    if address is None:
        return None
    try:
        return validate_email(address, check_deliverability=False).normalized
    except EmailNotValidError:
        raise invalid("This is not an e-mail address.", "email") from None


async def _group(work: Work, group_id: UUID | None) -> UUID | None:
    if group_id is None:
        return None
    if not await work.rows(CustomerGroup).filter(id=group_id).exists():
        raise not_found("There is no such group.", "groupId")
    return group_id


def _tags(tags: tuple[str, ...]) -> list[str]:
    cleaned = [text(tag, "tags", 64) for tag in tags]
    if len(cleaned) > MAX_TAGS:
        raise invalid(f"At most {MAX_TAGS} tags.", "tags")
    return list(dict.fromkeys(cleaned))


async def _replace_addresses(
    work: Work, customer: Customer, addresses: tuple[Address, ...]
) -> None:
    most = work.policy.max_addresses
    if len(addresses) > most:
        raise invalid(f"At most {most} addresses.", "addresses")
    checked = [
        check_address(address, "addresses", str(index)) or {}
        for index, address in enumerate(addresses)
    ]
    # unscoped: all addresses of the customer that is saved
    await CustomerAddress.filter(customer_id=customer.id).using_db(work.connection).delete()
    await work.insert(
        [
            address_row(kept, customer_id=customer.id, position=position, created_at=work.now)
            for position, kept in enumerate(checked)
        ]
    )
