"""Credit terms of a customer: limit, block and payment terms."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from models.customers import Customer
from models.rules.access import Permission
from models.rules.customers import CreditRating
from models.rules.errors import invalid
from models.rules.events import EventKind
from services.use_case import use_case
from services.work.events import record
from services.work.inputs import amount
from services.work.upserts import lock_for_save
from services.work.work import Work

MAX_TERMS_DAYS: Final = 3_650


@dataclass(frozen=True)
class SetCredit:
    """A customer's credit limit, a decimal in the company's currency; None is no limit.

    A missing `blocked` leaves it unchanged.
    """

    customer_id: UUID
    version: int
    rating: CreditRating
    limit: Decimal | None
    terms_days: int
    blocked: bool | None = None


@use_case(Permission.CREDIT_WRITE)
async def set_credit(work: Work, command: SetCredit) -> Customer:
    """The customer with the new credit terms. The credit used may exceed the new limit.

    Raises:
        Refused: no such customer, a limit that is no amount, terms below 0 or above 3,650 days.
        VersionConflict: the customer has changed since the caller read it.
    """
    customer = await lock_for_save(work, Customer, command.customer_id, command.version)
    if not 0 <= command.terms_days <= MAX_TERMS_DAYS:
        raise invalid(f"Terms are 0 to {MAX_TERMS_DAYS} days.", "termsDays")
    customer.credit_limit_minor = (
        None if command.limit is None else amount(command.limit, work.policy.currency, "limit")
    )
    customer.credit_rating = command.rating
    customer.terms_days = command.terms_days
    if command.blocked is not None:
        customer.blocked = command.blocked
    work.relieved.add(customer.id)
    record(work, customer, EventKind.CUSTOMER_UPDATED, data={"fields": ["credit"]})
    changed = ("credit_limit_minor", "credit_rating", "terms_days", "blocked")
    await customer.save(
        update_fields=[*changed, "version", "updated_at", "event_seq"], using_db=work.connection
    )
    return customer
