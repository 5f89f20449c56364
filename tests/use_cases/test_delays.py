"""Orders that miss a deadline: late at that instant, and told of once, whoever looks."""

import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import pytest

from models.events import Event
from models.orders import Order
from models.rules.access import OPEN, SYSTEM
from models.rules.delays import USUAL, Stage, due_at, is_delayed, stage_of
from models.rules.events import EventKind
from models.rules.order_filter import OrderFilter
from models.rules.order_states import OrderAction, OrderStatus
from models.rules.shipment_states import ShipmentStatus
from resolvers.filters.orders import to_query
from services.aggregates.lines import lines_of
from services.aggregates.orders import facts, lock_order, settle
from services.demo.fill import fill
from services.demo.size import Size
from services.orders import delays
from services.orders.delays import BATCH, record_delays
from services.use_case import perform
from services.work import clock, policy
from services.work.policy import Policy
from services.work.work import Work
from tests.support.databases import Database
from tests.support.trade import NOON, Trade, open_trade, shipments_of

HOUR: Final = timedelta(hours=1)
MOMENT: Final = timedelta(microseconds=1)
DEADLINES: Final = {
    Stage.CONFIRM: HOUR,
    Stage.PREPARE: 2 * HOUR,
    Stage.SHIP: 3 * HOUR,
    Stage.DELIVER: 4 * HOUR,
}
LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)
SWEEP: Final = """
import asyncio, sys
from models.rules.access import SYSTEM
from services.storage import database
from services.orders.delays import record_delays

async def main():
    await database.connect(sys.argv[1])
    try:
        print("ready", flush=True)
        sys.stdin.readline()
        print(await record_delays(SYSTEM))
    finally:
        await database.disconnect()

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def _deadlines() -> Iterator[None]:
    usual = policy.current()
    policy.use(Policy(deadlines=DEADLINES))
    yield
    policy.use(usual)


async def wait_for_approval(order: Order) -> Order:
    """The order as one over its customer's credit is: it waits to be confirmed."""

    async def step(work: Work) -> Order:
        locked = await lock_order(work, order.id)
        before = facts(locked)
        locked.status = OrderStatus.AWAITING_APPROVAL
        await settle(work, locked, await lines_of(work, locked), before)
        return locked

    return await perform(OPEN, step)


async def deliver(trade: Trade, order: Order) -> Order:
    (shipment,) = await shipments_of(order)
    return await trade.track(shipment, ShipmentStatus.DELIVERED)


async def listed() -> list[str]:
    """What `where: {isDelayed: true}` finds now."""
    query = to_query(OPEN, OrderFilter(is_delayed=True), clock.now())
    return sorted(order.number for order in await Order.filter(query))


async def told(order: Order | None = None) -> list[tuple[str, datetime, datetime]]:
    """The delays that were told of: stage, when it was due, and when it was told."""
    rows = Event.filter(kind=EventKind.ORDER_DELAYED)
    if order:
        rows = rows.filter(order_id=order.id)
    return [
        (event.data["stage"], datetime.fromisoformat(event.data["dueAt"]), event.at)
        for event in await rows.order_by("at", "id")
    ]


async def placed(trade: Trade, count: int, at: datetime = LONG_AGO) -> list[Order]:
    """Orders of one cup each."""
    await trade.product("CUP", near=count)
    with clock.frozen(at):
        return [await trade.place(("CUP", 1)) for _ in range(count)]


async def test_each_stage_is_late_at_its_deadline_and_told_of_once(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=5)
    with clock.frozen(NOON):
        order = await wait_for_approval(await trade.place(("CUP", 2)))
    steps: dict[Stage, Callable[[Order], Awaitable[Order]]] = {
        Stage.CONFIRM: lambda order: trade.act(order, OrderAction.APPROVE),
        Stage.PREPARE: lambda order: trade.act(order, OrderAction.PREPARE),
        Stage.SHIP: lambda order: trade.act(order, OrderAction.SHIP),
        Stage.DELIVER: lambda order: deliver(trade, order),
    }
    entered, expected = NOON, []
    for stage, step in steps.items():
        due = entered + DEADLINES[stage]
        assert (order.stage, order.stage_since, order.stage_due_at) == (stage, entered, due)
        with clock.frozen(due - MOMENT):
            assert await record_delays(SYSTEM) == 0
            assert await listed() == []
        with clock.frozen(due):
            assert await listed() == [order.number]
            assert await record_delays(SYSTEM) == 1
            assert await record_delays(SYSTEM) == 0
        expected.append((stage.value, due, due))
        entered = due + HOUR
        with clock.frozen(entered):
            assert await record_delays(SYSTEM) == 0
            order = await step(order)
            assert await listed() == []
    assert (order.stage, order.stage_since, order.stage_due_at) == (None, None, None)
    assert await told() == expected


