"""What else is changed and foreseen at its limit, beside an order's plain life."""

from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import uuid4

from benchmarks.worst_orders import PLAIN, Ask, Asked, Shop, acted

LINES: Final = "lines { id sku quantity }"
ORDER: Final = f"id version {LINES}"
EDIT: Final = (
    "mutation($id: ID!, $v: Int!, $i: OrderEditInput!) {"
    f' orderEdit(id: $id, version: $v, input: $i, reason: "because") {{ {PLAIN} }} }}'
)
PREVIEW: Final = """query($id: ID!, $i: OrderEditInput!) {
  orderEditPreview(id: $id, input: $i) { difference { amount } userErrors { code } }
}"""
PLACED: Final = """query($i: OrderInput!) {
  orderPreview(input: $i) { status total { gross { amount } } lines { sku available earliest }
    userErrors { code } } }"""
PLACE: Final = f"mutation($i: OrderInput!) {{ orderPlace(input: $i) {{ order {{ {ORDER} }} }} }}"
READ: Final = f"query($id: ID!) {{ order(id: $id) {{ {ORDER} }} }}"
SENT: Final = """query($id: ID!) { order(id: $id) { version
  shipments { id parcels { id } } returns { id version } lines { id } } }"""
ADDRESS: Final = {"name": "Ada", "lines": ["1 Main St"], "city": "Berlin", "countryCode": "DE"}
ADJUSTED: Final = "items { id } userErrors { code message }"
ADJUST: Final = f"mutation($c: [StockChange!]!) {{ stockAdjust(changes: $c) {{ {ADJUSTED} }} }}"
DEFAULTS: Final = """query($c: ID!) { orderEntryDefaults(customerId: $c) {
  frequentProducts { score } lastOrder { number } } }"""
PARCELS: Final = 50
AT_ONCE: Final = 500
"""Lines of a stock change, at most."""


async def placed(ask: Ask, shop: Shop, lines: int) -> dict[str, Any]:
    """A new order with its lines."""
    answer = await ask((PLACE, {"i": shop.ordered(lines)}))
    order: dict[str, Any] = answer["orderPlace"]["order"]
    return order


async def read(ask: Ask, order: dict[str, Any]) -> dict[str, Any]:
    """The order as it is now."""
    found: dict[str, Any] = (await ask((READ, {"id": order["id"]})))["order"]
    return found


def listed(order: dict[str, Any], quantity: int) -> list[dict[str, Any]]:
    """The order's lines as an edit lists them, each of so many units."""
    return [{"lineId": line["id"], "quantity": quantity} for line in order["lines"]]


async def changes(ask: Ask, shop: Shop, lines: int) -> AsyncIterator[tuple[str, Asked]]:
    """Each step at its limit, to be measured by the caller: it does it."""
    draft = (await ask(shop.draft(lines)))["orderDraft"]["order"]
    yield f"SUBMIT {lines}", await acted(ask, draft["id"], "SUBMIT")
    async for step in edits(ask, shop, lines):
        yield step
    async for step in sent_and_returned(ask, shop, lines):
        yield step
    async for step in stock(ask, shop, lines):
        yield step


