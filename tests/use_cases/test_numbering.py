"""Numbers: unique always; of invoices without a gap, even where transactions fail."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from models.fulfillment import Shipment
from models.numbering import NumberCounter
from models.orders import Order
from models.payments import Invoice
from models.rules.access import OPEN
from models.rules.errors import InputError
from models.rules.numbering import NumberKind
from models.rules.order_states import OrderAction
from models.rules.shipment_states import ShipmentStatus
from services.aggregates.lines import lines_of
from services.aggregates.orders import facts_with_stock, lock_order, settle
from services.aggregates.shipments import advance
from services.operations.numbering import set_next_number
from services.use_case import perform
from services.work import clock, numbering, policy
from services.work.work import Work
from tests.support.audit.auditor import audit
from tests.support.databases import Database
from tests.support.trade import NOON, open_trade

ORDERS = "SO-{channel}-{yyyy}{mm}-{seq:6}"


async def next_invoice(work: Work) -> str:
    return await numbering.gapless(work.connection, "invoice", "INV-{yyyy}-{seq:3}", NOON)


async def test_fifty_at_once_get_fifty_numbers(database: Database) -> None:
    wanted = (numbering.reserve("order", ORDERS, NOON, "web") for _ in range(50))
    numbers = await asyncio.gather(*wanted)
    assert len(set(numbers)) == 50
    assert all(number.startswith("SO-WEB-202603-") for number in numbers)


async def test_one_after_the_other_uses_a_block_up(sqlite_database: Database) -> None:
    numbers = [await numbering.reserve("order", "{seq:3}", NOON) for _ in range(21)]
    assert numbers == [f"{n:03}" for n in range(1, 22)]
    assert (await NumberCounter.get()).value == 2 * numbering.BLOCK


async def test_each_channel_and_month_counts_for_itself(sqlite_database: Database) -> None:
    april = datetime(2026, 4, 1, tzinfo=UTC)
    numbers = [
        await numbering.reserve("order", ORDERS, at, channel)
        for at, channel in ((NOON, "web"), (NOON, "shop"), (april, "web"), (NOON, "WEB"))
    ]
    assert numbers == [
        "SO-WEB-202603-000001",
        "SO-SHOP-202603-000001",
        "SO-WEB-202604-000001",
        "SO-WEB-202603-000002",
    ]


async def test_a_month_begins_where_the_business_is(sqlite_database: Database) -> None:
    usual = policy.current()
    policy.use(policy.Policy(time_zone="Pacific/Auckland"))
    try:
        trade = await open_trade()
        await trade.product("POT", near=1)
        with clock.frozen(datetime(2026, 3, 31, 12, tzinfo=UTC)):
            order = await trade.place(("POT", 1), channel="x")
        assert order.number == "SO-X-202604-000001"
        with clock.frozen(datetime(2026, 12, 31, 12, tzinfo=UTC)):
            await trade.act(order, OrderAction.SHIP)
        assert (await Invoice.get()).number == "INV-2027-000001"
    finally:
        policy.use(usual)


async def test_a_failed_transaction_leaves_no_gap(database: Database) -> None:
    async def fail(work: Work) -> None:
        assert await next_invoice(work) == "INV-2026-002"
        raise RuntimeError

    assert await perform(OPEN, next_invoice) == "INV-2026-001"
    with pytest.raises(RuntimeError):
        await perform(OPEN, fail)
    assert await perform(OPEN, next_invoice) == "INV-2026-002"


async def test_thirty_at_once_of_which_a_third_fails_leave_no_gap(database: Database) -> None:
    async def one(index: int) -> str | None:
        async def step(work: Work) -> str:
            number = await next_invoice(work)
            if index % 3 == 0:
                raise RuntimeError
            return number

        try:
            return await perform(OPEN, step)
        except RuntimeError:
            return None

    numbers = await asyncio.gather(*(one(index) for index in range(30)))
    taken = sorted(number for number in numbers if number)
    assert taken == [f"INV-2026-{n:03}" for n in range(1, 21)]


class Planted(Exception):
    """Something that goes wrong after everything else went well."""


async def ship(order: Order, *, fails: bool) -> str | None:
    """The number of the invoice of what left, or None where the transaction failed in the end."""

    async def step(work: Work) -> str:
        locked = await lock_order(work, order.id)
        lines, before = await lines_of(work, locked), await facts_with_stock(work, locked)
        (shipment,) = await Shipment.filter(order_id=order.id).using_db(work.connection)
        await advance(work, locked, shipment, lines, ShipmentStatus.SHIPPED, work.now)
        await settle(work, locked, lines, before)
        number: str = (await Invoice.get(order_id=order.id, using_db=work.connection)).number
        if fails:
            raise Planted
        return number

    try:
        return await perform(OPEN, step)
    except Planted:
        return None


async def test_twenty_shipments_at_once_of_which_a_third_fails_leave_no_gap(
    database: Database,
) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=100)
    with clock.frozen(NOON):
        placed = [await trade.place(("CUP", 2)) for _ in range(20)]
        prepared = [await trade.act(order, OrderAction.PREPARE) for order in placed]
        numbers = await asyncio.gather(
            *(ship(order, fails=index % 3 == 0) for index, order in enumerate(prepared))
        )
        taken = [number for number in numbers if number]
        assert sorted(taken) == [f"INV-2026-{n:06}" for n in range(1, 14)]
        assert numbers.count(None) == 7
        rest = [order for order, number in zip(prepared, numbers, strict=True) if not number]
        later = await asyncio.gather(*(ship(order, fails=False) for order in rest))
    assert sorted(each for each in later if each) == [f"INV-2026-{n:06}" for n in range(14, 21)]
    assert {invoice.number for invoice in await Invoice.all()} == {*taken, *later}
    assert await audit() == []


@pytest.fixture
def _numbered_by_year() -> Iterator[None]:
    usual = policy.current()
    shipments = "SH-{channel}-{yyyy}-{seq:4}"
    policy.use(policy.Policy(shipment_number_pattern=shipments, invoice_number_pattern="{seq:2}"))
    yield
    policy.use(usual)


@pytest.mark.usefixtures("_numbered_by_year")
async def test_shipments_have_numbers_of_their_own_where_the_pattern_says_so(
    database: Database,
) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=100)
    with clock.frozen(NOON):
        orders = [await trade.place(("CUP", 1), channel="web") for _ in range(12)]
        orders += [await trade.place(("CUP", 1), channel="shop") for _ in range(3)]
        await asyncio.gather(*(trade.act(order, OrderAction.SHIP) for order in orders))
    numbers = sorted(shipment.number for shipment in await Shipment.all())
    shop = [f"SH-SHOP-2026-{n:04}" for n in range(1, 4)]
    assert numbers == shop + [f"SH-WEB-2026-{n:04}" for n in range(1, 13)]
    assert sorted(each.number for each in await Invoice.all()) == [f"{n:02}" for n in range(1, 16)]


async def test_a_count_that_is_moved_meanwhile_gives_no_number_twice(database: Database) -> None:
    async def move(count: int) -> None:
        with suppress(InputError):  # another was quicker
            await set_next_number(OPEN, NumberKind.INVOICE, count, NOON.date())

    async def take() -> str:
        pattern = policy.current().invoice_number_pattern
        return await perform(
            OPEN, lambda work: numbering.gapless(work.connection, "invoice", pattern, NOON)
        )

    takes = [take() for _ in range(20)]
    moves = [move(count) for count in (5, 50, 500, 20)]
    numbers = [each for each in await asyncio.gather(*takes, *moves) if each]
    assert len(numbers) == len(set(numbers)) == 20


async def test_a_count_is_not_moved_back_to_numbers_that_are_being_given(
    database: Database,
) -> None:
    """Whoever sets it waits for the transaction that gives them, and then sees what it gave."""
    given, go_on = asyncio.Event(), asyncio.Event()

    async def give_twenty(work: Work) -> None:
        for _ in range(20):
            await next_invoice(work)
        given.set()
        await go_on.wait()

    await perform(OPEN, next_invoice)
    giving = asyncio.create_task(perform(OPEN, give_twenty))
    await given.wait()
    moving = asyncio.ensure_future(set_next_number(OPEN, NumberKind.INVOICE, 15, NOON.date()))
    assert (await asyncio.wait({moving}, timeout=0.2))[0] == set()
    go_on.set()
    await giving
    with pytest.raises(InputError, match="Numbers up to INV-2026-000021 were given"):
        await moving
    assert await perform(OPEN, next_invoice) == "INV-2026-022"


async def test_invoices_count_in_each_channel_where_the_pattern_says_so(
    sqlite_database: Database,
) -> None:
    usual = policy.current()
    policy.use(policy.Policy(invoice_number_pattern="{channel}-{seq:2}"))
    try:
        trade = await open_trade()
        await trade.product("CUP", near=9)
        for channel in ("web", "shop", "web"):
            order = await trade.place(("CUP", 1), channel=channel)
            await trade.act(order, OrderAction.SHIP)
    finally:
        policy.use(usual)
    numbers = [invoice.number for invoice in await Invoice.all().order_by("id")]
    assert numbers == ["WEB-01", "SHOP-01", "WEB-02"]
