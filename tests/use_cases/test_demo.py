"""The demo company is the same each time, in every state, adds up, and can go on trading."""

import hashlib
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import orjson
import pytest

from models.catalog import Product
from models.customers import Customer
from models.events import Event
from models.fulfillment import Return, Shipment
from models.inventory import StockItem
from models.numbering import NumberCounter
from models.orders import Order, OrderLine
from models.payments import Invoice, Payment
from models.references import SearchToken
from models.rules.access import EVERYTHING, SYSTEM, Actor, ActorKind, Permission
from models.rules.errors import Forbidden, Refused
from models.rules.events import EventKind
from models.rules.order_states import (
    FulfillmentStatus,
    OrderAction,
    OrderStatus,
    PaymentStatus,
    ReturnStatus,
)
from models.rules.payment_states import PaymentKind
from models.rules.return_states import ReturnState
from models.rules.shipment_states import ShipmentStatus
from models.tables import TABLES
from services.customers.save import SaveCustomer, save_customer
from services.demo.fill import Summary, fill, is_empty
from services.demo.size import Size
from services.operations.audits.report import Report
from services.operations.audits.stock import verify_stock
from services.orders.act import ActOnOrder, act_on_order
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.place import place_order
from services.storage import database as service
from services.work import clock, policy, search
from services.work.policy import Policy
from tests.support.audit.auditor import audit
from tests.support.databases import Database, Databases, connected

SMALL: Final = Size(customers=30, products=40, warehouses=3, orders=150)
NOW: Final = datetime(2026, 3, 12, 15, 30, tzinfo=UTC)


async def fill_small(seed: int = 7) -> Summary:
    return await fill(SYSTEM, SMALL, seed=seed, now=NOW)


async def digest() -> str:
    """Of every value of every row, the same on every database."""
    found = hashlib.sha256()
    for table in TABLES:
        for row in sorted(
            [orjson.dumps(row, _plain, orjson.OPT_SORT_KEYS) for row in await table.all().values()]
        ):
            found.update(row)
    return found.hexdigest()


def _plain(value: Any) -> str:
    return format(value.normalize(), "f") if isinstance(value, Decimal) else str(value)


async def test_the_same_seed_and_time_make_the_same_rows(
    database: Database, databases: Databases
) -> None:
    """On whatever database, and whenever."""
    first = await fill_small()
    rows = await digest()
    await service.disconnect()
    other = await databases.migrated("sqlite")
    async with connected(other):
        with clock.frozen(NOW + timedelta(days=100)):
            assert await fill_small() == first
        assert await digest() == rows
    await databases.release(other)
    await service.connect(database.url)


async def test_another_seed_makes_another_company(
    sqlite_database: Database, databases: Databases
) -> None:
    await fill_small()
    rows = await digest()
    await service.disconnect()
    other = await databases.migrated("sqlite")
    async with connected(other):
        await fill_small(seed=8)
        assert await digest() != rows
    await databases.release(other)
    await service.connect(sqlite_database.url)


async def test_every_state_can_be_seen(database: Database) -> None:
    await fill_small()
    orders = await Order.all()
    assert {order.status for order in orders} == set(OrderStatus)
    assert {order.fulfillment_status for order in orders} == set(FulfillmentStatus)
    reached = {order.payment_status for order in orders}
    assert reached == set(PaymentStatus) - {PaymentStatus.PARTLY_REFUNDED}
    assert {order.return_status for order in orders} == set(ReturnStatus)
    assert {shipment.status for shipment in await Shipment.all()} == set(ShipmentStatus)
    assert {each.status for each in await Return.all()} == set(ReturnState)
    assert {payment.kind for payment in await Payment.all()} == set(PaymentKind)


async def test_stock_is_what_ledger_and_reservations_say(database: Database) -> None:
    made = await fill_small()
    assert await verify_stock(SYSTEM) == Report(made.stock_items)


