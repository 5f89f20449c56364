"""Two years of the demo company, one instant after the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from typing import Final
from uuid import UUID

from models.catalog import Product
from models.rules.catalog import BackorderPolicy
from services.demo.basket import MEAN_LINES, Shop
from services.demo.case import Case, Office
from services.demo.company import Company, found
from services.demo.dice import Dice
from services.demo.journal import SALES, Journal, buyer
from services.demo.lives import live
from services.demo.numbers import Numbers
from services.demo.people import Buyer, Reception
from services.demo.plans import SCENES, Plan, Scene, drawn
from services.demo.rows import Rows
from services.demo.season import DAYS, arrivals, beginning
from services.demo.size import Size
from services.demo.stockroom import Stockroom

Action = Callable[[datetime], None]

FIRST_CUSTOMERS: Final = 0.4
"""This share of the customers is there from the first day; the others join over time."""

ITEMS_A_CHECK: Final = 250
"""Each day something besides orders happens to one of so many stock items."""

AMPLE: Final = 4
"""Portions of a line that is to be shipped and to come back in parts."""


@dataclass(slots=True)
class History:
    """What happens, in the order of time; `end` is the last instant of it."""

    size: Size
    end: datetime
    dice: Dice
    rows: Rows
    numbers: Numbers
    company: Company = field(init=False)
    office: Office = field(init=False)
    shop: Shop = field(init=False)
    reception: Reception = field(init=False)
    buyers: list[Buyer] = field(default_factory=list)
    open: dict[UUID, Case] = field(default_factory=dict)
    placed: int = 0
    _planned: list[tuple[datetime, int, Action]] = field(default_factory=list)
    _turns: Iterator[int] = field(default_factory=count)

    def later(self, at: datetime, action: Action) -> None:
        """Plan something. What lies after the end does not happen any more."""
        if at <= self.end:
            heappush(self._planned, (at, next(self._turns), action))

    def run(self) -> Iterator[None]:
        """Let it happen, with a stop whenever there are enough rows to be written."""
        start = beginning(self.end)
        self._found(start)
        self._plan(start)
        while self._planned:
            at, _, action = heappop(self._planned)
            action(at)
            if self.rows.enough:
                yield
        for case in self.open.values():
            case.keep()
            if self.rows.enough:
                yield
        yield

    def _found(self, start: datetime) -> None:
        """The company, its shelves full and its doors not yet open."""
        journal = Journal(self.dice, self.rows)
        products, warehouses = self.size.products, self.size.warehouses
        self.company = found(
            self.dice, self.rows, start, products, warehouses, self.numbers.policy.currency
        )
        stockroom = Stockroom(self.company, self.dice, self.rows, journal, self.later)
        stockroom.fill_shelves(start, self.size.orders / DAYS * MEAN_LINES)
        self.office = Office(
            self.dice, self.rows, journal, stockroom, self.numbers, self._goods_came
        )
        self.shop = Shop(self.company, self.office, self.end)
        self.reception = Reception(self.company, self.dice, self.rows, journal, self.numbers)

    def _plan(self, start: datetime) -> None:
        """All that does not follow from something else."""
        first = max(1, int(self.size.customers * FIRST_CUSTOMERS))
        joining = (self.end - start) * 0.9 / max(1, self.size.customers - first)
        for number in range(self.size.customers):
            self.later(start + joining * max(0, number - first + 1), self._join)
        for day in range(1, DAYS):
            checks = 1 + len(self.company.stock) // ITEMS_A_CHECK
            at = start + timedelta(days=day, hours=8)
            for minute in range(checks):
                self.later(at + timedelta(minutes=minute), self.office.stockroom.upkeep)
        scenes = SCENES[: self.size.orders]
        for scene in scenes:
            self._show(scene)
        coming = arrivals(self.dice, self.size.orders - len(scenes), self.end)
        self._await_next(coming)

    def _join(self, at: datetime) -> None:
        self.buyers.append(self.reception.welcome(at))

    def _await_next(self, coming: Iterator[datetime]) -> None:
        """Orders are planned one by one, so that memory holds one and not a hundred thousand."""
        at = next(coming, None)
        if at is not None:
            self.later(at, lambda then: self._arrive(then, coming))

    def _arrive(self, at: datetime, coming: Iterator[datetime]) -> None:
        # Squared, so that those who have been customers for long order most.
        chosen = self.buyers[int(self.dice.random.random() ** 2 * len(self.buyers))]
        self._begin(at, chosen, drawn(self.dice, is_business=chosen.is_business), None)
        self._await_next(coming)

    def _show(self, scene: Scene) -> None:
        """Plan an order whose products let it get where it is to be seen."""
        fitting = [
            product
            for product in self.company.products
            if not product.discontinued and self._fits(product, scene)
        ]
        at = self.end - scene.age + self.dice.hours(0, 6)
        self.later(at, lambda then: self._perform(then, scene, fitting))

    def _perform(self, at: datetime, scene: Scene, fitting: list[Product]) -> None:
        if scene.made_to_order:
            # One piece more than came back from other customers, so that it has to be made.
            stock = self.office.stockroom.by_product[fitting[0].id]
            free = sum(max(item.balance.available, 0) for item in stock)
            wishes = [(fitting[0], free + 1)]
        else:
            wishes = [(product, AMPLE) for product in fitting[:2]]
        self._begin(at, self.buyers[0], scene.plan, wishes)

    def _fits(self, product: Product, scene: Scene) -> bool:
        if scene.made_to_order:
            return self.company.families[product.id].to_order
        return product.backorder is BackorderPolicy.DENY

    def _begin(
        self,
        at: datetime,
        chosen: Buyer,
        plan: Plan,
        wishes: list[tuple[Product, int]] | None,
    ) -> None:
        """An order comes in, and its life begins."""
        case = self.shop.order(at, chosen, wishes)
        orders_alone = case.order.channel == "web"
        actor = buyer(chosen.customer) if orders_alone else SALES
        case.story = live(case, plan, actor, at)
        self.open[case.order.id] = case
        self.placed += 1
        self._go_on(case, None)

    def _go_on(self, case: Case, at: datetime | None) -> None:
        """The next step of an order's life; at the end of it, its rows."""
        if case.story is None:
            return
        try:
            pause = next(case.story) if at is None else case.story.send(at)
        except StopIteration:
            case.story = None
            self._put_away(case)
            return
        case.waits = pause is None
        if pause is not None:
            now = at or case.order.created_at
            self.later(self.dice.office_time(now + pause), lambda then: self._go_on(case, then))

    def _goods_came(self, case: Case, at: datetime) -> None:
        if case.waits:
            self._go_on(case, at)
        elif case.story is None:
            self._put_away(case)

    def _put_away(self, case: Case) -> None:
        """Keep the rows of an order that nothing will happen to any more."""
        if not case.is_waiting:
            del self.open[case.order.id]
            case.keep()
