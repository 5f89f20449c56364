"""A filter means the same orders in a list, where SQL reads it, and in a stream, where we do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final
from uuid import UUID

from models.columns import new_id
from models.customers import Customer
from models.fulfillment import Shipment
from models.inventory import Reservation, StockItem
from models.orders import Order, OrderLine
from models.references import ExternalRef, SearchToken
from models.rules.access import OPEN
from models.rules.delays import sortable
from models.rules.events import SubjectKind
from models.rules.money import comparable
from models.rules.order_filter import (
    AmountMatch,
    OrderFilter,
    Reference,
    TextMatch,
    TimeRange,
    matches,
    needed_facts,
)
from models.rules.order_states import (
    FulfillmentStatus,
    Milestone,
    OrderStatus,
    PaymentStatus,
    ReturnStatus,
)
from models.rules.shipment_states import ShipmentStatus
from models.rules.text import clean
from resolvers.filters.orders import to_query
from resolvers.loaders.facts import facts_now
from services.catalog.products import SaveProduct, save_product
from services.customers.save import SaveCustomer, save_customer
from services.inventory.adjust import ChangeStock, adjust_stock
from services.inventory.warehouses import SaveWarehouse, save_warehouse
from services.work import search
from tests.support.databases import Database

NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAYS: Final = [NOW + timedelta(days=days) for days in (-2, -1, 0, 1, 2)]
NUMBERS: Final = ["SO-1", "so-1", "SO-1%", "SO_1", "SOX1", "Größe 10", "grosse 10", "Ａ-1", "SO-10"]
SKUS: Final = ["CUP", "cup", "C_P", "CÜP", "CUP 2"]
COUNTRIES: Final = ["DE", "FR", None]
CHANNELS: Final = ["web", "shop", "Web"]
AMOUNTS: Final = [Decimal(text) for text in ("0", "1", "9.99", "10", "10.005", "10.01", "1000")]
MINORS: Final = [0, 1, 100, 999, 1000, 1001, 10005, 100000]

FILTERS: Final = 600


def _order(dice: Random, index: int, customer_id: UUID) -> Order:
    placed = dice.choice([None, *DAYS])
    total, balance = dice.choice(MINORS), dice.choice([-1, -1000, *MINORS])
    currency = dice.choice(["EUR", "JPY", "KWD", "CLF"])
    promised, due = dice.choice([None, *DAYS]), dice.choice([None, *DAYS])
    return Order(
        id=new_id(),
        number=NUMBERS[index] if index < len(NUMBERS) else f"SO-2-{index}",
        channel=dice.choice(CHANNELS),
        customer_id=customer_id,
        currency=currency,
        status=dice.choice(list(OrderStatus)),
        fulfillment_status=dice.choice(list(FulfillmentStatus)),
        payment_status=dice.choice(list(PaymentStatus)),
        return_status=dice.choice(list(ReturnStatus)),
        has_shipment=dice.random() < 0.5,
        promised_at=promised,
        sort_promised=sortable(promised),
        placed_at=placed,
        sorted_at=placed or NOW,
        created_at=NOW,
        updated_at=dice.choice(DAYS),
        stage_due_at=due,
        sort_due=sortable(due),
        balance_minor=balance,
        sort_total=comparable(total, currency),
        sort_balance=comparable(balance, currency),
        line_count=1,
        subtotal_net_minor=total,
        subtotal_tax_minor=0,
        discount_minor=0,
        shipping_net_minor=0,
        shipping_tax_minor=0,
        total_net_minor=total,
        total_tax_minor=0,
        total_gross_minor=total,
        shipping_country=dice.choice(COUNTRIES),
    )


class _Orders:
    """Forty orders that differ in all that a filter may ask."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.customers: list[UUID] = []
        self.items: list[StockItem] = []
        self.orders: list[Order] = []

    async def make(self) -> None:
        for code in ("A", "B"):
            customer: Customer = await save_customer(OPEN, SaveCustomer(code=code, name=code))
            self.customers.append(customer.id)
        product = await save_product(
            OPEN, SaveProduct(sku="P", name="P", price=Decimal(1), currency="EUR")
        )
        for code in ("N", "S", "W"):
            warehouse = await save_warehouse(OPEN, SaveWarehouse(code=code, name=code))
            change = ChangeStock("P", warehouse.id, "arrived", delta=1000)
            self.items += await adjust_stock(OPEN, (change,))
        for index in range(40):
            order = _order(self.dice, index, self.dice.choice(self.customers))
            await order.save(force_create=True)
            self.orders.append(order)
            await self._belongings(order, product.id)

    async def _belongings(self, order: Order, product_id: UUID) -> None:
        tokens = search.tokens(SubjectKind.ORDER, order.id, {"number": order.number})
        await SearchToken.bulk_create(tokens)
        for position, sku in enumerate(self.dice.sample(SKUS, self.dice.randint(0, 2))):
            line = await OrderLine.create(
                order_id=order.id,
                position=position,
                product_id=product_id,
                sku=sku,
                name=sku,
                quantity=1,
                currency=order.currency,
                unit_price_minor=1,
                net_minor=1,
                tax_minor=0,
            )
            if self.dice.random() < 0.5:
                await Reservation.create(
                    order_line_id=line.id,
                    stock_item_id=self.dice.choice(self.items).id,
                    quantity=1,
                    created_at=NOW,
                )
        if self.dice.random() < 0.3:
            await Shipment.create(
                number=f"{order.id.hex}-1",
                order_id=order.id,
                warehouse_id=self.dice.choice(self.items).warehouse_id,
                status=ShipmentStatus.PENDING,
                created_at=NOW,
                updated_at=NOW,
            )
        if self.dice.random() < 0.3:
            await ExternalRef.create(
                subject_kind=SubjectKind.ORDER, subject_id=order.id, system="erp", key=order.number
            )


