"""The shelves: counters that change by movements only, so that the ledger adds up."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Final, Protocol
from uuid import UUID

from models.catalog import Product
from models.inventory import StockItem, StockMovement
from models.orders import OrderLine
from models.rules.access import Actor
from models.rules.allocation import Demand, Plan, StockRow, allocate
from models.rules.catalog import BackorderPolicy
from models.rules.events import EventKind
from models.rules.inventory import MovementKind, is_low
from services.demo.company import Company
from services.demo.dice import Dice
from services.demo.journal import NIGHTLY, WAREHOUSE, Journal
from services.demo.rows import Rows

COVER_DAYS: Final = 45
"""A delivery from a supplier lasts about so long."""

SAFETY_DAYS: Final = 3
LEAST_PORTIONS: Final = 12

Later = Callable[[datetime, Callable[[datetime], None]], None]


class Waiting(Protocol):
    """An order with a line that waits for goods."""

    def fill(self, line: OrderLine, item: StockItem, units: int, at: datetime) -> None: ...


@dataclass(slots=True)
class Stockroom:
    """All stock items of the company, and who waits for what.

    `later` plans something for an instant to come: the arrival of what was ordered.
    """

    company: Company
    dice: Dice
    rows: Rows
    journal: Journal
    later: Later
    products: dict[UUID, Product] = field(default_factory=dict)
    by_product: dict[UUID, list[StockItem]] = field(default_factory=dict)
    by_id: dict[UUID, StockItem] = field(default_factory=dict)
    lead_days: dict[UUID, int] = field(default_factory=dict)
    priorities: dict[UUID, int] = field(default_factory=dict)
    waiting: dict[UUID, deque[tuple[Waiting, OrderLine]]] = field(default_factory=dict)

    def fill_shelves(self, at: datetime, lines_a_day: float) -> None:
        """Make every stock item, with goods for its share of the demand, and keep its row."""
        days = {
            supplier.id: supplier.lead_time_days for supplier in self.company.suppliers.values()
        }
        self.priorities = {house.id: house.priority for house in self.company.warehouses}
        whole = sum(self.company.popularity)
        for product, popularity in zip(self.company.products, self.company.popularity, strict=True):
            if product.supplier_id is None:
                raise ValueError(f"{product.sku} has no supplier")
            self.products[product.id] = product
            self.lead_days[product.id] = days[product.supplier_id]
            self.by_product[product.id] = []
            family = self.company.families[product.id]
            daily = lines_a_day * popularity / whole * family.portion * 2.5
            for position, warehouse in enumerate(self.company.warehouses):
                if position and self.dice.happens(0.3):
                    continue
                item = self._item(product, warehouse.id, daily / 2**position, at)
                self.by_product[product.id].append(item)
                self.by_id[item.id] = item
                self.rows.add(StockItem, {**vars(item)})
                if not family.to_order:
                    opening = (item.reorder_point or 0) + (item.reorder_quantity or 0)
                    self.move(at, WAREHOUSE, item, MovementKind.RECEIPT, opening, "opening stock")
        self.company.stock = list(self.by_id.values())

    def _item(self, product: Product, warehouse_id: UUID, daily: float, at: datetime) -> StockItem:
        """An empty stock item whose reorder point follows from what is sold there in a day."""
        family = self.company.families[product.id]
        least = LEAST_PORTIONS * family.portion
        safety = 0 if family.to_order else ceil(daily * SAFETY_DAYS) // family.portion
        point = least + ceil(daily * (self.lead_days[product.id] + SAFETY_DAYS))
        return StockItem(
            id=self.dice.id_at(at),
            product_id=product.id,
            warehouse_id=warehouse_id,
            safety_stock=safety * family.portion,
            reorder_point=None if family.to_order else _packs(point, family.portion),
            reorder_quantity=_packs(least * 3 + ceil(daily * COVER_DAYS), family.portion * 10),
            sort_sku=product.sku,
            sort_name=product.sort_name,
            created_at=at,
            updated_at=at,
        )

    def move(
        self,
        at: datetime,
        actor: Actor,
        item: StockItem,
        kind: MovementKind,
        quantity: int,
        reason: str | None = None,
        line: OrderLine | None = None,
    ) -> None:
        """One movement: the counters, its ledger line, its event."""
        was_low = self._is_low(item)
        after = item.balance.after(kind, quantity)
        item.on_hand, item.reserved, item.damaged = after.on_hand, after.reserved, after.damaged
        item.movement_seq += 1
        item.version += 1
        item.updated_at = at
        self.rows.add(
            StockMovement,
            {
                "id": self.dice.id_at(at),
                "stock_item_id": item.id,
                "sequence": item.movement_seq,
                "at": at,
                "kind": kind,
                "quantity": quantity,
                "on_hand_after": after.on_hand,
                "reserved_after": after.reserved,
                "damaged_after": after.damaged,
                "reason": reason,
                "order_id": line.order_id if line else None,
                "order_line_id": line.id if line else None,
                "actor_kind": actor.kind,
                "actor_id": actor.id,
                "actor_name": actor.name,
            },
        )
        data = {
            "onHand": after.on_hand,
            "reserved": after.reserved,
            "damaged": after.damaged,
            "available": after.available,
        }
        self.journal.record(at, actor, item, EventKind.STOCK_CHANGED, data)
        if not was_low and self._is_low(item):
            low = {"available": after.available}
            self.journal.record(at, actor, item, EventKind.STOCK_LOW, low)

    def promise(self, at: datetime, lines: list[OrderLine]) -> Plan:
        """Which line gets what from where. Lines that may not wait get express deliveries first."""
        demand = [
            Demand(line.id, line.product_id, line.quantity) for line in lines if line.product_id
        ]
        plan = allocate(demand, self._shelves(demand))
        urgent = [wish for wish in demand if wish.line_key in plan.shortages]
        urgent = [wish for wish in urgent if not self._may_wait(wish, plan)]
        if not urgent:
            return plan
        for wish in urgent:
            item = self.by_product[wish.product_id][0]
            short = max(0, -item.balance.available)
            units = short + plan.shortages[wish.line_key] + (item.reorder_quantity or 0)
            self.move(at, WAREHOUSE, item, MovementKind.RECEIPT, units, "express delivery")
        return allocate(demand, self._shelves(demand))

    def _may_wait(self, wish: Demand, plan: Plan) -> bool:
        product = self.products[wish.product_id]
        if product.backorder is not BackorderPolicy.UNTIL_EXPECTED:
            return product.backorder is BackorderPolicy.ALLOW
        expected: int = sum(item.incoming for item in self.by_product[product.id])
        owed: int = sum(line.backordered for _, line in self.waiting.get(product.id, ()))
        return plan.shortages[wish.line_key] <= expected - owed

    def _shelves(self, demand: list[Demand]) -> list[StockRow]:
        return [
            StockRow(
                stock_item_id=item.id,
                product_id=product_id,
                warehouse_id=item.warehouse_id,
                priority=self.priorities[item.warehouse_id],
                available=max(item.balance.available, 0),
            )
            for product_id in {wish.product_id: None for wish in demand}
            for item in self.by_product[product_id]
        ]

    def wait(self, order: Waiting, line: OrderLine, at: datetime) -> None:
        """Queue up for a line's backordered units; what is made to order is ordered now."""
        if line.product_id is None:
            raise ValueError("a line without a product waits for nothing")
        self.waiting.setdefault(line.product_id, deque()).append((order, line))
        item = self.by_product[line.product_id][0]
        if self.company.families[line.product_id].to_order:
            self._order(item, line.backordered, at)
        else:
            self.replenish(item, at)

    def replenish(self, item: StockItem, at: datetime) -> None:
        """Order from the supplier where stock and what is on its way have sunk to the point."""
        if self._is_low(item):
            self._order(item, item.reorder_quantity or 0, at)

    def _order(self, item: StockItem, units: int, at: datetime) -> None:
        item.incoming += units
        days = self.lead_days[item.product_id] + self.dice.between(-1, 3)
        arrives = self.dice.office_time(at + timedelta(days=max(days, 1)))
        self.later(arrives, lambda then: self._receive(item, units, then))

    def _receive(self, item: StockItem, units: int, at: datetime) -> None:
        """Take a delivery in and serve those who wait, first come first served."""
        item.incoming -= units
        self.move(at, WAREHOUSE, item, MovementKind.RECEIPT, units, "delivery from the supplier")
        queue = self.waiting.get(item.product_id, deque())
        while queue and item.balance.available > 0:
            order, line = queue[0]
            served = min(line.backordered, item.balance.available)
            if served:
                order.fill(line, item, served, at)
            if not line.backordered:
                queue.popleft()

    def _is_low(self, item: StockItem) -> bool:
        return is_low(item.balance.available, item.incoming, item.reorder_point)

    def upkeep(self, at: datetime) -> None:
        """What happens in a warehouse besides orders: breakage, counts, transfers, corrections."""
        item = self.dice.one(self.company.stock)
        portion = self.company.families[item.product_id].portion
        free = item.balance.available
        if item.damaged and self.dice.happens(0.7):
            self.move(at, WAREHOUSE, item, MovementKind.SCRAP, -item.damaged, "disposed of")
        elif free < 4 * portion:
            self.move(at, NIGHTLY, item, MovementKind.COUNT, 0, "counted, as booked")
        else:
            self._upset(at, item, portion, free)
            self.replenish(item, at)

    def _upset(self, at: datetime, item: StockItem, portion: int, free: int) -> None:
        units = portion * self.dice.between(1, 3)
        others = [other for other in self.by_product[item.product_id] if other is not item]
        match self.dice.between(1, 4):
            case 1:
                self.move(at, WAREHOUSE, item, MovementKind.DAMAGE, units, "broken in storage")
            case 2:
                self.move(at, WAREHOUSE, item, MovementKind.COUNT, -portion, "stocktaking")
            case 3 if others:
                moved = min(free // 2 // portion * portion, 6 * portion)
                there = self.dice.one(others)
                self.move(at, WAREHOUSE, item, MovementKind.TRANSFER_OUT, -moved, "evening out")
                self.move(at, WAREHOUSE, there, MovementKind.TRANSFER_IN, moved, "evening out")
            case _:
                self.move(
                    at, WAREHOUSE, item, MovementKind.ADJUST, portion, "found behind the shelf"
                )


def _packs(units: int, pack: int) -> int:
    """So many units, rounded up to whole packs."""
    return ceil(units / pack) * pack