async def edits(ask: Ask, shop: Shop, lines: int) -> AsyncIterator[tuple[str, Asked]]:
    """An order's edits and their previews."""
    order = await placed(ask, shop, lines)

    def edit(wish: Any) -> Asked:
        return EDIT, {"id": order["id"], "v": order["version"], "i": wish}

    def preview(wish: Any) -> Asked:
        return PREVIEW, {"id": order["id"], "i": wish}

    all_anew = shop.ordered(lines, 3)["lines"]
    one = listed(order, 2)
    one[0]["quantity"] = 3
    wishes: list[tuple[str, Any]] = [
        ("address", {"shippingAddress": ADDRESS}),
        ("one line", {"lines": one}),
        ("all lines", {"lines": listed(order, 4)}),
        ("reversed", {"lines": listed(order, 3)[::-1]}),
        (
            "prices",
            {
                "lines": [
                    {**line, "unitPrice": f"{10 + place}.05", "discountRate": f"0.{place:06}"}
                    for place, line in enumerate(listed(order, 3))
                ]
            },
        ),
    ]
    for name, wish in wishes:
        yield f"preview of {name}", preview(wish)
        yield f"edit of {name}", edit(wish)
        order = await read(ask, order)
    yield "preview of all anew", preview({"lines": all_anew})
    yield "edit of all anew", edit({"lines": all_anew})
    order = await placed(ask, shop, lines)
    async for step in foreseen(shop, order, lines):
        yield step
    part = [{"lineId": line["id"], "quantity": 1} for line in order["lines"]]
    document, variables = await acted(ask, order["id"], "CANCEL")
    document = document.replace("$a: OrderAction!", "$a: OrderAction!, $l: [LineQuantity!]")
    document = document.replace("action: $a", "action: $a, lines: $l")
    yield "CANCEL of a unit each", (document, {**variables, "l": part})


async def foreseen(
    shop: Shop, order: dict[str, Any], lines: int
) -> AsyncIterator[tuple[str, Asked]]:
    """What is asked for before an order is placed or grows."""
    yield f"preview of {lines}", (PLACED, {"i": shop.ordered(lines)})
    wished = "query($l: [LineInput!]!) { availability(lines: $l) { sku available earliest } }"
    yield f"availability of {lines}", (wished, {"l": shop.ordered(lines)["lines"]})
    yield "availability of lines", (wished, {"l": listed(order, 3)})
    yield "entry defaults", (DEFAULTS, {"c": shop.customer})


async def sent_and_returned(ask: Ask, shop: Shop, lines: int) -> AsyncIterator[tuple[str, Asked]]:
    """An order that is sent in parcels, arrives, is paid, and comes back."""
    order = await placed(ask, shop, lines)
    create = (
        "mutation($id: ID!, $v: Int!, $i: ShipInput!) {"
        f" shipmentCreate(orderId: $id, version: $v, input: $i) {{ {PLAIN} }} }}"
    )
    contents = [{"lineId": line["id"], "quantity": 2} for line in order["lines"]]
    parcels = [{"carrier": "DHL", "trackingNumber": f"{place}"} for place in range(PARCELS)]
    wish = {"warehouseId": shop.warehouse, "lines": contents, "parcels": parcels}
    yield "shipmentCreate", (create, {"id": order["id"], "v": order["version"], "i": wish})
    found = (await ask((SENT, {"id": order["id"]})))["order"]
    (shipment,) = found["shipments"]
    track = (
        "mutation($id: ID!, $s: ShipmentStatus!) {"
        f" shipmentTrack(id: $id, status: $s) {{ {PLAIN} }} }}"
    )
    for status in ("SHIPPED", "IN_TRANSIT", "DELIVERED"):
        yield f"shipmentTrack {status}", (track, {"id": shipment["id"], "s": status})
    pay = (
        "mutation($id: ID!, $i: PaymentInput!) {"
        f" paymentRecord(orderId: $id, input: $i) {{ {PLAIN} }} }}"
    )
    yield (
        "paymentRecord",
        (
            pay,
            {"id": order["id"], "i": {"kind": "CHARGE", "amount": "1.00", "method": "card"}},
        ),
    )
    request = (
        "mutation($id: ID!, $l: [ReturnLineInput!]!) {"
        f' returnRequest(orderId: $id, lines: $l, reason: "no") {{ {PLAIN} }} }}'
    )
    yield "returnRequest", (request, {"id": order["id"], "l": contents})
    found = (await ask((SENT, {"id": order["id"]})))["order"]
    (back,) = found["returns"]
    receive = (
        "mutation($id: ID!, $v: Int!, $l: [ReturnLineInput!]!) {"
        f" returnReceive(id: $id, version: $v, lines: $l) {{ {PLAIN} }} }}"
    )
    kept = [{**line, "disposition": "RESTOCK"} for line in contents]
    yield "returnReceive", (receive, {"id": back["id"], "v": back["version"], "l": kept})