async def test_what_is_done_in_time_is_not_told_of(database: Database) -> None:
    trade = await open_trade()
    (order,) = await placed(trade, 1, NOON)
    with clock.frozen(NOON + 2 * HOUR - MOMENT):
        order = await trade.act(order, OrderAction.PREPARE)
    with clock.frozen(NOON + 2 * HOUR):
        assert await record_delays(SYSTEM) == 0
        await trade.act(order, OrderAction.CANCEL)
    with clock.frozen(NOON + 100 * HOUR):
        assert await record_delays(SYSTEM) == 0
        assert await listed() == []
    assert await told() == []


@pytest.mark.parametrize(("hours", "late_at"), [(1, 1), (9, 2)], ids=["sooner", "later"])
async def test_no_stage_lasts_longer_than_what_was_promised(
    sqlite_database: Database, hours: int, late_at: int
) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=1)
    with clock.frozen(NOON):
        order = await trade.place(("CUP", 1), promised_at=NOON + hours * HOUR)
        assert order.stage_due_at == NOON + late_at * HOUR
        shipped = await trade.act(order, OrderAction.SHIP)
    assert shipped.stage_due_at == NOON + hours * HOUR


async def test_what_is_switched_off_is_never_late(sqlite_database: Database) -> None:
    policy.use(Policy(deadlines=DEADLINES | {Stage.PREPARE: timedelta()}))
    trade = await open_trade()
    (order,) = await placed(trade, 1)
    assert (order.stage, order.stage_due_at) == (Stage.PREPARE, None)
    assert await record_delays(SYSTEM) == 0
    assert await listed() == []


async def test_an_order_tells_who_was_late_with_what_and_changes_in_nothing(
    database: Database,
) -> None:
    trade = await open_trade()
    (order,) = await placed(trade, 1, NOON)
    at = NOON + 5 * HOUR
    with clock.frozen(at):
        assert await record_delays(SYSTEM) == 1
    (event,) = await Event.filter(kind=EventKind.ORDER_DELAYED)
    after = await Order.get(id=order.id)
    assert event.data == {"stage": "PREPARE", "dueAt": (NOON + 2 * HOUR).isoformat()}
    assert (event.at, event.actor_kind, event.actor_id) == (at, "SYSTEM", "system")
    assert (event.subject_id, event.order_id, event.customer_id) == (
        order.id,
        order.id,
        order.customer_id,
    )
    assert (event.subject_seq, event.subject_version) == (2, 1)
    assert (event.before, event.after) == ({}, facts(after))
    told_of: dict[str, Any] = {"delayed_stage": Stage.PREPARE, "event_seq": 2}
    assert _columns(after) == _columns(order) | told_of


def _columns(order: Order) -> dict[str, Any]:
    return {name: getattr(order, name) for name in Order._meta.db_fields}


async def test_two_sweeps_at_once_tell_once(database: Database) -> None:
    trade = await open_trade()
    orders = await placed(trade, 12)
    with clock.frozen(NOON):
        counts = await asyncio.gather(*(record_delays(SYSTEM) for _ in range(4)))
    assert sum(counts) == 12
    rows = await Event.filter(kind=EventKind.ORDER_DELAYED)
    assert Counter(event.order_id for event in rows) == {order.id: 1 for order in orders}


async def test_two_processes_that_sweep_at_once_tell_once(database: Database) -> None:
    trade = await open_trade()
    orders = await placed(trade, 40)
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", SWEEP, database.url),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    answers = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [process.returncode for process in processes] == [0, 0]
    assert sum(int(out) for out, _ in answers) == 40
    rows = await Event.filter(kind=EventKind.ORDER_DELAYED)
    assert Counter(event.order_id for event in rows) == {order.id: 1 for order in orders}
    assert await record_delays(SYSTEM) == 0


async def test_an_order_that_went_on_while_it_was_looked_for_is_left(database: Database) -> None:
    """Between the search and the claim somebody may prepare it."""
    trade = await open_trade()
    (order,) = await placed(trade, 1, NOON)
    with clock.frozen(NOON + 2 * HOUR):
        await trade.act(order, OrderAction.PREPARE)
        assert await perform(SYSTEM, partial(delays._record_delay, order.id)) is False
    assert await told() == []