async def test_an_audit_finds_nothing(database: Database) -> None:
    await fill(SYSTEM, Size(customers=30, products=40, warehouses=3, orders=600), seed=7, now=NOW)
    assert await audit(database) == []


async def test_every_unit_that_was_ordered_is_somewhere(database: Database) -> None:
    await fill_small()
    for line in await OrderLine.all().select_related("order"):
        units = line.reserved + line.backordered + line.shipped + line.cancelled
        assert units == line.quantity or line.order.status is OrderStatus.DRAFT


async def test_events_are_told_in_the_order_of_time(database: Database) -> None:
    made = await fill_small()
    events = await Event.all().order_by("position")
    assert [event.position for event in events] == list(range(1, made.events + 1))
    assert [event.at for event in events] == sorted(event.at for event in events)


async def test_everything_is_found_by_its_words(database: Database) -> None:
    await fill_small()
    expected: set[tuple[UUID, str, str]] = set()
    for product in await Product.all():
        expected |= {(t.subject_id, t.field, t.token) for t in search.product_tokens(product)}
    for customer in await Customer.all():
        texts = search.customer_texts(customer)
        expected |= {(customer.id, field, word) for field, word in search.words_of(texts)}
    for order in await Order.all():
        texts = search.order_texts(order)
        expected |= {(order.id, field, word) for field, word in search.words_of(texts)}
    rows = await SearchToken.all()
    assert {(row.subject_id, row.field, row.token) for row in rows} == expected


async def test_trade_goes_on_with_fresh_numbers(database: Database) -> None:
    await fill_small()
    numbers = {order.number for order in await Order.all()}
    invoices = {invoice.number for invoice in await Invoice.all()}
    customer = await Customer.filter(blocked=False).order_by("code").first()
    item = await StockItem.all().order_by("-on_hand").select_related("product").first()
    assert customer is not None
    assert item is not None
    with clock.frozen(NOW + timedelta(hours=1)):
        lines = (NewLine(item.product.sku, 2),)
        for channel in ("web", "shop", "phone", "default"):
            placed = await place_order(SYSTEM, PlaceOrder(customer.id, lines, channel))
            assert placed.number not in numbers
            command = ActOnOrder(placed.id, placed.version, OrderAction.SHIP)
            shipped = await act_on_order(SYSTEM, command)
            assert shipped.fulfillment_status is FulfillmentStatus.SHIPPED
            invoice = await Invoice.get(order_id=placed.id)
            assert invoice.number not in invoices
        joined = await save_customer(SYSTEM, SaveCustomer(name="Newcomer"))
    assert joined.code == "C-000031"
    assert await audit(database) == []


async def test_open_orders_of_the_demo_can_be_acted_on(database: Database) -> None:
    await fill_small()
    with clock.frozen(NOW + timedelta(hours=1)):
        held = await Order.get(status=OrderStatus.ON_HOLD)
        await act_on_order(SYSTEM, ActOnOrder(held.id, held.version, OrderAction.RELEASE))
        draft = await Order.get(status=OrderStatus.DRAFT)
        await act_on_order(SYSTEM, ActOnOrder(draft.id, draft.version, OrderAction.SUBMIT))
        for order in await Order.filter(
            status=OrderStatus.CONFIRMED,
            fulfillment_status__in=[FulfillmentStatus.RESERVED, FulfillmentStatus.PREPARING],
        ):
            await act_on_order(SYSTEM, ActOnOrder(order.id, order.version, OrderAction.SHIP))
        for order in await Order.filter(fulfillment_status=FulfillmentStatus.BACKORDERED):
            await act_on_order(SYSTEM, ActOnOrder(order.id, order.version, OrderAction.CANCEL))
    assert await audit(database) == []


