"""Order inputs drawn at random, and a company that has one of each case for them."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from models.customers import Customer
from models.inventory import StockItem
from models.rules.access import OPEN, SYSTEM
from models.rules.catalog import BackorderPolicy
from models.rules.money import Rounding
from resolvers.identifiers import to_global
from services.catalog.suppliers import SaveSupplier, save_supplier
from services.customers.groups import SaveCustomerGroup, save_customer_group
from services.customers.save import SaveCustomer, save_customer
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.place import draft_order
from services.payments.rates import Quote, save_rates
from services.work import clock, policy
from tests.support.trade import NOON, Trade, open_trade

LATER: Final = NOON + timedelta(hours=1)
"""When people order: what drafts held at noon is held too long by then."""

SKUS: Final = ("TEA", "POT", "OIL", "SALT", "LATE", "NEXT", "DUE")
HELD: Final = ("LATE", "NEXT", "DUE")
"""Products of which drafts hold some whose time is over; for NEXT and DUE somebody waits."""

FOREIGN: Final = ("YEN", "FILS", "RAPPEN")
"""Products in JPY, KWD and CHF, of which only CHF has no rate."""

ADDRESS: Final = {"name": "Ada", "lines": ["Kai 1"], "city": "Hamburg", "countryCode": "DE"}
RATES: Final = ("0", "0.05", "0.125", "0.333333", "1")


@dataclass(frozen=True)
class Market:
    """The company; its customers' ids by their codes."""

    trade: Trade
    customers: dict[str, str]

    async def restock(self) -> None:
        """What drafts hold too long, and more of all that is sold."""
        for sku in ("TEA", "POT", "OIL", *HELD):
            await self.trade.adjust(sku, 25)
        with clock.frozen(NOON):
            wishes = tuple(NewLine(sku, 15) for sku in HELD)
            until = NOON + timedelta(minutes=15)
            ada = self.trade.customer_id
            await draft_order(OPEN, PlaceOrder(ada, wishes, reserve_until=until))

    async def wait(self) -> None:
        """Somebody waits for all that there is of NEXT and DUE, and for some more."""
        for sku in ("NEXT", "DUE"):
            items = await StockItem.filter(product__sku=sku)
            units = sum(max(0, item.balance.available) for item in items)
            await self.trade.place((sku, units + 5))


async def open_market() -> Market:
    """The company, in the database that is open."""
    trade = await open_trade()
    sid = await save_supplier(OPEN, SaveSupplier(code="SID", name="Sid", lead_time_days=5))
    waits = {"supplier_id": sid.id, "backorder": BackorderPolicy.ALLOW}
    awaited = {"supplier_id": sid.id, "backorder": BackorderPolicy.UNTIL_EXPECTED}
    await _product(trade, "TEA", "2.50", "0.07", near=40, far=30)
    await _product(trade, "POT", "19.99", "0.19", near=15, far=25, **waits)
    await _product(trade, "OIL", "3.33", "0.19", near=20, price_quantity=12, **awaited)
    alone = {"price_quantity": 1_000, "backorder": BackorderPolicy.ALLOW}
    await _product(trade, "SALT", "0.85", "0", near=9_000, **alone)
    await _product(trade, "OLD", "5.00", "0.19", near=9, discontinued=True)
    await _product(trade, "LATE", "7.77", "0.255", near=10)
    await _product(trade, "NEXT", "1.05", "0.07", near=10, far=3, **waits)
    await _product(trade, "DUE", "11.11", "0.07", near=10, **awaited)
    await _product(trade, "YEN", "980", "0.1", near=900, currency="JPY", **waits)
    await _product(trade, "FILS", "1.005", "0.05", near=900, currency="KWD")
    await _product(trade, "RAPPEN", "4.05", "0.081", near=900, currency="CHF")
    await StockItem.filter(product__sku__in=["OIL", "DUE"]).update(incoming=12)
    await StockItem.filter(product__sku="POT").update(safety_stock=2)
    quotes = [("JPY", "0.00613"), ("KWD", "2.98")]
    await save_rates(
        SYSTEM, [Quote(date(2026, 1, 1), code, Decimal(rate)) for code, rate in quotes]
    )
    market = Market(trade, await _customers(trade.customer_id))
    await market.restock()
    await market.wait()
    return market


async def _product(trade: Trade, sku: str, price: str, tax: str, **fields: Any) -> None:
    await trade.product(sku, price=Decimal(price), tax_rate=Decimal(tax), **fields)


async def _customers(ada: UUID) -> dict[str, str]:
    """ADA has no limit, BOB and MAX a low one, EVE is blocked, GUS has a discount."""
    group = await save_customer_group(
        OPEN, SaveCustomerGroup(name="Cafés", discount_rate=Decimal("0.125"))
    )
    found = {"ADA": ada}
    for code in ("BOB", "MAX", "EVE", "GUS"):
        found[code] = (await save_customer(OPEN, SaveCustomer(code=code, name=code.title()))).id
    limited = Customer.filter(code__in=["BOB", "MAX"])
    await limited.update(credit_limit_minor=30_000)
    await Customer.filter(code="EVE").update(blocked=True)
    await Customer.filter(code="GUS").update(group_id=group.id)
    return {code: to_global("Customer", key) for code, key in found.items()}