def _some(dice: Random, values: list[Any]) -> tuple[Any, ...]:
    return tuple(dice.sample(values, dice.randint(0, 2)))


def _text(dice: Random, texts: list[str], words: bool) -> TextMatch:
    """Condition on a text: one or two of its operations."""
    made: dict[str, Any] = {}
    for name in dice.sample(["eq", "in_", "starts_with", *(["words"] if words else [])], 2):
        text = clean(dice.choice(texts))
        cut = text[: dice.randint(0, len(text))]
        made[name] = {"eq": text, "in_": (text, "other"), "starts_with": cut, "words": cut}[name]
        if dice.random() < 0.6:
            break
    return TextMatch(**made)


def _amounts(dice: Random) -> AmountMatch:
    """Conditions on an amount: eq, gte and lt, most of them none."""
    wanted = [None, None, Decimal("-0.01"), Decimal(-10), *AMOUNTS]
    return AmountMatch(*(dice.choice(wanted) for _ in range(3)))


def _range(dice: Random) -> TimeRange:
    return TimeRange(dice.choice([None, *DAYS]), dice.choice([None, *DAYS]))


def _leaf(dice: Random, orders: _Orders) -> OrderFilter:
    makers: dict[str, Callable[[], Any]] = {
        "number": lambda: _text(dice, NUMBERS, words=True),
        "status": lambda: _some(dice, list(OrderStatus)),
        "fulfillment": lambda: _some(dice, list(FulfillmentStatus)),
        "payment": lambda: _some(dice, list(PaymentStatus)),
        "customer_id": lambda: dice.choice([*orders.customers, new_id()]),
        "channel": lambda: _some(dice, CHANNELS),
        "placed_at": lambda: _range(dice),
        "total": lambda: _amounts(dice),
        "balance": lambda: _amounts(dice),
        "updated_at": lambda: _range(dice),
        "promised_at": lambda: _range(dice),
        "stage_due_at": lambda: _range(dice),
        "return_status": lambda: _some(dice, list(ReturnStatus)),
        "milestone": lambda: _some(dice, list(Milestone)),
        "is_delayed": lambda: dice.random() < 0.5,
        "sku": lambda: _text(dice, SKUS, words=False),
        "country": lambda: _some(dice, ["DE", "FR", "US"]),
        "warehouse_id": lambda: dice.choice(orders.items).warehouse_id,
        "external_ref": lambda: Reference(" erp ", dice.choice(orders.orders).number),
    }
    assert makers.keys() == set(OrderFilter.__slots__) - {"all_of", "any_of", "none_of"}
    names = dice.sample(sorted(makers), dice.choice([0, 1, 1, 1, 2]))
    return OrderFilter(**{name: makers[name]() for name in names})


def _filter(dice: Random, orders: _Orders, depth: int) -> OrderFilter:
    own = _leaf(dice, orders)
    if depth == 0:
        return own
    parts: dict[str, Any] = {}
    if dice.random() < 0.5:
        parts["all_of"] = tuple(_filter(dice, orders, depth - 1) for _ in range(2))
    if dice.random() < 0.5:
        count = dice.randint(0, 2)
        parts["any_of"] = tuple(_filter(dice, orders, depth - 1) for _ in range(count))
    if dice.random() < 0.5:
        parts["none_of"] = _filter(dice, orders, depth - 1)
    values = {name: getattr(own, name) for name in OrderFilter.__slots__} | parts
    return OrderFilter(**values)


async def test_lists_and_streams_agree_on_every_filter(database: Database) -> None:
    dice = Random(1789)
    orders = _Orders(dice)
    await orders.make()
    filters = [_filter(dice, orders, depth) for depth in [0, 0, 1, 2] * (FILTERS // 4)]
    names = frozenset().union(*(needed_facts(wanted) for wanted in filters))
    facts = {order.id: await facts_now(OPEN, order, names) for order in orders.orders}
    sizes = set()
    for wanted in filters:
        listed = {order.id for order in await Order.filter(to_query(OPEN, wanted, NOW))}
        needed = needed_facts(wanted)
        streamed = {
            key
            for key, known in facts.items()
            if matches(wanted, {name: known[name] for name in needed}, NOW)
        }
        assert listed == streamed, wanted
        sizes.add(len(listed))
    assert len(sizes) > 20, "filters that find all or nothing prove little"
