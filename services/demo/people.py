"""The demo's customers: names, addresses and credit limits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from models.customers import Customer, CustomerTag
from models.rules.customers import CreditRating
from models.rules.events import EventKind, SubjectKind
from models.rules.text import fold, phone_key
from services.aggregates.addresses import address_row, snapshot
from services.demo import words
from services.demo.company import Company, postal_address, stamped
from services.demo.office import SALES, Office
from services.demo.words import Place
from services.storage.rows import fresh
from services.work import search
from services.work.events import record
from services.work.numbering import CUSTOMER_PATTERN

RATINGS: Final = (
    ((CreditRating.A, 2_500_000), 4),
    ((CreditRating.B, 1_000_000), 5),
    ((CreditRating.C, 300_000), 3),
    ((CreditRating.D, 50_000), 1),
    ((CreditRating.UNRATED, None), 2),
)
"""Ratings with their credit limits in minor units, and their weights."""


@dataclass(slots=True)
class Buyer:
    """A customer with the address of their orders.

    `unapproved` asks orders that needed approval whether they still wait for it.
    """

    customer: Customer
    address: dict[str, Any]
    is_business: bool
    unapproved: list[Callable[[], bool]] = field(default_factory=list)


def welcome(office: Office, company: Company) -> Buyer:
    """A new customer with one or two addresses."""
    dice, work = office.dice, office.by(SALES)
    is_business = dice.happens(0.35)
    place = dice.one(words.PLACES)
    customer = _customer(office, company, place, is_business)
    places = [place, dice.one(words.PLACES)] if dice.happens(0.2) else [place]
    addresses = [
        address_row(
            postal_address(dice, each, customer.name),
            customer_id=customer.id,
            position=position,
            created_at=work.now,
        )
        for position, each in enumerate(places)
    ]
    change = {"fields": ["code", "email", "name", "phone"], "new": True}
    record(work, customer, EventKind.CUSTOMER_UPDATED, data=change)
    tags = [fresh(CustomerTag, customer_id=customer.id, tag=tag) for tag in customer.tags]
    office.rows.add(customer, *addresses, *tags)
    texts = search.customer_texts(customer)
    office.rows.add(*search.tokens(SubjectKind.CUSTOMER, customer.id, texts))
    return Buyer(customer, snapshot(addresses[0]), is_business)


def _customer(office: Office, company: Company, place: Place, is_business: bool) -> Customer:
    dice = office.dice
    code = office.number("customer", CUSTOMER_PATTERN)
    person = f"{dice.one(words.FIRST_NAMES)} {dice.one(words.LAST_NAMES)}"
    name = (
        f"{dice.one(words.BUSINESS_KINDS)} {dice.one(words.BUSINESS_NAMES)}"
        if is_business
        else person
    )
    mailbox = fold(name).replace(" ", ".").replace("'", "")
    email = f"{mailbox if mailbox.isascii() else 'customer'}.{code.lower()}@mail.example"
    rating, limit_minor = dice.weighted(RATINGS)
    phone = f"{place.dial} {dice.between(10**6, 10**7 - 1)}"
    # Retail and Friends are for people, Gastronomy and Partner for businesses.
    private, trade = company.groups[:2], company.groups[2:]
    return fresh(
        Customer,
        code=code,
        name=name,
        sort_name=fold(name),
        email=email,
        email_key=email,
        phone=phone,
        phone_key=phone_key(phone),
        group_id=dice.one(trade if is_business else private).id,
        tags=["wholesale"] if is_business else [],
        preferences={"newsletter": dice.happens(0.4)},
        credit_rating=rating,
        credit_limit_minor=limit_minor,
        terms_days=dice.one((14, 30, 30, 45)) if is_business else 14,
        **stamped(office),
    )
