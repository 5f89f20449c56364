"""What a client sees of deadlines: on orders, in lists, on shipments and in the timeline."""

from datetime import UTC, datetime, timedelta
from typing import Any

from models.rules.access import SYSTEM
from services.orders.delays import record_delays
from services.work import clock
from tests.support.api import ask, until_numbered
from tests.support.company import Company, found_company
from tests.support.databases import Database

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
DAY = timedelta(days=1)

ORDERS = """query($late: Boolean) { orders(where: {isDelayed: $late}, sort: NUMBER, desc: false) {
  nodes { channel stageDueAt isDelayed shipments { status isDelayed } } totalCount } }"""
TIMELINE = """query($id: ID!) { order(id: $id) {
  version timeline { nodes { kind actor { kind } subject { id } data } } } }"""
TRACK = """mutation($id: ID!, $status: ShipmentStatus!) { shipmentTrack(id: $id, status: $status) {
  order { version } userErrors { message } } }"""


async def orders(late: bool) -> dict[str, Any]:
    """By channel: when it is due, and the shipments that are late or not."""
    page = (await ask(ORDERS, late=late))["orders"]
    assert page["totalCount"] == len(page["nodes"])
    assert {node["isDelayed"] for node in page["nodes"]} <= {late}
    return {
        node["channel"]: (
            node["stageDueAt"],
            [(each["status"], each["isDelayed"]) for each in node["shipments"]],
        )
        for node in page["nodes"]
    }


async def three_orders(company: Company) -> list[dict[str, Any]]:
    """Of one placed, one prepared and one shipped, the last of which is promised for day 3."""
    await company.product("TEA", stock=9)
    made = [
        await company.order(("TEA", 1), channel="placed"),
        await company.order(("TEA", 1), channel="prepared"),
        await company.order(("TEA", 1), channel="shipped", promisedAt="2026-03-12T12:00:00Z"),
    ]
    await company.act(made[1], "PREPARE")
    await company.act(made[2], "SHIP")
    return made


async def test_orders_and_shipments_become_late_when_they_are_due(database: Database) -> None:
    with clock.frozen(NOON):
        await three_orders(await found_company())
        assert await orders(late=True) == {}
    placed: Any = ("2026-03-11T12:00:00Z", [])
    prepared = "2026-03-11T12:00:00Z"
    shipped = "2026-03-12T12:00:00Z"
    with clock.frozen(NOON + 2 * DAY):
        assert await orders(late=True) == {
            "placed": placed,
            "prepared": (prepared, [("PENDING", True)]),
        }
        assert await orders(late=False) == {"shipped": (shipped, [("SHIPPED", False)])}
    with clock.frozen(NOON + 3 * DAY):
        assert await orders(late=True) == {
            "placed": placed,
            "prepared": (prepared, [("PENDING", True)]),
            "shipped": (shipped, [("SHIPPED", True)]),
        }
        assert await orders(late=False) == {}


async def test_what_has_arrived_or_is_called_off_is_not_late(database: Database) -> None:
    document = "query($id: ID!) { order(id: $id) { version shipments { id } } }"
    company = await found_company()
    with clock.frozen(NOON):
        made = await three_orders(company)
        (shipment,) = (await ask(document, id=made[2]["id"]))["order"]["shipments"]
        await ask(TRACK, id=shipment["id"], status="DELIVERED")
        for order in made[:2]:
            seen = (await ask(document, id=order["id"]))["order"]
            await company.act({"id": order["id"], "version": seen["version"]}, "CANCEL")
    with clock.frozen(NOON + 100 * DAY):
        assert await orders(late=True) == {}
        assert await orders(late=False) == {
            "placed": (None, []),
            "prepared": (None, [("CANCELLED", False)]),
            "shipped": (None, [("DELIVERED", False)]),
        }


async def test_a_shipment_that_left_is_not_late_because_another_did_not(
    database: Database,
) -> None:
    """The order still waits for the rest to be shipped."""
    document = """mutation($id: ID!, $warehouse: ID!, $line: ID!) { shipmentCreate(
      orderId: $id, version: 1, input: {warehouseId: $warehouse, lines: [{lineId: $line,
      quantity: 1}]}) { order { version shipments { id } } userErrors { message } } }"""
    company = await found_company()
    await company.product("TEA", stock=9)
    with clock.frozen(NOON):
        order = await company.order(("TEA", 3), channel="split")
        line = order["lines"][0]["id"]
        answer = await ask(document, id=order["id"], warehouse=company.warehouse, line=line)
        made = answer["shipmentCreate"]["order"]
        await company.act({"id": order["id"], "version": made["version"]}, "PREPARE")
        await ask(TRACK, id=made["shipments"][0]["id"], status="SHIPPED")
    with clock.frozen(NOON + 2 * DAY):
        assert await orders(late=True) == {
            "split": ("2026-03-11T12:00:00Z", [("SHIPPED", False), ("PENDING", True)])
        }


async def test_a_delay_stands_in_the_timeline(database: Database) -> None:
    with clock.frozen(NOON):
        (order, *_) = await three_orders(await found_company())
    with clock.frozen(NOON + 2 * DAY):
        assert await record_delays(SYSTEM) == 2
        await until_numbered()
    found = (await ask(TIMELINE, id=order["id"]))["order"]
    assert found["version"] == order["version"]
    assert found["timeline"]["nodes"][0] == {
        "kind": "ORDER_DELAYED",
        "actor": {"kind": "SYSTEM"},
        "subject": {"id": order["id"]},
        "data": {"stage": "PREPARE", "dueAt": "2026-03-11T12:00:00+00:00"},
    }
