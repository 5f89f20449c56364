"""Lines that wait for stock, and drafts that hold some for a time."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from services.orders import expiry
from services.work import clock
from tests.support.api import ask, change, refusal, until_numbered
from tests.support.audit.auditor import audit
from tests.support.company import PLACE, STOCK, Company, found_company
from tests.support.databases import Database

NOON: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
COUNTS: Final = """query($id: ID!) { order(id: $id) {
  version fulfillmentStatus lines { reserved backordered } } }"""
SERVED: Final = "query($id: ID!) { order(id: $id) { timeline { nodes { kind data } } } }"
DRAFT: Final = PLACE.replace("orderPlace", "orderDraft")


async def waits(database: Database) -> Company:
    """A company whose tea may be ordered before it is there."""
    company = await found_company()
    await company.product("TEA", stock=0, backorder="ALLOW")
    return company


async def counts(order: dict[str, Any]) -> tuple[int, int]:
    """How many units of the order's one line are reserved, and how many wait."""
    (line,) = (await ask(COUNTS, id=order["id"]))["order"]["lines"]
    return line["reserved"], line["backordered"]


async def order_at(company: Company, minute: int, quantity: int) -> dict[str, Any]:
    with clock.frozen(NOON + timedelta(minutes=minute)):
        return await company.order(("TEA", quantity))


async def test_a_receipt_serves_who_waits_longest(database: Database) -> None:
    company = await waits(database)
    late = await order_at(company, 2, 3)
    early = await order_at(company, 1, 3)
    assert [await counts(each) for each in (early, late)] == [(0, 3), (0, 3)]
    await company.receive("TEA", 4)
    assert [await counts(each) for each in (early, late)] == [(3, 0), (1, 2)]
    await company.receive("TEA", 5)
    assert [await counts(each) for each in (early, late)] == [(3, 0), (3, 0)]
    assert await audit() == []


async def test_who_is_served_is_told(database: Database) -> None:
    company = await waits(database)
    order = await company.order(("TEA", 3))
    await company.receive("TEA", 2)
    await until_numbered()
    nodes = (await ask(SERVED, id=order["id"]))["order"]["timeline"]["nodes"]
    served = [each["data"] for each in nodes if "served" in each["data"]]
    assert served == [{"served": 2, "changed": ["warehouses"]}]
    assert (await ask(COUNTS, id=order["id"]))["order"]["version"] == 2


async def test_the_answer_tells_what_is_left_after_serving(database: Database) -> None:
    company = await waits(database)
    await company.order(("TEA", 3))
    document = STOCK.replace("items { id version }", "items { onHand reserved available }")
    entry = {"sku": "TEA", "warehouseId": company.warehouse, "delta": 5, "reason": "arrived"}
    changed = await change(document, changes=[entry])
    assert changed["items"] == [{"onHand": 5, "reserved": 3, "available": 2}]


async def test_what_is_cancelled_serves_who_waits(database: Database) -> None:
    company = await waits(database)
    await company.receive("TEA", 2)
    first, second = await order_at(company, 1, 2), await order_at(company, 2, 2)
    assert [await counts(each) for each in (first, second)] == [(2, 0), (0, 2)]
    await company.act(first, "CANCEL")
    assert await counts(second) == (2, 0)
    assert await audit() == []


async def test_who_is_cancelled_waits_no_more(database: Database) -> None:
    company = await waits(database)
    order = await company.order(("TEA", 2))
    await company.act(order, "CANCEL")
    await company.receive("TEA", 2)
    assert await counts(order) == (0, 0)


async def test_damage_makes_the_youngest_wait_and_repair_serves_it(database: Database) -> None:
    company = await waits(database)
    await company.receive("TEA", 4)
    first, second = await order_at(company, 1, 2), await order_at(company, 2, 2)
    entry = {"sku": "TEA", "warehouseId": company.warehouse, "kind": "DAMAGE", "reason": "wet"}
    await change(STOCK, changes=[entry | {"delta": 1}])
    assert [await counts(each) for each in (first, second)] == [(2, 0), (1, 1)]
    await change(STOCK, changes=[entry | {"delta": -1}])
    assert [await counts(each) for each in (first, second)] == [(2, 0), (2, 0)]
    assert await audit() == []


async def drafted(company: Company, quantity: int) -> dict[str, Any]:
    """A draft at noon that holds units for a quarter of an hour."""
    lines = [{"sku": "TEA", "quantity": quantity}]
    wish = {"customerId": company.customer, "lines": lines, "reserveUntil": "2026-03-02T12:15:00Z"}
    with clock.frozen(NOON):
        order: dict[str, Any] = (await change(DRAFT, input=wish))["order"]
    return order


async def test_stock_that_was_held_too_long_goes_to_others(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=3)
    draft = await drafted(company, 2)
    wish = {"customerId": company.customer, "lines": [{"sku": "TEA", "quantity": 2}]}
    with clock.frozen(NOON + timedelta(minutes=14)):
        (error,) = await refusal(PLACE, input=wish)
    assert error["code"] == "INSUFFICIENT_STOCK"
    with clock.frozen(NOON + timedelta(minutes=15)):
        placed = await change(PLACE, input=wish)
    assert await counts(placed["order"]) == (2, 0)
    assert await counts(draft) == (0, 0)
    assert await audit() == []


async def test_a_draft_that_held_too_long_is_promised_anew(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=2)
    draft = await drafted(company, 2)
    with clock.frozen(NOON + timedelta(hours=1)):
        placed = await company.act(draft, "SUBMIT")
    assert placed["fulfillmentStatus"] == "RESERVED"
    assert await counts(draft) == (2, 0)


async def test_expired_reservations_are_swept(database: Database) -> None:
    company = await waits(database)
    await company.receive("TEA", 2)
    draft = await drafted(company, 2)
    waiting_order = await order_at(company, 1, 1)
    assert await expiry.sweep_expired(NOON + timedelta(minutes=14)) == 0
    with clock.frozen(NOON + timedelta(minutes=15)):
        assert await expiry.sweep_expired() == 1
        assert await expiry.sweep_expired() == 0
    assert await counts(draft) == (0, 0)
    assert await counts(waiting_order) == (1, 0)
    assert await audit() == []


async def test_a_new_order_does_not_pass_who_waits(database: Database) -> None:
    company = await waits(database)
    await company.receive("TEA", 2)
    await drafted(company, 2)
    first = await order_at(company, 1, 2)
    with clock.frozen(NOON + timedelta(minutes=15)):
        second = await company.order(("TEA", 1))
    assert [await counts(each) for each in (first, second)] == [(2, 0), (0, 1)]
