"""Faults planted in the product: the model tells each by its name, and so does the auditor.

Neither needs the other: the model's comparisons are shown with the auditor off, and the auditor on
what the fault has left behind, with the model off.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import pytest
from tortoise.models import Model

import models.rules.pricing
import models.rules.units
import services.aggregates.billing
import services.aggregates.credit
import services.aggregates.lines
import services.aggregates.lots.places
import services.aggregates.reservations
import services.aggregates.stock
import services.orders.act
import services.orders.goods
import services.payments.record
from models.inventory import StockMovement
from models.rules.allocation import StockRow
from models.rules.money import Rounding
from models.rules.order_states import ORDER_TABLE, OrderAction, OrderStatus
from services.aggregates.lines import CHANGING
from services.aggregates.reservations import Counters, Lines
from services.storage.statements import Statement
from services.work.work import Work
from tests.support.databases import Databases
from tests.support.model.commands import Command
from tests.support.model.fulfilling import Follow, Ship
from tests.support.model.histories import Disagreement
from tests.support.model.machine import Machine, Runs, run_seed
from tests.support.model.ordering import Act, LineInput, Place
from tests.support.model.paying import Pay
from tests.support.model.returning import Announce, Receive
from tests.support.model.stocking import Change, Correct

SEEDS: Final = range(1, 6)

NO_CHECKS: Final = "PRAGMA ignore_check_constraints = ON"
"""The database's own constraints would stop some faults: they are a net of their own."""


def naive_reserve(patch: pytest.MonkeyPatch) -> None:
    """What others have reserved is not seen, and the update does not ask."""
    look = services.aggregates.reservations.stock_row

    def see_all(item: Counters, priority: int, *, released: int = 0) -> StockRow:
        return look(item, priority)._replace(available=item.on_hand)

    patch.setattr(services.aggregates.reservations, "stock_row", see_all)
    patch.setattr(services.orders.goods, "stock_row", see_all)
    unasked = (
        services.aggregates.stock.MOVED.replace("AND on_hand", "AND (1 = 1 OR on_hand", 1) + ")"
    )
    patch.setattr(services.aggregates.stock, "MOVE", Statement(unasked))


def float_money(patch: pytest.MonkeyPatch) -> None:
    """Prices are rounded as floats, as the language does it."""

    def as_float(numerator: int, denominator: int, rounding: Rounding) -> int:
        return round(numerator / denominator)

    patch.setattr(models.rules.pricing, "nearest_ratio", as_float)


def no_release_on_cancel(patch: pytest.MonkeyPatch) -> None:
    """The line forgets what it held, and the stock does not."""

    async def forget(work: Work, units: dict[UUID, int], lines: Lines, reason: str) -> None:
        for line_id, quantity in units.items():
            lines[line_id].reserved -= quantity

    patch.setattr(services.orders.act, "release_units", forget)


def refund_unbounded(patch: pytest.MonkeyPatch) -> None:
    """Nobody compares a payment with those before it."""
    patch.setattr(services.payments.record, "check_payment", lambda *facts: None)


def ledger_row_skipped(patch: pytest.MonkeyPatch) -> None:
    """What leaves is not written down."""
    insert = Work.insert

    def is_left(row: Model) -> bool:
        return isinstance(row, StockMovement) and row.kind == "SHIP"

    async def skip(work: Work, *groups: Sequence[Model]) -> None:
        await insert(work, *([row for row in rows if not is_left(row)] for rows in groups))

    patch.setattr(Work, "insert", skip)


def illegal_transition(patch: pytest.MonkeyPatch) -> None:
    """The table lets every order be approved, held and released, whatever has become of it."""
    for status in OrderStatus:
        for action in (OrderAction.APPROVE, OrderAction.HOLD, OrderAction.RELEASE):
            patch.setitem(ORDER_TABLE.moves, (status, action), OrderStatus.CONFIRMED)


def backorder_served_twice(patch: pytest.MonkeyPatch) -> None:
    """A line that was served goes on waiting."""
    some = tuple(name for name in CHANGING if name != "backordered")
    patch.setattr(services.aggregates.lines, "CHANGING", some)


def counter_edited(patch: pytest.MonkeyPatch) -> None:
    """Somebody writes into the database: see the fault's statement."""


def credit_forgotten(patch: pytest.MonkeyPatch) -> None:
    """What was paid is owed still."""

    async def forget(work: Work, order: Any) -> None:
        """Nothing."""

    patch.setattr(services.aggregates.credit, "book", forget)


def arrivals_uncounted(patch: pytest.MonkeyPatch) -> None:
    """A rule of the trade lets units arrive that no line counts."""
    patch.setattr(models.rules.units, "deliver", lambda line, units: models.rules.units.Step(line))


def shipping_billed_again(patch: pytest.MonkeyPatch) -> None:
    """Each shipment is billed as if it were the order's first."""
    worth_of = services.aggregates.billing.worth_of

    def first(*args: Any, is_first: bool) -> Any:
        return worth_of(*args, is_first=True)

    patch.setattr(services.aggregates.billing, "worth_of", first)


