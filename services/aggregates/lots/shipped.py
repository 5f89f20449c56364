"""The lots and serial numbers of a shipment: assigned when it is made, gone when it leaves."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from uuid import UUID

from models.fulfillment import Shipment, ShipmentLine
from models.orders import OrderLine
from models.rules.catalog import TrackingPolicy
from models.rules.errors import DomainError, Path, invalid, not_found, refuse
from models.rules.inventory import MovementKind
from models.rules.tracking import NamedUnits, check_units, in_shipping_order, is_expired
from models.tracking import ShipmentUnit, TrackedUnit, UnitStock
from services.aggregates.lots.stored import (
    Shift,
    Step,
    change,
    check_expiry,
    free,
    free_units,
    pieces,
    record_steps,
    summed,
    tracked_products,
)
from services.aggregates.selling import Goods, Products
from services.work.work import Work

MAX_TOLD: Final = 10
"""Codes that a refusal names."""

Chosen = Mapping[UUID, Sequence[NamedUnits]]
"""The chosen units of order lines, by the line's id."""


@dataclass
class _Shelf:
    """The free units of tracked products in one warehouse, as a shipment takes them.

    Units that have expired by the `day` are not taken.
    """

    rows: Mapping[UUID | None, Mapping[str, UnitStock]]
    day: date
    taken: dict[UUID, int] = field(default_factory=lambda: defaultdict(int))
    queues: dict[UUID | None, deque[UnitStock]] = field(default_factory=dict)

    def left(self, row: UnitStock) -> int:
        return free(row) - self.taken[row.id]

    def take(self, amounts: Mapping[UUID, int]) -> None:
        for key, units in amounts.items():
            self.taken[key] += units

    def take_first(self, product_id: UUID | None, quantity: int) -> dict[UUID, int]:
        """Takes the units that expire first, as far as they go."""
        queue = self._queue(product_id)
        amounts: dict[UUID, int] = {}
        while quantity and queue:
            row = queue[0]
            if units := min(quantity, self.left(row)):
                amounts[row.id] = units
                self.taken[row.id] += units
                quantity -= units
            if not self.left(row):
                queue.popleft()
        return amounts

    def _queue(self, product_id: UUID | None) -> deque[UnitStock]:
        """The product's units in shipping order, without those that are all taken.

        Lines of one product share it, so that a large shipment sorts them once.
        """
        if product_id not in self.queues:
            rows = {row.id: row for row in self.rows.get(product_id, {}).values()}
            stock = (free_units(row, free(row), self.day) for row in rows.values())
            order = in_shipping_order(each for each in stock if not each.is_expired)
            self.queues[product_id] = deque(rows[each.key] for each in order)
        return self.queues[product_id]

    def too_few(self, product: Goods) -> DomainError:
        """The refusal of more than is free; it names the lots to write off first."""
        rows = self.rows.get(product.id, {}).values()
        expired = [row.unit for row in rows if self.left(row) and self._is_over(row.unit)]
        message = f"Too few units of {product.sku} are free."
        if expired:
            codes = ", ".join(sorted(unit.code for unit in expired)[:MAX_TOLD])
            more = f" and {len(expired) - MAX_TOLD} more" if len(expired) > MAX_TOLD else ""
            message += f" Write off what has expired: {codes}{more}."
        return invalid(message, "lines")

    def _is_over(self, unit: TrackedUnit) -> bool:
        return is_expired(unit.expires_on, self.day)

    def take_named(
        self, product_id: UUID | None, named: Sequence[NamedUnits], path: Path
    ) -> tuple[dict[UUID, int], list[DomainError]]:
        """Takes exactly the chosen units; returns them, and the errors of the others."""
        rows = self.rows.get(product_id, {})
        errors = [*check_expiry(named, {code: row.unit for code, row in rows.items()}, path)]
        amounts: dict[UUID, int] = {}
        for index, each in enumerate(named):
            code = each.exact_code
            row = rows.get(code)
            if row is None:
                message = f"{code} does not lie in this warehouse."
                errors.append(not_found(message, *path, str(index), "code"))
            elif self._is_over(row.unit):
                message = f"{code} expired after {row.unit.expires_on}."
                errors.append(invalid(message, *path, str(index), "code"))
            elif each.quantity > self.left(row):
                message = f"{self.left(row)} units of {code} are free in this warehouse."
                errors.append(invalid(message, *path, str(index), "code"))
            else:
                amounts[row.id] = each.quantity
        self.take(amounts)
        return amounts, errors


async def _shelf(work: Work, warehouse_id: UUID, products: Products, at: datetime) -> _Shelf:
    found: dict[UUID | None, dict[str, UnitStock]] = defaultdict(dict)
    rows = UnitStock.filter(  # unscoped: all that lies in the shipment's own warehouse
        stock_item__product_id__in=list(products), stock_item__warehouse_id=warehouse_id
    ).using_db(work.connection)
    for row in await rows.select_related("unit"):
        found[row.unit.product_id][row.unit.code] = row
    return _Shelf(found, work.policy.local(at).date())


