"""The demo's customers: who they are, where they live, and what they are allowed to owe."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from models.customers import Customer, CustomerAddress, CustomerTag
from models.rules.customers import CreditRating
from models.rules.events import EventKind, SubjectKind
from models.rules.text import fold, phone_key
from services.aggregates.addresses import address_row, snapshot
from services.demo.company import Company, index_words, postal_address
from services.demo.dice import Dice
from services.demo.journal import SALES, Journal
from services.demo.numbers import Numbers
from services.demo.rows import Rows
from services.demo.words import (
    BUSINESS_KINDS,
    BUSINESS_NAMES,
    FIRST_NAMES,
    LAST_NAMES,
    PLACES,
    Place,
)
from services.work import search
from services.work.numbering import CUSTOMER_PATTERN

RATINGS: Final = (
    (CreditRating.A, 4),
    (CreditRating.B, 5),
    (CreditRating.C, 3),
    (CreditRating.D, 1),
    (CreditRating.UNRATED, 2),
)
CREDIT_LIMITS: Final = {
    CreditRating.A: 2_500_000,
    CreditRating.B: 1_000_000,
    CreditRating.C: 300_000,
    CreditRating.D: 50_000,
    CreditRating.UNRATED: None,
}


@dataclass(frozen=True, slots=True)
class Buyer:
    """A customer with the address that their orders go to."""

    customer: Customer
    address: dict[str, Any]
    is_business: bool


@dataclass(frozen=True, slots=True)
class Reception:
    """Where customers are welcomed and their rows kept."""

    company: Company
    dice: Dice
    rows: Rows
    journal: Journal
    numbers: Numbers

    def welcome(self, at: datetime) -> Buyer:
        """A new customer, with one address or two."""
        is_business = self.dice.happens(0.35)
        place = self.dice.one(PLACES)
        customer = self._customer(at, place, is_business)
        addresses = [
            self._address(customer, position, self.dice.one(PLACES) if position else place, at)
            for position in range(2 if self.dice.happens(0.2) else 1)
        ]
        told = {"fields": ["code", "email", "name", "phone"], "new": True}
        self.journal.record(at, SALES, customer, EventKind.CUSTOMER_UPDATED, told)
        tags = [
            CustomerTag(id=self.dice.id_at(at), customer_id=customer.id, tag=tag)
            for tag in customer.tags
        ]
        for row in (customer, *addresses, *tags):
            self.rows.add_model(row)
        words = search.tokens(SubjectKind.CUSTOMER, customer.id, search.customer_texts(customer))
        index_words(self.rows, self.dice, at, words)
        return Buyer(customer, snapshot(addresses[0]), is_business)

    def _customer(self, at: datetime, place: Place, is_business: bool) -> Customer:
        dice = self.dice
        code = self.numbers.take("customer", CUSTOMER_PATTERN, at)
        person = f"{dice.one(FIRST_NAMES)} {dice.one(LAST_NAMES)}"
        name = f"{dice.one(BUSINESS_KINDS)} {dice.one(BUSINESS_NAMES)}" if is_business else person
        mailbox = fold(name).replace(" ", ".").replace("'", "")
        mailbox = mailbox if mailbox.isascii() else "customer"
        rating = dice.weighted(RATINGS)
        # Retail and Friends are for people, Gastronomy and Partner for businesses.
        private, trade = self.company.groups[:2], self.company.groups[2:]
        return Customer(
            id=dice.id_at(at),
            code=code,
            name=name,
            sort_name=fold(name),
            email=f"{mailbox}.{code.lower()}@mail.example",
            email_key=f"{mailbox}.{code.lower()}@mail.example",
            phone=(phone := f"{place.dial} {dice.between(10**6, 10**7 - 1)}"),
            phone_key=phone_key(phone),
            group_id=dice.one(trade if is_business else private).id,
            tags=["wholesale"] if is_business else [],
            preferences={"newsletter": dice.happens(0.4)},
            credit_rating=rating,
            credit_limit_minor=CREDIT_LIMITS[rating],
            terms_days=dice.one((14, 30, 30, 45)) if is_business else 14,
            created_at=at,
            updated_at=at,
        )

    def _address(
        self, customer: Customer, position: int, place: Place, at: datetime
    ) -> CustomerAddress:
        kept = postal_address(self.dice, place, customer.name)
        return address_row(
            kept,
            id=self.dice.id_at(at),
            customer_id=customer.id,
            position=position,
            created_at=at,
        )
