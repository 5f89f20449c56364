"""Whatever drifts from the ledger is found by its name, and counters are set right from it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from models.events import Event
from models.inventory import Reservation, StockItem, StockMovement
from models.orders import OrderLine
from models.rules.access import OPEN, SYSTEM, Actor, ActorKind, Permission
from models.rules.catalog import TrackingPolicy
from models.rules.errors import Forbidden
from models.rules.events import EventKind
from models.rules.inventory import StockChangeKind
from models.rules.order_states import OrderAction
from models.rules.tracking import NamedUnits
from models.tracking import UnitStock
from services.catalog.products import SaveProduct, save_product
from services.demo.fill import fill
from services.demo.size import Size
from services.inventory.adjust import ChangeStock, adjust_stock
from services.operations.audits.report import Report
from services.operations.audits.stock import Counter, Drift, verify_stock
from services.operations.pages import PAGE
from tests.support.databases import Database
from tests.support.shop import open_shop


async def trade() -> StockItem:
    """The one stock item, after it was received, damaged, reserved, shipped: of each a movement."""
    shop = await open_shop()
    shipped = await shop.place()
    await shop.act(shipped, OrderAction.SHIP)
    await shop.place()
    damaged = ChangeStock("CUP", shop.warehouse_id, "fell", StockChangeKind.DAMAGE, delta=5)
    await adjust_stock(OPEN, (damaged,))
    item = await StockItem.get()
    assert (item.on_hand, item.reserved, item.damaged) == (99_998, 2, 5)
    assert item.movement_seq == 5
    return item


def drift(counter: Counter, stored: int, told: int, *, repaired: bool = False) -> Drift:
    return Drift("CUP", "MAIN", counter, stored, told, repaired=repaired)


async def ledger_rows() -> list[dict[str, Any]]:
    return await StockMovement.all().order_by("sequence").values()


async def test_counters_that_agree_are_clean(database: Database) -> None:
    await trade()
    assert await verify_stock(SYSTEM) == Report(1)
    assert await verify_stock(SYSTEM, repair=True) == Report(1)


@pytest.mark.parametrize(
    ("column", "wrong", "drifts"),
    [
        ("on_hand", 100_000, [(Counter.ON_HAND, 100_000, 99_998)]),
        ("reserved", 3, [(Counter.RESERVED, 3, 2), (Counter.PROMISED, 3, 2)]),
        ("damaged", 0, [(Counter.DAMAGED, 0, 5)]),
        ("movement_seq", 9, [(Counter.MOVEMENTS, 9, 5)]),
        ("available", 7, [(Counter.AVAILABLE, 7, 99_991)]),
        ("is_low", True, [(Counter.LISTED, 2, 3)]),
        ("sort_sku", "cup", [(Counter.LISTED, 2, 3)]),
        ("sort_name", "", [(Counter.LISTED, 2, 3)]),
    ],
)
async def test_a_drifted_counter_is_found_and_repaired(
    database: Database, column: str, wrong: Any, drifts: list[tuple[Counter, int, int]]
) -> None:
    before = await trade()
    rows = await ledger_rows()
    await StockItem.all().update(**{column: wrong})

    found = await verify_stock(SYSTEM)
    assert found == Report(1, len(drifts), 0, [drift(*each) for each in drifts])
    assert getattr(await StockItem.get(), column) == wrong

    repaired = await verify_stock(SYSTEM, repair=True)
    listed = [drift(*each, repaired=True) for each in drifts]
    assert repaired == Report(1, len(drifts), len(drifts), listed)
    assert repaired.is_clean
    assert not found.is_clean
    after = await StockItem.get()
    assert after.balance == before.balance
    assert getattr(after, column) == getattr(before, column)
    assert (after.movement_seq, after.version) == (5, before.version + 1)
    assert await ledger_rows() == rows
    told = await Event.get(subject_id=after.id, subject_seq=after.event_seq)
    assert (told.kind, told.subject_version) == (EventKind.STOCK_CHANGED, after.version)
    assert told.data == {
        "onHand": 99_998,
        "reserved": 2,
        "damaged": 5,
        "available": 99_991,
        "repaired": [drifts[0][0].value],
    }
    assert await verify_stock(SYSTEM) == Report(1)


async def test_a_gap_in_the_ledger_is_found_and_left_alone(database: Database) -> None:
    before = await trade()
    await StockMovement.filter(sequence=2).delete()
    drifts = [
        drift(Counter.RESERVED, 2, 0),
        drift(Counter.SEQUENCE, 5, 4),
        drift(Counter.BALANCES, 3, 4),
        drift(Counter.AVAILABLE, 99_991, 99_993),
    ]
    assert await verify_stock(SYSTEM) == Report(1, 4, 0, drifts)
    assert await verify_stock(SYSTEM, repair=True) == Report(1, 4, 0, drifts)
    assert (await StockItem.get()).balance == before.balance


async def test_a_balance_that_does_not_follow_is_found_and_left_alone(database: Database) -> None:
    before = await trade()
    await StockMovement.filter(sequence=5).update(damaged_after=4)
    expected = Report(1, 1, 0, [drift(Counter.BALANCES, 4, 5)])
    assert await verify_stock(SYSTEM) == expected
    assert await verify_stock(SYSTEM, repair=True) == expected
    assert (await StockItem.get()).version == before.version


async def test_a_lost_reservation_is_found_at_the_item_and_at_the_line(database: Database) -> None:
    await trade()
    reservation = await Reservation.get().select_related("order_line__order")
    number = reservation.order_line.order.number
    await reservation.delete()
    at_line = Drift("CUP", None, Counter.LINE, 2, 0, order=number)
    expected = Report(1, 2, 0, [drift(Counter.PROMISED, 2, 0), at_line])
    assert await verify_stock(SYSTEM) == expected
    assert await verify_stock(SYSTEM, repair=True) == expected


async def test_a_drifted_order_line_is_found(database: Database) -> None:
    await trade()
    line = await OrderLine.get(reserved=2).select_related("order")
    await OrderLine.filter(id=line.id).update(reserved=1)
    at_line = Drift("CUP", None, Counter.LINE, 1, 2, order=line.order.number)
    assert await verify_stock(SYSTEM) == Report(1, 1, 0, [at_line])


async def test_every_item_is_compared_however_many_there_are(sqlite_database: Database) -> None:
    end = datetime(2026, 3, 2, 9, tzinfo=UTC)
    made = await fill(SYSTEM, Size(1, 150, 3, 0), seed=1, now=end)
    assert made.stock_items > PAGE
    last = await StockItem.all().order_by("-id").first()
    assert last is not None
    await StockItem.filter(id=last.id).update(on_hand=last.on_hand + 1)
    report = await verify_stock(SYSTEM)
    assert (report.compared, report.found) == (made.stock_items, 1)


async def test_reading_does_not_permit_repairing(sqlite_database: Database) -> None:
    reader = Actor(ActorKind.STAFF, "reader", None, frozenset({Permission.STOCK_READ}))
    stranger = Actor(ActorKind.STAFF, "stranger", None, frozenset())
    assert (await verify_stock(reader)).is_clean
    with pytest.raises(Forbidden):
        await verify_stock(reader, repair=True)
    with pytest.raises(Forbidden):
        await verify_stock(stranger)


async def test_units_that_do_not_come_to_what_is_on_hand(database: Database) -> None:
    shop = await open_shop()
    await StockMovement.all().delete()
    await StockItem.all().delete()
    tea = SaveProduct(
        sku="TEA", name="Tea", price=Decimal(1), currency="EUR", tracking=TrackingPolicy.LOT
    )
    await save_product(OPEN, tea)
    arrived = ChangeStock("TEA", shop.warehouse_id, "new", delta=5, units=(NamedUnits("L1", 5),))
    await adjust_stock(OPEN, (arrived,))
    assert (await verify_stock(SYSTEM)).is_clean

    await StockItem.all().update(on_hand=9)
    expected = [
        Drift("TEA", "MAIN", counter, 9, 5, repaired=True)
        for counter in (Counter.ON_HAND, Counter.UNITS)
    ]
    assert list((await verify_stock(SYSTEM, repair=True)).drifts) == expected

    await UnitStock.all().update(quantity=4)
    report = await verify_stock(SYSTEM, repair=True)
    assert report == Report(1, 1, 0, [Drift("TEA", "MAIN", Counter.UNITS, 5, 4)])
