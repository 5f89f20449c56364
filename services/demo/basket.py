"""What the demo's customers put into their orders."""

from bisect import bisect
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Final
from uuid import UUID

from models.catalog import Product
from models.orders import Order, OrderLine
from models.rules.numbering import NumberKind
from models.rules.order_states import (
    FulfillmentStatus,
    OrderStatus,
    PaymentStatus,
    ReturnStatus,
)
from services.aggregates.amounts import totals_of
from services.demo.case import Case, Office
from services.demo.company import Company
from services.demo.people import Buyer
from services.demo.rows import made
from services.demo.words import NOTES

LINES: Final = ((1, 36), (2, 28), (3, 18), (4, 9), (5, 5), (8, 3), (12, 1))
MEAN_LINES: Final = sum(lines * weight for lines, weight in LINES) / 100
CHANNELS: Final = (("web", 6), ("shop", 2), ("phone", 1), ("default", 1))
FREE_SHIPPING_FROM_MINOR: Final = 10_000
SHIPPING_MINOR: Final = 590
LAST_SALE: Final = timedelta(days=90)
"""What goes out of the catalog is not sold in the last days of the history."""


@dataclass(slots=True)
class Shop:
    """Fills baskets from what the company sells; `end` is when the history ends."""

    company: Company
    office: Office
    end: datetime
    discounts: dict[UUID, Decimal] = field(init=False)
    popularity: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.discounts = {group.id: group.discount_rate for group in self.company.groups}
        self.popularity = list(accumulate(self.company.popularity))

    def order(self, at: datetime, buyer: Buyer, chosen: list[tuple[Product, int]] | None) -> Case:
        """A new order of the buyer: of the chosen products and portions, or of their own mind."""
        dice, customer = self.office.dice, buyer.customer
        channel = dice.weighted(CHANNELS)
        pattern = self.office.numbers.policy.order_number_pattern
        order = made(
            Order,
            id=dice.id_at(at),
            number=self.office.numbers.take(NumberKind.ORDER, pattern, at, channel),
            channel=channel,
            customer_id=customer.id,
            currency=self.office.numbers.policy.currency,
            status=OrderStatus.DRAFT,
            fulfillment_status=FulfillmentStatus.UNFULFILLED,
            payment_status=PaymentStatus.UNPAID,
            return_status=ReturnStatus.NONE,
            placed_at=at,
            sorted_at=at,
            created_at=at,
            updated_at=at,
            promised_at=dice.office_time(at + timedelta(days=dice.between(4, 12))),
            shipping_net_minor=0,
            shipping_tax_minor=0,
            shipping_tax_rule=self.office.numbers.policy.freight_tax,
            rounding=self.office.numbers.policy.rounding,
            shipping_address=buyer.address,
            billing_address=buyer.address,
            shipping_country=buyer.address["countryCode"],
            note=dice.one(NOTES) if dice.happens(0.12) else None,
            attributes={},
        )
        wishes = chosen or self._wishes(at, buyer)
        rate = self.discounts[customer.group_id] if customer.group_id else Decimal(0)
        lines = [
            self._line(order, position, product, portions, rate)
            for position, (product, portions) in enumerate(wishes)
        ]
        if sum(line.net_minor for line in lines) < FREE_SHIPPING_FROM_MINOR:
            order.shipping_net_minor = SHIPPING_MINOR
        return Case(self.office, customer, order, lines)

    def _wishes(self, at: datetime, buyer: Buyer) -> list[tuple[Product, int]]:
        """Products, each once, with how many portions of it."""
        dice = self.office.dice
        wishes: dict[UUID, tuple[Product, int]] = {}
        for _ in range(dice.weighted(LINES)):
            drawn = dice.random.random() * self.popularity[-1]
            product = self.company.products[bisect(self.popularity, drawn)]
            if product.discontinued and at > self.end - LAST_SALE:
                product = self.company.products[0]
            portions = dice.between(1, 4) * (3 if buyer.is_business else 1)
            if self.company.families[product.id].to_order:
                portions = 1
            wishes[product.id] = (product, portions)
        return list(wishes.values())

    def _line(
        self, order: Order, position: int, product: Product, portions: int, rate: Decimal
    ) -> OrderLine:
        line = made(
            OrderLine,
            id=self.office.dice.id_at(order.created_at),
            order_id=order.id,
            position=position,
            product_id=product.id,
            sku=product.sku,
            name=product.name,
            quantity=portions * self.company.families[product.id].portion,
            currency=order.currency,
            unit_price_minor=product.price_minor,
            price_quantity=product.price_quantity,
            unit=product.unit,
            discount_rate=rate,
            tax_rate=product.tax_rate,
        )
        totals = totals_of(line, order.rounding)
        line.net_minor, line.tax_minor = totals.net_minor, totals.tax_minor
        line.discount_minor = totals.discount_minor
        return line