async def test_those_that_wait_longest_come_first_and_no_more_than_asked_for(
    sqlite_database: Database,
) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=5)
    for hour in (3, 1, 5, 2, 4):
        with clock.frozen(NOON + hour * HOUR):
            await trade.place(("CUP", 1))
    with clock.frozen(NOON + 100 * HOUR):
        assert [await record_delays(SYSTEM, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    due = [due for _, due, _ in await told()]
    assert due == [NOON + (hour + 2) * HOUR for hour in (1, 2, 3, 4, 5)]
    assert BATCH == 100


async def test_an_order_that_comes_back_to_a_stage_is_not_told_of_again(
    database: Database,
) -> None:
    trade = await open_trade()
    (order,) = await placed(trade, 1, NOON)
    stages = []
    for turn in range(3):
        with clock.frozen(NOON + turn * 10 * HOUR + 3 * HOUR):
            await record_delays(SYSTEM)
            order = await trade.act(order, OrderAction.PREPARE)
        with clock.frozen(NOON + turn * 10 * HOUR + 7 * HOUR):
            await record_delays(SYSTEM)
            assert await listed() == [order.number]
            (shipment, *_) = reversed(await shipments_of(order))
            order = await trade.track(shipment, ShipmentStatus.CANCELLED)
            assert await listed() == []
        stages.append([stage for stage, _, _ in await told(order)])
    assert stages == [["PREPARE", "SHIP"]] * 3


async def test_a_stage_that_was_not_late_before_is_told_of_when_it_comes_back(
    sqlite_database: Database,
) -> None:
    trade = await open_trade()
    (order,) = await placed(trade, 1, NOON)
    with clock.frozen(NOON):
        order = await trade.act(order, OrderAction.PREPARE)
    with clock.frozen(NOON + 3 * HOUR):
        assert await record_delays(SYSTEM) == 1
        (shipment,) = await shipments_of(order)
        await trade.track(shipment, ShipmentStatus.CANCELLED)
    with clock.frozen(NOON + 5 * HOUR):
        assert await record_delays(SYSTEM) == 1
    assert [stage for stage, _, _ in await told()] == ["SHIP", "PREPARE"]


async def test_another_change_neither_hides_a_delay_nor_tells_it_again(
    database: Database,
) -> None:
    trade = await open_trade()
    (order,) = await placed(trade, 1, NOON)
    with clock.frozen(NOON + HOUR):
        order = await trade.act(order, OrderAction.HOLD)
    with clock.frozen(NOON + 2 * HOUR):
        assert await record_delays(SYSTEM) == 1
        await trade.act(order, OrderAction.RELEASE)
        assert await record_delays(SYSTEM) == 0
        assert await listed() == [order.number]
    assert await told() == [("PREPARE", NOON + 2 * HOUR, NOON + 2 * HOUR)]


async def test_the_list_is_what_the_rule_says_of_every_order(database: Database) -> None:
    """Two years of trade in every state, asked at several times, and told of in the end."""
    policy.use(Policy())
    await fill(SYSTEM, Size(20, 30, 2, 120), seed=5, now=NOON)
    orders = await Order.all()
    sizes = []
    for days in (-400, -3, -1, 0, 1, 2, 4, 8, 30):
        now = NOON + timedelta(days=days)
        late = {order.id for order in orders if _is_late(order, now)}
        for wished in (True, False):
            query = to_query(OPEN, OrderFilter(is_delayed=wished), now)
            found = {order.id for order in await Order.filter(query)}
            assert found == (late if wished else {order.id for order in orders} - late)
        sizes.append(len(late))
    assert len(set(sizes)) > 4
    with clock.frozen(NOON):
        late = {order.id for order in orders if _is_late(order, NOON)}
        assert await record_delays(SYSTEM) == len(late) > 0
    rows = await Event.filter(kind=EventKind.ORDER_DELAYED)
    assert sorted(event.order_id for event in rows if event.order_id) == sorted(late)


def _is_late(order: Order, now: datetime) -> bool:
    stage = stage_of(order.status, order.fulfillment_status)
    if stage is None:
        return False
    assert order.stage_since <= NOON
    return is_delayed(due_at(stage, order.stage_since, order.promised_at, USUAL), now)
