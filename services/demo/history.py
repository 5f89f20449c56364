"""Two years of the demo company, in order of time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import Final
from uuid import UUID

from models.rules.catalog import BackorderPolicy
from services.demo.basket import MEAN_LINES, BasketItems, Shop
from services.demo.case import Case
from services.demo.company import Company, found
from services.demo.dice import Dice
from services.demo.office import SALES, Office, buyer
from services.demo.order_runs import run_order
from services.demo.people import Buyer, welcome
from services.demo.plans import SCENES, Plan, Scene, drawn
from services.demo.size import Size
from services.demo.stockroom import Stockroom

Action = Callable[[], None]

DAYS: Final = 730
MONTHS: Final = (0.9, 0.85, 0.95, 1.0, 1.05, 0.95, 0.8, 0.75, 1.0, 1.1, 1.6, 1.9)
WEEKDAYS: Final = (1.25, 1.2, 1.15, 1.15, 1.0, 0.6, 0.45)
GROWTH: Final = 0.6
"""The growth of orders a day from the first day to the last."""

FIRST_CUSTOMERS: Final = 0.4
"""The share of customers on the first day; the others join over time."""

ITEMS_A_CHECK: Final = 250
"""Each day one of so many stock items has a movement besides orders."""

AMPLE: Final = 4
"""Portions of a line that is shipped and returned in parts."""


@dataclass(slots=True)
class History:
    """The events of the demo in order of time; `end` is the last instant."""

    size: Size
    end: datetime
    office: Office
    company: Company = field(init=False)
    stockroom: Stockroom = field(init=False)
    shop: Shop = field(init=False)
    buyers: list[Buyer] = field(default_factory=list)
    open: dict[UUID, Case] = field(default_factory=dict)
    placed: int = 0
    _planned: list[tuple[datetime, int, Action]] = field(default_factory=list)
    _turns: Iterator[int] = field(default_factory=count)

    def later(self, at: datetime, action: Action) -> None:
        """Schedules an action; actions after the end are dropped."""
        if at <= self.end:
            heappush(self._planned, (at, next(self._turns), action))

    def run(self) -> Iterator[None]:
        """Runs the actions; yields whenever there are enough rows to write."""
        rows = self.office.rows
        self._found()
        self._plan()
        while self._planned:
            self.office.work.now, _, action = heappop(self._planned)
            action()
            self.office.file()
            if rows.enough:
                yield
        for case in self.open.values():
            case.hand_over()
            if rows.enough:
                yield
        self.office.work.now = self.end
        self.stockroom.count_lots()
        yield

    def _found(self) -> None:
        """Founds the company, with full shelves."""
        self.office.work.now = beginning(self.end)
        self.company = found(self.office, self.size.products, self.size.warehouses)
        self.stockroom = Stockroom(self.company, self.office, self.later)
        self.stockroom.fill_shelves(self.size.orders / DAYS * MEAN_LINES)
        self.shop = Shop(self.stockroom, self.end, self._goods_came)

    def _plan(self) -> None:
        """Schedules all actions that do not follow from others."""
        start = beginning(self.end)
        first = max(1, int(self.size.customers * FIRST_CUSTOMERS))
        joining = (self.end - start) * 0.9 / max(1, self.size.customers - first)
        for number in range(self.size.customers):
            self.later(start + joining * max(0, number - first + 1), self._join)
        for day in range(1, DAYS):
            checks = 1 + len(self.company.stock) // ITEMS_A_CHECK
            at = start + timedelta(days=day, hours=8)
            for minute in range(checks):
                self.later(at + timedelta(minutes=minute), self.stockroom.upkeep)
        scenes = SCENES[: self.size.orders]
        for scene in scenes:
            at = self.end - scene.age + self.office.dice.hours(0, 6)
            self.later(at, partial(self._show, scene))
        self._await_next(arrivals(self.office.dice, self.size.orders - len(scenes), self.end))

    def _join(self) -> None:
        self.buyers.append(welcome(self.office, self.company))

    def _await_next(self, coming: Iterator[datetime]) -> None:
        """Schedules the next order only, so that memory holds one and not a hundred thousand."""
        at = next(coming, None)
        if at is not None:
            self.later(at, partial(self._arrive, coming))

    def _arrive(self, coming: Iterator[datetime]) -> None:
        # Squared, so that customers of long standing order most.
        chosen = self.buyers[int(self.office.dice.random.random() ** 2 * len(self.buyers))]
        self._begin(chosen, drawn(self.office.dice, is_business=chosen.is_business), None)
        self._await_next(coming)

    def _show(self, scene: Scene) -> None:
        """Begins an order whose products allow the scene's state."""
        sold = [product for product in self.company.products if not product.discontinued]
        if scene.made_to_order:
            product = next(each for each in sold if self.company.families[each.id].to_order)
            # One piece more than the returned ones in stock, so that it has to be made.
            stock = self.stockroom.by_product[product.id]
            basket_items = [(product, sum(max(item.available, 0) for item in stock) + 1)]
        else:
            fitting = [each for each in sold if each.backorder is BackorderPolicy.DENY]
            basket_items = [(product, AMPLE) for product in fitting[:2]]
        # Customers without a limit, or with a high one, need no approval.
        limits = [(each.customer.credit_limit_minor, each) for each in self.buyers]
        chosen = max(limits, key=lambda each: (each[0] is None, each[0] or 0))[1]
        limited = [(limit, each) for limit, each in limits if limit is not None]
        if scene.is_over_limit and limited:
            limit, chosen = min(limited, key=lambda each: each[0])
            basket_items = [(basket_items[0][0], 2 * limit // basket_items[0][0].price_minor + 1)]
        self._begin(chosen, scene.plan, basket_items)

    def _begin(self, chosen: Buyer, plan: Plan, basket_items: BasketItems | None) -> None:
        """Begins the run of a new order."""
        case = self.shop.order(chosen, basket_items)
        orders_alone = case.order.channel == "web"
        case.run = run_order(case, plan, buyer(chosen.customer) if orders_alone else SALES)
        self.open[case.order.id] = case
        self.placed += 1
        self._go_on(case)

    def _go_on(self, case: Case) -> None:
        """Runs the next step of an order; hands over its rows at the end."""
        if case.run is None:
            return
        try:
            pause = next(case.run)
        except StopIteration:
            case.run = None
            self._put_away(case)
            return
        case.waits = pause is None
        if pause is not None:
            at = self.office.dice.office_time(self.office.work.now + pause)
            self.later(at, partial(self._go_on, case))

    def _goods_came(self, case: Case) -> None:
        if case.waits:
            self._go_on(case)
        elif case.run is None:
            self._put_away(case)

    def _put_away(self, case: Case) -> None:
        """Hands over the rows of a finished order."""
        if not case.is_waiting and not case.waits_for_approval():
            del self.open[case.order.id]
            case.hand_over()


def arrivals(dice: Dice, count: int, until: datetime) -> Iterator[datetime]:
    """The instants of `count` orders in the two years before `until`, in order."""
    start = beginning(until)
    days = [start + timedelta(days=number) for number in range(DAYS)]
    for day, orders in zip(
        days, _shares(count, [_weight(day, start) for day in days]), strict=True
    ):
        # Two draws make a day with a middle: most orders come around two in the afternoon.
        minutes = sorted(dice.between(0, 7 * 60) + dice.between(0, 7 * 60) for _ in range(orders))
        for minute in minutes:
            yield day + timedelta(hours=7, minutes=minute, seconds=dice.between(0, 59))


def beginning(until: datetime) -> datetime:
    """The midnight at which the two years begin."""
    return (until - timedelta(days=DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)


def _weight(day: datetime, start: datetime) -> float:
    grown = 1 + GROWTH * (day - start).days / DAYS
    return MONTHS[day.month - 1] * WEEKDAYS[day.weekday()] * grown


def _shares(count: int, weights: list[float]) -> list[int]:
    """`count` divided in proportion to the weights, into integers with exactly that sum."""
    total = sum(weights)
    shares = []
    reached = 0.0
    given = 0
    for weight in weights:
        reached += weight
        due = round(count * reached / total)
        shares.append(due - given)
        given = due
    return shares