def returned_to_the_first(patch: pytest.MonkeyPatch) -> None:
    """Whatever comes back is put into the first warehouse."""

    def first(
        homes: Any, line_id: UUID, code: str | None, units: int
    ) -> Iterable[tuple[UUID, int]]:
        return [(min(homes.ranks, key=homes.ranks.get), units)]

    patch.setattr(services.aggregates.lots.places.Homes, "take", first)


def pots(quantity: int, **more: Any) -> Place:
    return Place("ADA", (LineInput("POT", quantity, **more),), shipping=490)


def receipt(quantity: int) -> Correct:
    return Correct((Change("POT", "NEAR", delta=quantity),))


@dataclass(frozen=True)
class Fault:
    """`script` is a short history in which the fault shows: of 24 pots, which may be backordered,
    12 lie in each of two warehouses. `foreseen` is what the model tells then, and `audited` is what
    the auditor does.
    """

    plant: Callable[[pytest.MonkeyPatch], None]
    script: tuple[Command, ...]
    foreseen: str
    audited: str
    statement: str = NO_CHECKS


FAULTS: Final = (
    Fault(naive_reserve, (pots(9), pots(9)), "stock.reserved", "stock.enough"),
    Fault(float_money, (pots(1, price=1, discount=500_000),), "line.net", "line.price"),
    Fault(
        no_release_on_cancel,
        (pots(9), Act(1, "CANCEL", ((0, 4),))),
        "stock.reserved",
        "line.reserved",
    ),
    Fault(
        refund_unbounded,
        (pots(9), Pay(1, "CHARGE", 500), Pay(1, "REFUND", 501)),
        "outcome.REFUND",
        "payment.refund",
    ),
    Fault(ledger_row_skipped, (pots(9), Act(1, "SHIP")), "ledger.on_hand", "stock.sequence"),
    Fault(
        illegal_transition,
        (pots(9), Act(1, "CANCEL"), Act(1, "RELEASE")),
        "outcome.RELEASE",
        "order.step",
    ),
    Fault(
        backorder_served_twice,
        (pots(30), receipt(6), receipt(6)),
        "line.backordered",
        "line.units",
    ),
    Fault(
        counter_edited,
        (pots(9), Pay(1, "CHARGE", 500)),
        "stock.reserved",
        "stock.reserved",
        "CREATE TRIGGER edited AFTER INSERT ON payment "
        "BEGIN UPDATE stock_item SET reserved = reserved + 1 WHERE reserved < on_hand; END",
    ),
    Fault(credit_forgotten, (pots(9), Pay(1, "CHARGE", 500)), "customer.credit", "order.credit"),
    Fault(
        arrivals_uncounted,
        (pots(9), Act(1, "SHIP"), Follow(1, 1, "DELIVERED")),
        "line.delivered",
        "line.delivered",
    ),
    Fault(
        shipping_billed_again,
        (pots(9), Ship(1, "NEAR", ((0, 4),)), Act(1, "SHIP")),
        "invoice",
        "invoice.sum",
    ),
    Fault(
        returned_to_the_first,
        (
            pots(20),
            Act(1, "SHIP"),
            Announce(1, ((0, 15),)),
            Receive(1, 1, ((0, 15, "RESTOCK"),)),
        ),
        "stock.on_hand",
        "stock.home",
    ),
)


@pytest.fixture(params=FAULTS, ids=lambda fault: fault.plant.__name__)
def fault(request: pytest.FixtureRequest) -> Fault:
    found: Fault = request.param
    return found


@pytest.fixture
def planted(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The fault, in the product as long as the test runs."""
    models.rules.pricing.price_line.cache_clear()
    fault.plant(monkeypatch)
    yield fault
    models.rules.pricing.price_line.cache_clear()


def follow(runs: Runs, script: Iterable[Command]) -> None:
    """Runs one history by a script."""
    machine = Machine(runs)
    try:
        machine.open_business()
        for command in script:
            machine.runner.run(machine.history.do(command))
    finally:
        machine.teardown()


def search(runs: Runs) -> None:
    """Runs histories of fixed seeds until one fails."""
    for seed in SEEDS:
        run_seed(runs, seed)


def test_without_the_fault_all_is_well(databases: Databases, fault: Fault) -> None:
    follow(Runs(databases), fault.script)


def test_the_model_tells_it(databases: Databases, planted: Fault) -> None:
    with pytest.raises(Disagreement) as red:
        follow(Runs(databases, audited=False, statements=(planted.statement,)), planted.script)
    assert planted.foreseen in red.value.invariants


def test_the_auditor_tells_it(databases: Databases, planted: Fault) -> None:
    with pytest.raises(Disagreement) as red:
        follow(Runs(databases, watched=False, statements=(planted.statement,)), planted.script)
    assert planted.audited in red.value.invariants


def test_the_model_finds_it_by_chance(databases: Databases, planted: Fault) -> None:
    with pytest.raises(Disagreement):
        search(Runs(databases, audited=False, statements=(planted.statement,)))


@pytest.mark.soak
def test_the_auditor_finds_it_by_chance(databases: Databases, planted: Fault) -> None:
    with pytest.raises(Disagreement) as red:
        search(Runs(databases, watched=False, statements=(planted.statement,)))
    assert planted.audited in red.value.invariants