async def assign(
    work: Work,
    shipment: Shipment,
    contents: Sequence[ShipmentLine],
    lines: Mapping[UUID, OrderLine],
    chosen: Chosen | None = None,
) -> None:
    """Assigns units to the lines of a pending shipment whose products are tracked.

    The chosen units, and for other lines those that expire first. They stay in stock.

    Raises:
        Refused: units do not add up to the quantity, are not in the warehouse, are not free or
            have expired.
        Contended: another transaction took them meanwhile.
    """
    chosen = chosen or {}
    products = await tracked_products(
        work, [lines[each.order_line_id].product_id for each in contents]
    )
    errors: list[DomainError] = []
    for index, each in enumerate(contents):
        product = products.get(lines[each.order_line_id].product_id)
        tracking = product.tracking if product else TrackingPolicy.NONE
        path = ("lines", str(index))
        named = chosen.get(each.order_line_id)
        errors += check_units(tracking, each.quantity, named, path, needed=False)
    refuse(errors)
    if not products:
        return
    shelf = await _shelf(work, shipment.warehouse_id, products, work.now)
    given: dict[UUID, dict[UUID, int]] = {}
    for index, each in enumerate(contents):
        if (named := chosen.get(each.order_line_id)) is not None:
            product_id = lines[each.order_line_id].product_id
            place = ("lines", str(index), "units")
            given[each.id], wrong = shelf.take_named(product_id, named, place)
            errors += wrong
    refuse(errors)
    await _fill(work, shelf, contents, lines, products, given)


async def _fill(
    work: Work,
    shelf: _Shelf,
    contents: Sequence[ShipmentLine],
    lines: Mapping[UUID, OrderLine],
    products: Products,
    given: dict[UUID, dict[UUID, int]],
) -> None:
    """Stores the given units of lines, and the first to expire for lines without any."""
    for each in contents:
        product_id = lines[each.order_line_id].product_id
        if product_id not in products or each.id in given:
            continue
        given[each.id] = shelf.take_first(product_id, each.quantity)
        if sum(given[each.id].values()) != each.quantity:
            raise shelf.too_few(products[product_id])
    rows = {row.id: row for by_code in shelf.rows.values() for row in by_code.values()}
    amounts = summed(pair for taken in given.values() for pair in taken.items())
    await change(work, {key: Shift(assigned=units) for key, units in amounts.items()})
    await work.insert(
        [
            ShipmentUnit(shipment_line_id=line_id, unit_id=rows[key].unit_id, quantity=units)
            for line_id, taken in given.items()
            for key, units in taken.items()
        ]
    )


async def send_out(
    work: Work, shipment: Shipment, lines: Mapping[UUID, OrderLine], at: datetime
) -> None:
    """Takes a shipment's units out of stock; the lines' goods left it at `at`.

    Lines that were packed without units send those that expire first.

    Raises:
        Refused: packed units have expired since, or too few are free.
    """
    products = await tracked_products(work, [line.product_id for line in lines.values()])
    if not products:
        return
    # unscoped: lines of a shipment that was read
    rows = ShipmentLine.filter(shipment_id=shipment.id, order_line_id__in=list(lines))
    contents = {each.id: each for each in await rows.using_db(work.connection).order_by("id")}
    has_units = {each.shipment_line_id for each in await _assigned(work, shipment)}
    bare = [each for key, each in contents.items() if key not in has_units]
    if bare:
        shelf = await _shelf(work, shipment.warehouse_id, products, at)
        await _fill(work, shelf, bare, lines, products, {})
    held = await _assigned(work, shipment)
    assigned = [each for each in held if each.shipment_line_id in contents]
    refuse([*_spoiled(assigned, work.policy.local(at).date())])
    stock = await _stock_of_units(work, shipment, assigned)
    amounts = summed((each.unit_id, each.quantity) for each in assigned)
    await change(
        work, {stock[key].id: Shift(-units, assigned=-units) for key, units in amounts.items()}
    )
    await record_steps(
        work,
        [
            Step(
                each.unit_id,
                MovementKind.SHIP,
                -each.quantity,
                stock[each.unit_id].stock_item_id,
                order_id=shipment.order_id,
                order_line_id=contents[each.shipment_line_id].order_line_id,
                shipment_id=shipment.id,
            )
            for each in assigned
        ],
    )


def _spoiled(assigned: Sequence[ShipmentUnit], day: date) -> Iterator[DomainError]:
    for unit in {each.unit.id: each.unit for each in assigned}.values():
        if is_expired(unit.expires_on, day):
            yield invalid(
                f"{unit.code} expired after {unit.expires_on}: cancel the shipment and pack anew."
            )


async def set_free(work: Work, shipment: Shipment) -> None:
    """Frees the units of a shipment that is cancelled before it left."""
    assigned = await _assigned(work, shipment)
    if not assigned:
        return
    stock = await _stock_of_units(work, shipment, assigned)
    amounts = summed((each.unit_id, each.quantity) for each in assigned)
    await change(work, {stock[key].id: Shift(assigned=-units) for key, units in amounts.items()})
    for part in pieces([each.id for each in assigned]):
        # unscoped: units of a shipment that was read
        await ShipmentUnit.filter(id__in=part).using_db(work.connection).delete()


async def _assigned(work: Work, shipment: Shipment) -> list[ShipmentUnit]:
    # unscoped: units of a shipment that was read
    rows = ShipmentUnit.filter(shipment_line__shipment_id=shipment.id)
    return await rows.using_db(work.connection).select_related("unit").order_by("id")


async def _stock_of_units(
    work: Work, shipment: Shipment, assigned: Sequence[ShipmentUnit]
) -> dict[UUID, UnitStock]:
    """The stock of the assigned units in the shipment's warehouse, by unit."""
    stock: dict[UUID, UnitStock] = {}
    for part in pieces(sorted({each.unit_id for each in assigned})):
        rows = UnitStock.filter(  # unscoped: where the shipment's own units lie
            unit_id__in=part, stock_item__warehouse_id=shipment.warehouse_id
        ).using_db(work.connection)
        stock |= {row.unit_id: row for row in await rows}
    return stock