async def test_events_tell_what_the_services_tell(sqlite_database: Database) -> None:
    made = await fill_small()
    customer = await Customer.filter(blocked=False).order_by("code").first()
    item = await StockItem.all().order_by("-on_hand").select_related("product").first()
    assert customer is not None
    assert item is not None
    order = PlaceOrder(customer.id, (NewLine(item.product.sku, 2),))
    with clock.frozen(NOW + timedelta(hours=1)):  # later, lots on the shelves have expired
        placed = await place_order(SYSTEM, order)
        await act_on_order(SYSTEM, ActOnOrder(placed.id, placed.version, OrderAction.SHIP))
    shapes: dict[bool, dict[EventKind, set[tuple[str, ...]]]] = {
        early: defaultdict(set) for early in (True, False)
    }
    for event in await Event.all():
        by_demo = (event.position or 0) <= made.events
        shapes[by_demo][event.kind].add(tuple(sorted(event.data)))
    assert shapes[False].keys() == {
        EventKind.ORDER_PLACED,
        EventKind.ORDER_STATUS_CHANGED,
        EventKind.SHIPMENT_STATUS_CHANGED,
        EventKind.STOCK_CHANGED,
    }
    for kind, told in shapes[False].items():
        assert told <= shapes[True][kind]


async def test_a_database_with_rows_is_left_as_it_is(database: Database) -> None:
    await save_customer(SYSTEM, SaveCustomer(name="Somebody"))
    assert not await is_empty()
    rows = await digest()
    with pytest.raises(Refused, match="empty"):
        await fill_small()
    assert await digest() == rows


async def test_numbers_go_on_where_they_were(sqlite_database: Database) -> None:
    """A number that was given out once is not given out again, even if its order is gone."""
    await NumberCounter.create(scope="customer:C-*", value=40)
    assert await is_empty()
    await fill_small()
    assert min(customer.code for customer in await Customer.all()) == "C-000041"
    assert (await NumberCounter.get(scope="customer:C-*")).value == 70


async def test_shipments_and_returns_follow_their_patterns(sqlite_database: Database) -> None:
    usual = policy.current()
    policy.use(Policy(shipment_number_pattern="SH-{seq:5}", return_number_pattern="RT-{seq:2}"))
    try:
        await fill_small()
    finally:
        policy.use(usual)
    for table, prefix, digits in ((Shipment, "SH-", 5), (Return, "RT-", 2)):
        numbers = sorted(each.number for each in await table.all())
        assert numbers == [f"{prefix}{n:0{digits}}" for n in range(1, len(numbers) + 1)]
        scope = f"{table.__name__.lower()}:{prefix}*"
        assert (await NumberCounter.get(scope=scope)).value == len(numbers) > 1


async def test_only_who_may_import_may_fill(sqlite_database: Database) -> None:
    permissions = EVERYTHING - {Permission.IMPORT}
    stranger = Actor(ActorKind.STAFF, "stranger", None, permissions)
    with pytest.raises(Forbidden):
        await fill(stranger, SMALL, seed=1, now=NOW)
    assert await is_empty()


@pytest.mark.parametrize(
    "size", [Size(customers=0), Size(products=10), Size(warehouses=0), Size(orders=-1)]
)
async def test_impossible_sizes_are_refused(sqlite_database: Database, size: Size) -> None:
    with pytest.raises(Refused):
        await fill(SYSTEM, size, seed=1, now=NOW)
    assert await is_empty()


async def test_progress_is_told_batch_by_batch(sqlite_database: Database) -> None:
    told: list[tuple[int, int]] = []
    size = Size(customers=20, products=20, warehouses=1, orders=1_200)
    await fill(SYSTEM, size, seed=1, now=NOW, progress=lambda *each: told.append(each))
    assert len(told) >= 3
    assert told == sorted(told)
    assert told[-1] == (1_200, 1_200)


async def test_the_smallest_company_has_no_orders(sqlite_database: Database) -> None:
    made = await fill(SYSTEM, Size(1, 11, 1, 0), seed=1, now=NOW)
    assert (made.customers, made.products, made.orders) == (1, 11, 0)
    assert (await verify_stock(SYSTEM)).is_clean
