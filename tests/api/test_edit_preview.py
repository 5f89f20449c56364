"""A preview of an edit tells to the cent what the edit does, or why it is refused."""

import random
from base64 import b64encode
from collections import Counter
from typing import Any, Final
from uuid import UUID

import pytest

from models.orders import Order, OrderLine
from models.rules.access import OPEN
from models.rules.order_states import OrderAction
from models.rules.shipment_states import ShipmentStatus
from resolvers.identifiers import to_global
from services.fulfillment.ship import CreateShipment, create_shipment
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.place import draft_order
from services.work import clock
from tests.support.api import ask
from tests.support.databases import Database
from tests.support.order_inputs import (
    LATER,
    ODDITIES,
    SKUS,
    Input,
    Market,
    Oddity,
    drawn,
    open_market,
)
from tests.support.trade import lines_of, nothing_written, shipments_of

REASONS: Final = """userErrors { __typename code message path
  ... on StockShortage { sku requested available warehouse { code } }
  ... on IllegalTransition { attempted from allowed subject { id } }
  ... on CreditExceeded { limit { amount } used { amount } requestedAmount { amount } } }"""
SUM: Final = "{ net { amount currencyCode } tax { amount } gross { amount } }"
PREVIEW: Final = f"""query($id: ID!, $input: OrderEditInput!) {{
  orderEditPreview(id: $id, input: $input) {{
    before {SUM} after {SUM} difference {{ amount currencyCode }} {REASONS} }} }}"""
EDIT: Final = f"""mutation($id: ID!, $version: Int!, $input: OrderEditInput!) {{
  orderEdit(id: $id, version: $version, input: $input, reason: "They called.") {{
    order {{ total {SUM} }} {REASONS} }} }}"""
TOTAL: Final = f"query($id: ID!) {{ order(id: $id) {{ total {SUM} }} }}"
UNREADABLE: Final = (
    *("", "x", "T3JkZXI6", b64encode(b"Order:nobody").decode(), "=" * 8, "Ω"),
    *(to_global(kind, UUID(int=1)) for kind in ("Order", "OrderLine", "Customer", "Product")),
)
"""What is no id of an order, of a line of one, or of a customer that is there."""


def _line(dice: random.Random, line: OrderLine) -> Input:
    """A line as it is to be, mostly about as it was."""
    units = line.quantity - line.cancelled
    wish: Input = {
        "lineId": to_global("OrderLine", line.id),
        "quantity": max(0, units + dice.choice((-3, -1, 0, 0, 1, 2, 40))),
    }
    if dice.random() < 0.5:
        wish["sku"] = line.sku
    if dice.random() < 0.2:
        wish["unitPrice"] = str(dice.randint(0, 40))
    if dice.random() < 0.2:
        wish["discountRate"] = dice.choice(("0", "0.125", "1"))
    return wish


ODD_EDITS: Final[tuple[Oddity, ...]] = (
    *ODDITIES,
    lambda dice, wish: dice.choice(wish["lines"]).update(lineId=dice.choice(UNREADABLE)),
    lambda dice, wish: wish.update(customerId=dice.choice(UNREADABLE)),
    lambda _, wish: wish.update(customerId=None),
    lambda _, wish: wish["lines"].append(dict(wish["lines"][0])),
    lambda _, wish: wish.update(attributes="text"),
    lambda _, wish: wish.update(attributes={str(key): key for key in range(101)}),
    lambda _, wish: wish.update(reserveUntil="2036-03-10T12:00:00Z"),
    lambda _, wish: wish.update(reserveUntil=None),
)
"""What is wrong with an edit, each done to it."""


async def drawn_edit(dice: random.Random, market: Market, order: Order) -> Input:
    """What somebody wants of an order; now and then it is odd, or of another order."""
    fields = drawn(random.Random(dice.random()), market)
    wish = {name: fields[name] for name in fields if dice.random() < 0.3}
    wish.pop("currencyCode", None)
    wish.pop("channel", None)
    if dice.random() < 0.8:
        kept = [_line(dice, each) for each in await lines_of(order) if dice.random() < 0.9]
        new = [{"sku": dice.choice(SKUS), "quantity": dice.randint(1, 9)}]
        wish["lines"] = [*kept, *new * (dice.random() < 0.3)]
    for _ in range(dice.choice((0, 0, 1, 1, 2))):
        if wish.get("lines"):
            dice.choice(ODD_EDITS)(dice, wish)
    wish.pop("currencyCode", None)
    wish.pop("channel", None)
    return wish


