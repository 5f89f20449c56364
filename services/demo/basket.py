"""Random contents of the demo's orders."""

from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Final
from uuid import UUID

from models.catalog import Product
from models.orders import Order, OrderLine
from models.rules.insights import discount_of
from models.rules.numbering import NumberKind
from models.rules.pricing import LinePrice
from services.aggregates.amounts import line_of
from services.aggregates.order_status import BEGINNING
from services.demo.case import Case
from services.demo.company import stamped
from services.demo.people import Buyer
from services.demo.stockroom import Stockroom
from services.demo.words import NOTES
from services.storage.rows import fresh

LINES: Final = ((1, 36), (2, 28), (3, 18), (4, 9), (5, 5), (8, 3), (12, 1))
MEAN_LINES: Final = sum(lines * weight for lines, weight in LINES) / 100
CHANNELS: Final = (("web", 6), ("shop", 2), ("phone", 1), ("default", 1))
FREE_SHIPPING_FROM_MINOR: Final = 10_000
SHIPPING_MINOR: Final = 590
LAST_SALE: Final = timedelta(days=90)
"""Products that leave the catalog are not sold in the last days of the history."""

BasketItems = list[tuple[Product, int]]
"""Products, each once, with their numbers of portions."""


@dataclass(slots=True)
class Shop:
    """Fills baskets from the company's products; `end` is the end of the history.

    `resume` continues an order that waited for goods.
    """

    stockroom: Stockroom
    end: datetime
    resume: Callable[[Case], None]
    discounts: dict[UUID, Decimal] = field(init=False)
    popularity: list[float] = field(init=False)

    def __post_init__(self) -> None:
        company = self.stockroom.company
        self.discounts = {group.id: group.discount_rate for group in company.groups}
        self.popularity = list(accumulate(company.popularity))

    def order(self, buyer: Buyer, chosen: BasketItems | None) -> Case:
        """A new order of the buyer, of chosen products or of random ones."""
        office, customer = self.stockroom.office, buyer.customer
        dice, policy, now = office.dice, office.work.policy, office.work.now
        channel = dice.weighted(CHANNELS)
        order = fresh(
            Order,
            number=office.number(NumberKind.ORDER, policy.order_number_pattern, channel),
            channel=channel,
            customer_id=customer.id,
            currency=policy.currency,
            **BEGINNING,
            placed_at=now,
            sorted_at=now,
            promised_at=dice.office_time(now + timedelta(days=dice.between(4, 12))),
            shipping_net_minor=0,
            shipping_tax_minor=0,
            shipping_tax_rule=policy.freight_tax,
            rounding=policy.rounding,
            shipping_address=buyer.address,
            billing_address=buyer.address,
            shipping_country=buyer.address["countryCode"],
            note=dice.one(NOTES) if dice.happens(0.12) else None,
            **stamped(office),
        )
        of_group = self.discounts[customer.group_id] if customer.group_id else None
        rate = discount_of(customer.lifetime_minor, of_group)
        lines = [
            self._line(order, position, product, portions, rate)
            for position, (product, portions) in enumerate(chosen or self._random_items(buyer))
        ]
        if sum(line.net_minor for line in lines) < FREE_SHIPPING_FROM_MINOR:
            order.shipping_net_minor = SHIPPING_MINOR
        return Case(office, self.stockroom, buyer, order, lines, self.resume)

    def _random_items(self, buyer: Buyer) -> BasketItems:
        dice, company = self.stockroom.office.dice, self.stockroom.company
        items: dict[UUID, tuple[Product, int]] = {}
        for _ in range(dice.weighted(LINES)):
            drawn = dice.random.random() * self.popularity[-1]
            product = company.products[bisect(self.popularity, drawn)]
            if product.discontinued and self.stockroom.office.work.now > self.end - LAST_SALE:
                product = company.products[0]
            portions = dice.between(1, 4) * (3 if buyer.is_business else 1)
            if company.families[product.id].to_order:
                portions = 1
            items[product.id] = (product, portions)
        return list(items.values())

    def _line(
        self, order: Order, position: int, product: Product, portions: int, rate: Decimal
    ) -> OrderLine:
        price = LinePrice(
            quantity=portions * self.stockroom.company.families[product.id].portion,
            unit_price_minor=product.price_minor,
            price_quantity=product.price_quantity,
            discount_rate=rate,
            tax_rate=product.tax_rate,
            rounding=order.rounding,
        )
        goods = self.stockroom.goods[product.id]
        return line_of(order.id, position, goods, price, order.currency, own_price=False)
