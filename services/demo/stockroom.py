"""The demo's stock: counters that only movements change, so that the ledger adds up."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Final, Protocol
from uuid import UUID

from models.catalog import Product
from models.inventory import StockItem
from models.orders import OrderLine
from models.rules.access import SYSTEM, Actor
from models.rules.allocation import Demand, Plan, allocate
from models.rules.catalog import TrackingPolicy
from models.rules.inventory import Movement, MovementKind
from models.tracking import TrackedUnit, UnitMovement, UnitStock
from services.aggregates import stock
from services.aggregates.allocation import demand_of, refusals
from services.aggregates.reservations import stock_row
from services.aggregates.selling import Goods
from services.demo.company import Company
from services.demo.office import WAREHOUSE, Office
from services.storage.rows import fresh

COVER_DAYS: Final = 45
"""The days that a supplier's delivery lasts, about."""

SAFETY_DAYS: Final = 3
LEAST_PORTIONS: Final = 12
SHELF_LIFE_DAYS: Final = (60, 400)

Later = Callable[[datetime, Callable[[], None]], None]


class Waiting(Protocol):
    """An order with a line that waits for goods."""

    def fill(self, line: OrderLine, item: StockItem, units: int) -> None: ...


@dataclass(slots=True)
class Stockroom:
    """All stock items of the company, and the lines that wait for goods.

    `later` schedules the arrival of ordered goods.
    """

    company: Company
    office: Office
    later: Later
    goods: dict[UUID | None, Goods] = field(default_factory=dict)
    by_product: defaultdict[UUID | None, list[StockItem]] = field(
        default_factory=lambda: defaultdict(list)
    )
    by_id: dict[UUID, StockItem] = field(default_factory=dict)
    priorities: dict[UUID, int] = field(default_factory=dict)
    waiting: defaultdict[UUID | None, deque[tuple[Waiting, OrderLine]]] = field(
        default_factory=lambda: defaultdict(deque)
    )

    def fill_shelves(self, lines_a_day: float) -> None:
        """Makes all stock items, with goods for their share of the demand.

        Those of a product are in the order of their warehouses' priorities.
        """
        self.priorities = {house.id: house.priority for house in self.company.warehouses}
        whole = sum(self.company.popularity)
        for product, popularity in zip(self.company.products, self.company.popularity, strict=True):
            self.goods[product.id] = Goods._make(getattr(product, name) for name in Goods._fields)
            family = self.company.families[product.id]
            daily = lines_a_day * popularity / whole * family.portion * 2.5
            for position, warehouse in enumerate(self.company.warehouses):
                if position and self.office.dice.happens(0.3):
                    continue
                item = self._item(product, warehouse.id, daily / 2**position)
                self.by_product[product.id].append(item)
                self.by_id[item.id] = item
                self.office.rows.add(item)
                if not family.to_order:
                    opening = (item.reorder_point or 0) + (item.reorder_quantity or 0)
                    self.move(WAREHOUSE, item, MovementKind.RECEIPT, opening, "opening stock")
        self.company.stock = list(self.by_id.values())

    def _item(self, product: Product, warehouse_id: UUID, daily: float) -> StockItem:
        """An empty stock item, whose reorder point follows from its sales a day."""
        family = self.company.families[product.id]
        least = LEAST_PORTIONS * family.portion
        safety = 0 if family.to_order else ceil(daily * SAFETY_DAYS) // family.portion
        lead_days = self.company.lead_days[product.id]
        point = least + ceil(daily * (lead_days + SAFETY_DAYS))
        return fresh(
            StockItem,
            product_id=product.id,
            warehouse_id=warehouse_id,
            safety_stock=safety * family.portion,
            reorder_point=None if family.to_order else _packs(point, family.portion),
            reorder_quantity=_packs(least * 3 + ceil(daily * COVER_DAYS), family.portion * 10),
            sort_sku=product.sku,
            sort_name=product.sort_name,
            created_at=self.office.work.now,
            updated_at=self.office.work.now,
        )

    def move(
        self, actor: Actor, item: StockItem, kind: MovementKind, quantity: int, reason: str
    ) -> None:
        """Makes one movement of no order, by any actor."""
        before = self.office.work.actor
        stock.apply(self.office.by(actor), item, [Movement(kind, quantity, reason)])
        self.office.by(before)

    def apply(self, movements: Mapping[UUID, list[Movement]], *, promise: bool = False) -> None:
        """Makes the movements of stock items, by their ids; reorders low ones."""
        for item_id, some in movements.items():
            item = self.by_id[item_id]
            stock.apply(self.office.work, item, some, promise=promise)
            if promise:
                self.replenish(item)

    def plan(self, lines: list[OrderLine]) -> Plan:
        """The allocation of lines. Lines without backorders get express deliveries first."""
        plan = self._allocate(lines)
        if not plan.shortages:
            return plan
        expected = Counter({each.product_id: self._expected(each) for each in demand_of(lines)})
        refused = refusals(lines, self.goods, plan.shortages, expected, {})
        for error in refused:
            line = lines[int(error.path[1])]
            item = self.by_product[line.product_id][0]
            short = max(0, -item.balance.available)
            units = short + plan.shortages[line.id] + (item.reorder_quantity or 0)
            self.move(WAREHOUSE, item, MovementKind.RECEIPT, units, "express delivery")
        return self._allocate(lines) if refused else plan

    def _allocate(self, lines: list[OrderLine]) -> Plan:
        demand = demand_of(lines)
        return allocate(
            demand,
            [
                stock_row(item, self.priorities[item.warehouse_id])
                for product_id in dict.fromkeys(each.product_id for each in demand)
                for item in self.by_product[product_id]
            ],
        )

    def _expected(self, demand: Demand) -> int:
        """Incoming units of a product that no line waits for."""
        incoming: int = sum(item.incoming for item in self.by_product[demand.product_id])
        waiting: int = sum(line.backordered for _, line in self.waiting[demand.product_id])
        return incoming - waiting

    def wait(self, order: Waiting, line: OrderLine) -> None:
        """Queues a line's backordered units; made-to-order products are ordered now."""
        self.waiting[line.product_id].append((order, line))
        item = self.by_product[line.product_id][0]
        if self.company.families[item.product_id].to_order:
            self._order(item, line.backordered)
        else:
            self.replenish(item)

    def replenish(self, item: StockItem) -> None:
        """Orders from the supplier if stock and incoming units are down to the reorder point."""
        if item.is_low:
            self._order(item, item.reorder_quantity or 0)

    def _order(self, item: StockItem, units: int) -> None:
        self._expect(item, units)
        dice = self.office.dice
        days = self.company.lead_days[item.product_id] + dice.between(-1, 3)
        arrives = dice.office_time(self.office.work.now + timedelta(days=max(days, 1)))
        self.later(arrives, lambda: self._receive(item, units))

    def _expect(self, item: StockItem, units: int) -> None:
        item.incoming += units
        stock.set_derived(item)

    def _receive(self, item: StockItem, units: int) -> None:
        """Receives a delivery and serves the waiting lines, first come first served."""
        self._expect(item, -units)
        self.move(WAREHOUSE, item, MovementKind.RECEIPT, units, "delivery from the supplier")
        queue = self.waiting[item.product_id]
        while queue and item.available > 0:
            order, line = queue[0]
            if served := min(line.backordered, item.available):
                order.fill(line, item, served)
            if not line.backordered:
                queue.popleft()

    def upkeep(self) -> None:
        """Makes a movement besides orders: breakage, a count, a transfer, a correction."""
        dice, item = self.office.dice, self.office.dice.one(self.company.stock)
        portion = self.company.families[item.product_id].portion
        if item.damaged and dice.happens(0.7):
            self.move(WAREHOUSE, item, MovementKind.SCRAP, -item.damaged, "disposed of")
        elif item.available < 4 * portion:
            self.move(SYSTEM, item, MovementKind.COUNT, 0, "counted, as booked")
        else:
            self._upset(item, portion)
            self.replenish(item)

    def _upset(self, item: StockItem, portion: int) -> None:
        dice, free = self.office.dice, item.available
        others = [other for other in self.by_product[item.product_id] if other is not item]
        changes = (
            (MovementKind.DAMAGE, portion * dice.between(1, 3), "broken in storage"),
            (MovementKind.COUNT, -portion, "stocktaking"),
            (MovementKind.ADJUST, portion, "found behind the shelf"),
        )
        drawn = dice.between(0, 3)
        if drawn < len(changes) or not others:
            self.move(WAREHOUSE, item, *changes[min(drawn, len(changes) - 1)])
            return
        moved = min(free // 2 // portion * portion, 6 * portion)
        self.move(WAREHOUSE, item, MovementKind.TRANSFER_OUT, -moved, "evening out")
        self.move(WAREHOUSE, dice.one(others), MovementKind.TRANSFER_IN, moved, "evening out")

    def count_lots(self) -> None:
        """Makes one lot of each tracked product, with all units on hand in each stock item."""
        for product in self.company.products:
            items = [item for item in self.by_product[product.id] if item.on_hand]
            if product.tracking is not TrackingPolicy.NONE and items:
                self._count_lot(product, items)

    def _count_lot(self, product: Product, items: list[StockItem]) -> None:
        now = self.office.work.now
        life = timedelta(days=self.office.dice.between(*SHELF_LIFE_DAYS))
        lot = fresh(
            TrackedUnit,
            product_id=product.id,
            code=f"L{now:%y%m}-{product.sku}"[:64],
            expires_on=(now + life).date(),
            movement_seq=len(items),
            created_at=now,
            moved_at=now,
        )
        self.office.rows.add(lot)
        for sequence, item in enumerate(items, start=1):
            place = {"unit_id": lot.id, "stock_item_id": item.id, "quantity": item.on_hand}
            step = fresh(
                UnitMovement,
                sequence=sequence,
                at=now,
                kind=MovementKind.COUNT,
                actor_kind=WAREHOUSE.kind,
                actor_id=WAREHOUSE.id,
                actor_name=WAREHOUSE.name,
                **place,
            )
            self.office.rows.add(fresh(UnitStock, **place), step)


def _packs(units: int, pack: int) -> int:
    """The units, rounded up to whole packs."""
    return ceil(units / pack) * pack