async def drawn_order(dice: random.Random, market: Market) -> Order:
    """An order in one of the states that orders come to."""
    trade = market.trade
    skus = dice.sample(("TEA", "POT", "SALT", "OIL"), dice.randint(1, 3))
    lines = [(sku, dice.randint(1, 4)) for sku in skus]
    match dice.choice(("draft", "draft", "placed", "placed", "placed", "part", "sent", "gone")):
        case "draft":
            wanted = tuple(NewLine(*line) for line in lines)
            return await draft_order(OPEN, PlaceOrder(trade.customer_id, wanted))
        case "part":
            order = await trade.place(("SALT", 4), ("TEA", 1))
            salt = (await lines_of(order))[0]
            units = {salt.id: 2}
            prepared = CreateShipment(order.id, order.version, trade.near_id, units)
            order = await create_shipment(OPEN, prepared)
            if dice.random() < 0.5:
                return order
            (shipment,) = await shipments_of(order)
            return await trade.track(shipment, ShipmentStatus.SHIPPED)
        case "sent":
            return await trade.act(await trade.place(("SALT", 2)), OrderAction.SHIP)
        case "gone":
            return await trade.act(await trade.place(*lines), OrderAction.CANCEL)
        case _:
            return await trade.place(*lines)


async def compare(order: Order, wish: Input) -> str:
    """Preview an edit, and do it; what came of it, or why it was refused."""
    known: Input = {"id": to_global("Order", order.id), "input": wish}
    before = (await ask(TOTAL, id=known["id"]))["order"]["total"]
    told = (await ask(PREVIEW, **known))["orderEditPreview"]
    edited = (await ask(EDIT, version=order.version, **known))["orderEdit"]
    assert told["before"] == before
    assert told["userErrors"] == edited["userErrors"]
    if edited["order"] is None:
        return ", ".join(sorted({each["code"] for each in told["userErrors"]}))
    assert told["after"] == edited["order"]["total"]
    return "edited"


async def test_a_preview_equals_what_the_edit_does(database: Database) -> None:
    dice = random.Random(7)
    outcomes: Counter[str] = Counter()
    with clock.frozen(LATER):
        market = await open_market()
        for number in range(300):
            if number % 15 == 0:
                await market.restock()
            order = await drawn_order(dice, market)
            outcomes[await compare(order, await drawn_edit(dice, market, order))] += 1
    usual = {"edited", "INVALID", "NOT_FOUND", "REQUIRED", "DUPLICATE", "ILLEGAL_TRANSITION"}
    assert outcomes.keys() >= usual | {"INSUFFICIENT_STOCK", "INVALID, NOT_FOUND"}, outcomes


@pytest.mark.parametrize("text", UNREADABLE)
async def test_an_id_that_cannot_be_read(sqlite_database: Database, text: str) -> None:
    with clock.frozen(LATER):
        market = await open_market()
        wanted = PlaceOrder(market.trade.customer_id, (NewLine("TEA", 1),))
        order = await draft_order(OPEN, wanted)
        assert await compare(order, {"customerId": text}) == "NOT_FOUND"
        wish: Any = {"lines": [{"lineId": text, "sku": "TEA", "quantity": 1}]}
        # Without an id the line is a new one, and takes the place of the other.
        assert await compare(order, wish) == ("NOT_FOUND" if text else "edited")
        async with nothing_written():
            wish = {"lines": [{"lineId": "x", "quantity": 1}]}
            assert (await ask(PREVIEW, id=text, input=wish))["orderEditPreview"] is None
            edited = (await ask(EDIT, id=text, version=1, input={}))["orderEdit"]
    assert [(each["code"], each["path"]) for each in edited["userErrors"]] == [
        ("NOT_FOUND", ["id"])
    ]
