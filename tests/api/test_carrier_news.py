"""What carriers say of shipments: each news once, all of it kept, and none moves them back."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

import services.fulfillment.track
from services.work import clock
from tests.support.api import ask, change, refusal
from tests.support.audit.auditor import audit
from tests.support.company import ERRORS, SHIPMENT, Company, found_company
from tests.support.databases import Database
from tests.support.order_events import latest, timeline

PLACED: Final = datetime(2026, 3, 9, 8, 0, 0, 500_000, tzinfo=UTC)
NOON: Final = datetime(2026, 3, 10, 12, tzinfo=UTC)
TRACK: Final = f"""
mutation($id: ID!, $status: ShipmentStatus!, $parcel: ID, $at: DateTime, $place: String,
         $message: String) {{
  shipmentTrack(id: $id, status: $status, parcelId: $parcel, at: $at, place: $place,
                message: $message) {{ order {{ id version }} {ERRORS} }}
}}"""
HISTORY: Final = """query($id: ID!) { node(id: $id) { ... on Shipment {
  status version shippedAt deliveredAt
  events { status at place message parcel { id } }
  parcels { id events { status at place message } } } } }"""


def hour(hours: int) -> str:
    """So many hours after noon, as clients write it."""
    return f"{NOON + timedelta(hours=hours):%Y-%m-%dT%H:%M:%S}Z"


async def packed(company: Company, parcels: int = 0) -> tuple[str, str]:
    """The ids of an order and of its pending shipment."""
    with clock.frozen(PLACED):
        await company.product("TEA", stock=5)
        order = await company.order(("TEA", 2))
        wish = {"warehouseId": company.warehouse, "parcels": [{"carrier": "Post"}] * parcels}
        made = await change(SHIPMENT, id=order["id"], version=order["version"], input=wish)
    return order["id"], made["order"]["shipments"][0]["id"]


async def tell(shipment: str, status: str, hours: int, **more: Any) -> dict[str, Any]:
    """The order after news of that hour, which were told a day later."""
    with clock.frozen(NOON + timedelta(days=1)):
        told = await change(TRACK, id=shipment, status=status, at=hour(hours), **more)
    order: dict[str, Any] = told["order"]
    return order


async def history(shipment: str) -> dict[str, Any]:
    found: dict[str, Any] = (await ask(HISTORY, id=shipment))["node"]
    return found


async def steps(shipment: str) -> list[tuple[str, str]]:
    return [(each["status"], each["at"]) for each in (await history(shipment))["events"]]


async def test_a_second_scan_of_a_status_is_an_event_of_its_own(database: Database) -> None:
    order, shipment = await packed(await found_company())
    await tell(shipment, "SHIPPED", 0)
    moved = await tell(shipment, "IN_TRANSIT", 1, place=" Hamburg ")
    before = await history(shipment)
    again = await tell(shipment, "IN_TRANSIT", 2, place="Berlin", message="Sorted.")
    assert again["version"] == moved["version"]
    after = await history(shipment)
    assert (after["status"], after["version"]) == ("IN_TRANSIT", before["version"])
    assert after["events"] == [
        {"status": "SHIPPED", "at": hour(0), "place": None, "message": None, "parcel": None},
        {
            "status": "IN_TRANSIT",
            "at": hour(1),
            "place": "Hamburg",
            "message": None,
            "parcel": None,
        },
        {
            "status": "IN_TRANSIT",
            "at": hour(2),
            "place": "Berlin",
            "message": "Sorted.",
            "parcel": None,
        },
    ]
    event = await latest(order)
    assert event["kind"] == "SHIPMENT_STATUS_CHANGED"
    assert event["subject"] == {"__typename": "Shipment", "id": shipment}
    assert event["subjectVersion"] == after["version"]
    number = event["data"].pop("number")
    assert number.endswith("-1")
    assert event["data"] == {
        "status": "IN_TRANSIT",
        "news": {"status": "IN_TRANSIT", "at": "2026-03-10T14:00:00+00:00"},
    }
    assert await audit(database) == []


@pytest.mark.parametrize(
    "other",
    [
        {"hours": 2},
        {"place": "Berlin"},
        {"place": None},
        {"message": "Sorted again."},
        {"message": None},
    ],
)
async def test_what_makes_another_scan(sqlite_database: Database, other: dict[str, Any]) -> None:
    order, shipment = await packed(await found_company())
    scan: dict[str, Any] = {"hours": 1, "place": "Hamburg", "message": "Sorted."}
    await tell(shipment, "IN_TRANSIT", **scan)
    told = len(await timeline(order))
    await tell(shipment, "IN_TRANSIT", **scan | other)
    assert len(await steps(shipment)) == 2
    assert len(await timeline(order)) == told + 1


async def test_a_scan_that_is_sent_twice_is_told_once(database: Database) -> None:
    """Whatever has been told meanwhile; texts are the same without what is around them."""
    order, shipment = await packed(await found_company(), parcels=1)
    ((parcel),) = (await history(shipment))["parcels"]
    scans: list[tuple[str, int, dict[str, Any]]] = [
        ("SHIPPED", 0, {}),
        ("EXCEPTION", 1, {"place": "Hamburg", "message": "Nobody there."}),
        ("IN_TRANSIT", 2, {"parcel": parcel["id"], "place": "Hamburg"}),
        ("DELIVERED", 3, {"message": "At the door."}),
    ]
    for status, hours, more in scans:
        await tell(shipment, status, hours, **more)
    before = await history(shipment), await timeline(order)
    assert len(before[0]["events"]) == 4
    for status, hours, more in scans:
        padded = {name: f" {text} " if name != "parcel" else text for name, text in more.items()}
        await tell(shipment, status, hours, **padded)
    assert (await history(shipment), await timeline(order)) == before
    assert await audit(database) == []


async def test_news_of_one_instant_about_each_parcel(sqlite_database: Database) -> None:
    order, shipment = await packed(await found_company(), parcels=2)
    first, second = (await history(shipment))["parcels"]
    await tell(shipment, "SHIPPED", 0)
    await tell(shipment, "DELIVERED", 1, parcel=first["id"], place="Porch")
    event = await latest(order)
    assert event["data"]["status"] == "SHIPPED"
    assert event["data"]["news"].keys() == {"status", "at", "parcelId"}
    assert (await history(shipment))["status"] == "SHIPPED"
    await tell(shipment, "DELIVERED", 1, parcel=second["id"], place="Porch")
    after = await history(shipment)
    assert (after["status"], after["deliveredAt"]) == ("DELIVERED", hour(1))
    assert [each["parcel"] and each["parcel"]["id"] for each in after["events"]] == [
        *(None, first["id"], second["id"]),
    ]
    assert [[each["status"] for each in parcel["events"]] for parcel in after["parcels"]] == [
        ["SHIPPED", "DELIVERED"],
        ["SHIPPED", "DELIVERED"],
    ]


async def test_what_arrives_after_delivery_is_kept_and_moves_nothing(database: Database) -> None:
    order, shipment = await packed(await found_company())
    await tell(shipment, "SHIPPED", 0)
    await tell(shipment, "DELIVERED", 5)
    before = await history(shipment)
    for status, hours in (
        ("IN_TRANSIT", 1),
        ("OUT_FOR_DELIVERY", 4),
        ("EXCEPTION", 2),
        ("SHIPPED", 0),
        ("IN_TRANSIT", 6),
        ("DELIVERED", 7),
    ):
        await tell(shipment, status, hours, place="Hamburg")
        event = await latest(order)
        assert event["data"]["status"] == "DELIVERED"
        assert event["data"]["news"]["status"] == status
    after = await history(shipment)
    for name in ("status", "version", "shippedAt", "deliveredAt"):
        assert after[name] == before[name], name
    assert (after["status"], after["deliveredAt"]) == ("DELIVERED", hour(5))
    assert await steps(shipment) == [
        ("SHIPPED", hour(0)),
        ("SHIPPED", hour(0)),
        ("IN_TRANSIT", hour(1)),
        ("EXCEPTION", hour(2)),
        ("OUT_FOR_DELIVERY", hour(4)),
        ("DELIVERED", hour(5)),
        ("IN_TRANSIT", hour(6)),
        ("DELIVERED", hour(7)),
    ]
    counts = (
        "query($id: ID!) { order(id: $id) { lines { shipped delivered } invoices { number } } }"
    )
    found = (await ask(counts, id=order))["order"]
    assert found["lines"] == [{"shipped": 2, "delivered": 2}]
    assert len(found["invoices"]) == 1
    assert await audit(database) == []


async def test_a_delivery_that_is_taken_back_is_newer_than_it(sqlite_database: Database) -> None:
    _, shipment = await packed(await found_company())
    await tell(shipment, "DELIVERED", 5)
    await tell(shipment, "EXCEPTION", 6, message="Wrong door.")
    after = await history(shipment)
    assert (after["status"], after["deliveredAt"]) == ("EXCEPTION", None)


async def test_an_exception_is_left_by_what_is_newer(sqlite_database: Database) -> None:
    _, shipment = await packed(await found_company())
    await tell(shipment, "SHIPPED", 0)
    await tell(shipment, "EXCEPTION", 4)
    for status, hours in (("SHIPPED", 5), ("IN_TRANSIT", 2), ("DELIVERED", 3)):
        await tell(shipment, status, hours)
        assert (await history(shipment))["status"] == "EXCEPTION"
    await tell(shipment, "OUT_FOR_DELIVERY", 6)
    assert (await history(shipment))["status"] == "OUT_FOR_DELIVERY"


async def test_what_has_not_left_is_told_in_order(sqlite_database: Database) -> None:
    """Nor is what is out told to be inside again."""
    _, shipment = await packed(await found_company())
    await tell(shipment, "PACKED", 0)
    (error,) = await refusal(TRACK, id=shipment, status="PICKING", at=hour(1))
    assert (error["code"], error["path"]) == ("ILLEGAL_TRANSITION", ["status"])
    await tell(shipment, "SHIPPED", 1)
    for status in ("PENDING", "PACKED", "CANCELLED"):
        (error,) = await refusal(TRACK, id=shipment, status=status, at=hour(2))
        assert (error["code"], error["path"]) == ("ILLEGAL_TRANSITION", ["status"])
    assert await steps(shipment) == [("PACKED", hour(0)), ("SHIPPED", hour(1))]


async def test_place_and_message_of_a_shipment_without_parcels(database: Database) -> None:
    _, shipment = await packed(await found_company())
    await tell(shipment, "PICKING", 0, place="Aisle 4", message="Two boxes.")
    found = await history(shipment)
    assert (found["parcels"], found["status"]) == ([], "PICKING")
    assert found["events"] == [
        {
            "status": "PICKING",
            "at": hour(0),
            "place": "Aisle 4",
            "message": "Two boxes.",
            "parcel": None,
        }
    ]


async def test_nothing_is_dated_before_its_order(database: Database) -> None:
    """Instants are compared, whatever the zone they are written in, and no fraction of a second."""
    _, shipment = await packed(await found_company())
    for early in ("2026-03-09T07:59:59Z", "2026-03-09T09:00:00+01:01", "2026-03-08T08:00:01Z"):
        with clock.frozen(NOON):
            (error,) = await refusal(TRACK, id=shipment, status="SHIPPED", at=early)
        assert (error["code"], error["path"]) == ("INVALID", ["at"]), early
    with clock.frozen(NOON):
        await change(TRACK, id=shipment, status="SHIPPED", at="2026-03-09T10:00:00+02:00")
    assert (await history(shipment))["shippedAt"] == "2026-03-09T08:00:00Z"


async def test_so_much_is_kept_of_a_shipment(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.fulfillment.track, "MAX_NEWS", 2)
    _, shipment = await packed(await found_company())
    await tell(shipment, "SHIPPED", 0)
    await tell(shipment, "IN_TRANSIT", 1)
    await tell(shipment, "IN_TRANSIT", 1)  # is there already
    (error,) = await refusal(TRACK, id=shipment, status="IN_TRANSIT", at=hour(2))
    assert (error["code"], error["path"]) == ("INVALID", ["id"])
    assert len(await steps(shipment)) == 2