async def stock(ask: Ask, shop: Shop, lines: int) -> AsyncIterator[tuple[str, Asked]]:
    """Counts and transfers at their limit, and lines that wait served by a receipt."""
    skus = shop.skus[:AT_ONCE]
    here = {"warehouseId": shop.warehouse, "reason": "counted"}
    counts = [{"sku": sku, "kind": "COUNT", "setTo": 999_999, **here} for sku in skus]
    yield "counts of 500", (ADJUST, {"c": counts})
    transfer = (
        "mutation($f: ID!, $t: ID!, $l: [TransferLine!]!) {"
        f" stockTransfer(fromId: $f, toId: $t, lines: $l) {{ {ADJUSTED} }} }}"
    )
    moved = [{"sku": sku, "quantity": 1} for sku in skus]
    yield (
        "transfer of 500",
        (transfer, {"f": shop.warehouse, "t": shop.other, "l": moved}),
    )
    async for step in waiting(ask, shop, lines):
        yield step
    async for step in tracked(ask, shop):
        yield step


PRODUCT: Final = """mutation($i: ProductInput!) { productSave(input: $i) {
  product { id } userErrors { code message } } }"""


async def waiting(ask: Ask, shop: Shop, lines: int) -> AsyncIterator[tuple[str, Asked]]:
    """Lines of one order that all wait for one product, and a receipt that serves them."""
    sku = f"WAITED-{uuid4().hex}"
    product = {
        "sku": sku,
        "name": "Waited for",
        "price": "1.00",
        "currencyCode": "EUR",
        "backorder": "ALLOW",
    }
    await ask((PRODUCT, {"i": product}))
    wish = {"customerId": shop.customer, "lines": [{"sku": sku, "quantity": 1}] * lines}
    yield (
        f"place {lines} that wait",
        (f"mutation($i: OrderInput!) {{ orderPlace(input: $i) {{ {PLAIN} }} }}", {"i": wish}),
    )
    change = {"sku": sku, "warehouseId": shop.warehouse, "delta": lines, "reason": "came"}
    yield (
        f"receipt for {lines} that wait",
        (
            ADJUST,
            {"c": [change]},
        ),
    )
    some = [f"{sku}-{n}" for n in range(min(lines, AT_ONCE))]
    for each in some:
        await ask((PRODUCT, {"i": {**product, "sku": each}}))
    wish = {
        "customerId": shop.customer,
        "lines": [{"sku": some[n % len(some)], "quantity": 1} for n in range(lines)],
    }
    yield (
        f"place {lines} that wait for 500",
        (f"mutation($i: OrderInput!) {{ orderPlace(input: $i) {{ {PLAIN} }} }}", {"i": wish}),
    )
    yield (
        f"receipt of 500 for {lines} that wait",
        (
            ADJUST,
            {"c": [{**change, "sku": each} for each in some]},
        ),
    )


async def tracked(ask: Ask, shop: Shop) -> AsyncIterator[tuple[str, Asked]]:
    """A product with serial numbers: a thousand come, are ordered, and leave."""
    sku = f"NUMBERED-{uuid4().hex}"
    product = {
        "sku": sku,
        "name": "Numbered",
        "price": "1.00",
        "currencyCode": "EUR",
        "tracking": "SERIAL",
    }
    await ask((PRODUCT, {"i": product}))
    units = [{"code": f"{place}"} for place in range(1_000)]
    change = {
        "sku": sku,
        "warehouseId": shop.warehouse,
        "delta": 1_000,
        "reason": "came",
        "units": units,
    }
    yield (
        "receipt of 1,000 pieces",
        (
            ADJUST,
            {"c": [change]},
        ),
    )
    wish = {"customerId": shop.customer, "lines": [{"sku": sku, "quantity": 1}] * 1_000}
    order = (await ask((PLACE, {"i": wish})))["orderPlace"]["order"]
    for action in ("PREPARE", "SHIP"):
        yield f"{action} of 1,000 pieces", await acted(ask, order["id"], action)
