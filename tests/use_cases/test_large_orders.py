"""An order costs as many statements with 2,000 lines as with ten, whatever is done with it."""

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager

import pytest

from models.fulfillment import Return
from models.orders import Order
from models.rules.access import OPEN
from models.rules.order_states import OrderAction
from models.rules.return_states import Disposition, ReturnUnits
from models.rules.shipment_states import ShipmentStatus
from services.fulfillment.returns import (
    ReceiveReturn,
    RequestReturn,
    receive_return,
    request_return,
)
from services.orders.edit import EditOrder, edit_order
from services.orders.edit_preview import preview_edit
from services.orders.edited_lines import EditedLine
from services.orders.place import draft_order, place_order
from services.orders.preview import preview_order
from tests.support.audit.auditor import audit
from tests.support.databases import Database
from tests.support.large import ON_HAND, Large, open_large
from tests.support.statements import counted
from tests.support.trade import lines_of, shipments_of


class Life:
    """What is done with orders of so many lines, and how many statements each step takes."""

    def __init__(self, large: Large, lines: int) -> None:
        self.large, self.trade, self.lines = large, large.trade, lines
        self.statements: dict[str, int] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        with counted() as statements:
            yield
        self.statements[name] = len(statements)

    async def edit(self, name: str, order: Order, *quantities: int) -> Order:
        """The order after the first lines want these quantities, and all others the last."""
        lines = await lines_of(order)
        wanted = [*quantities, *[quantities[-1]] * len(lines)]
        wishes = tuple(
            EditedLine(None, quantity, line_id=line.id)
            for line, quantity in zip(lines, wanted, strict=False)
        )
        wish = EditOrder(order.id, order.version, "for the test", wishes)
        with self.step(f"preview {name}"):
            await preview_edit(OPEN, wish)
        with self.step(f"edit {name}"):
            return await edit_order(OPEN, wish)

    async def done(self, name: str, made: Awaitable[Order]) -> Order:
        with self.step(name):
            return await made

    async def lead(self) -> dict[str, int]:
        act = self.trade.act
        draft = await self.done("draft", draft_order(OPEN, self.large.wanted(self.lines)))
        order = await self.done("submit", act(draft, OrderAction.SUBMIT))
        await self.done("cancel", act(order, OrderAction.CANCEL))
        for name, units in (("preview", 5), ("preview short", ON_HAND + 1)):
            with self.step(name):
                await preview_order(OPEN, self.large.wanted(self.lines, units))
        order = await self.done("place", place_order(OPEN, self.large.wanted(self.lines)))
        header = EditOrder(order.id, order.version, "for the test", attributes={"seen": True})
        order = await self.done("edit header", edit_order(OPEN, header))
        order = await self.edit("more", order, 7)
        order = await self.edit("less", order, 6)
        order = await self.edit("one", order, 7, 6)
        first, *others = await lines_of(order)
        one = act(order, OrderAction.CANCEL, lines={first.id: 1})
        order = await self.done("cancel one", one)
        each = act(order, OrderAction.CANCEL, lines={line.id: 1 for line in (first, *others)})
        order = await self.done("cancel each", each)
        order = await self.done("prepare", act(order, OrderAction.PREPARE))
        order = await self.done("ship", act(order, OrderAction.SHIP))
        (shipment,) = await shipments_of(order)
        order = await self.done("track", self.trade.track(shipment, ShipmentStatus.IN_TRANSIT))
        order = await self.done("deliver", self.trade.track(shipment, ShipmentStatus.DELIVERED))
        return await self.take_back(order)

    async def take_back(self, order: Order) -> dict[str, int]:
        lines = await lines_of(order)
        units = tuple(ReturnUnits(line.id, 2) for line in lines)
        announced = request_return(OPEN, RequestReturn(order.id, units, "for the test"))
        await self.done("announce", announced)
        request = await Return.get(order_id=order.id)
        kept = tuple(ReturnUnits(line.id, 2, Disposition.RESTOCK) for line in lines)
        await self.done("receive", receive_return(OPEN, ReceiveReturn(request.id, 1, kept)))
        return self.statements


@pytest.mark.parametrize("largest", [300, 2_000])
async def test_statements_do_not_grow_with_lines(database: Database, largest: int) -> None:
    large = await open_large(largest)
    # The first of all takes numbers for the others, too.
    _, one, ten, most = [await Life(large, lines).lead() for lines in (1, 1, 10, largest)]
    assert most == ten
    # One stock item is changed by its guarded update alone.
    assert {name: count for name, count in one.items() if count > ten[name]} == {}
    assert max(most.values()) <= 30
    assert await audit(database) == []