Input = dict[str, Any]
Oddity = Callable[[random.Random, Input], object]

ODDITIES: Final[tuple[Oddity, ...]] = (
    lambda dice, wish: wish["lines"].append({"sku": "NONE", "quantity": dice.randint(0, 1)}),
    lambda _, wish: wish["lines"].insert(0, {"sku": "OLD", "quantity": 1}),
    lambda dice, wish: dice.choice(wish["lines"]).update(quantity=0),
    lambda dice, wish: dice.choice(wish["lines"]).update(discountRate="1.5"),
    lambda dice, wish: dice.choice(wish["lines"]).update(unitPrice="1.00001"),
    lambda dice, wish: dice.choice(wish["lines"]).update(unitPrice="-1"),
    lambda dice, wish: dice.choice(wish["lines"]).update(sku=None),
    lambda dice, wish: dice.choice(wish["lines"]).update(sku="A" * 80),
    lambda dice, wish: dice.choice(wish["lines"]).update(sku=dice.choice(FOREIGN)),
    lambda dice, wish: dice.choice(wish["lines"]).update(quantity=2**31 - 1),
    lambda _, wish: wish.update(lines=[]),
    lambda dice, wish: wish.update(customerId=dice.choice(["x", to_global("Order", UUID(int=1))])),
    lambda _, wish: wish.update(customerId=to_global("Customer", UUID(int=1))),
    lambda dice, wish: wish.update(channel=dice.choice(["", "a b", "c" * 33])),
    lambda dice, wish: wish.update(currencyCode=dice.choice(["USD", "XXQ", "JPY"])),
    lambda _, wish: wish.update(shipping="-0.01"),
    lambda _, wish: wish.update(shipping="0.001"),
    lambda _, wish: wish.update(shippingTaxRate="1.01"),
    lambda _, wish: wish.update(reserveUntil="2026-03-10T12:00:00Z"),
    lambda _, wish: wish.update(note="n" * 10_001),
    lambda _, wish: wish.update(attributes=[1]),
    lambda _, wish: wish.update(externalRef={"system": "shop", "key": "1"}),
    lambda _, wish: wish.update(externalRef={"system": " ", "key": "1"}),
    lambda _, wish: wish.update(billingAddress=ADDRESS | {"countryCode": "Germany"}),
)
"""What is wrong with an input, each done to it."""


def drawn(dice: random.Random, market: Market) -> Input:
    """What somebody asks to order, mostly of what is sold in euros; now and then it is odd."""
    skus = SKUS if dice.random() < 0.85 else (dice.choice(FOREIGN),)
    wish: Input = {
        "customerId": market.customers[dice.choice(("ADA", "ADA", "BOB", "MAX", "EVE", "GUS"))],
        "lines": [_line(dice, dice.choice(skus)) for _ in range(dice.randint(1, 6))],
    }
    if dice.random() < 0.6:
        wish["shipping"] = dice.choice(["4.90", "0.05", "12", "0"]) if skus is SKUS else "5"
    if dice.random() < 0.3:
        wish["shippingTaxRate"] = dice.choice(RATES)
    if dice.random() < 0.2:
        wish |= {"channel": "web", "promisedAt": "2026-05-01T12:00:00Z", "note": "Ring twice."}
    if dice.random() < 0.2:
        wish["externalRef"] = {"system": "shop", "key": str(dice.randint(1, 99))}
    if dice.random() < 0.2:
        wish["shippingAddress"] = ADDRESS
    for _ in range(dice.choice((0, 0, 0, 0, 0, 1, 1, 2))):
        if wish["lines"]:
            dice.choice(ODDITIES)(dice, wish)
    return wish


def _line(dice: random.Random, sku: str) -> Input:
    units = (
        10 ** dice.choice((0, 1, 1, 1, 3)) if sku in ("SALT", "OIL") else dice.choice((3, 9, 30))
    )
    line: Input = {"sku": sku, "quantity": dice.randint(1, units)}
    if dice.random() < 0.25:
        line["unitPrice"] = str(dice.randint(0, 40))
    if dice.random() < 0.25:
        line["discountRate"] = dice.choice(RATES)
    return line


@contextmanager
def drawn_policy(dice: random.Random) -> Iterator[None]:
    """Within the block the operator decided by the dice about rounding, freight and time zone."""
    usual = policy.current()
    policy.use(
        replace(
            usual,
            rounding=dice.choice(list(Rounding)),
            freight_tax=dice.choice(("goods", "goods", "none", "0.19")),
            time_zone=dice.choice(("UTC", "Pacific/Kiritimati")),
        )
    )
    try:
        yield
    finally:
        policy.use(usual)
