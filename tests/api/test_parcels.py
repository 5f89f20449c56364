"""Carriers' numbers that come late, or were wrong."""

from typing import Any, Final

import pytest

from services.work.policy import current
from tests.support.api import ask, change, refusal
from tests.support.company import ERRORS, Company, found_company
from tests.support.databases import Database

SAVE: Final = f"""
mutation($shipment: ID!, $parcel: ID, $input: ParcelInput!) {{
  parcelSave(shipmentId: $shipment, parcelId: $parcel, input: $input) {{
    order {{ version shipments {{ version parcels {{ id carrier trackingNumber trackingUrl }} }}
      timeline(first: 1) {{ nodes {{ kind data }} }} }} {ERRORS}
  }}
}}"""
SHIPMENT: Final = """query($number: String) { shipment(trackingNumber: $number) { id } }"""


async def shipped(company: Company) -> tuple[str, int]:
    """The id of a shipment that has left without a parcel, and the order's version."""
    await company.product("TEA", stock=9)
    order = await company.order(("TEA", 1))
    version = await company.ship(order, ("TEA", 1))
    found = await ask("{ shipments { nodes { id } } }")
    return found["shipments"]["nodes"][0]["id"], version


def parcels(payload: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = payload["order"]["shipments"][0]["parcels"]
    return found


async def test_a_number_is_added_and_corrected_after_leaving(database: Database) -> None:
    shipment, version = await shipped(await found_company())
    first = {"carrier": "DHL", "trackingNumber": " 0034 "}
    added = await change(SAVE, shipment=shipment, input=first)
    (parcel,) = parcels(added)
    assert (parcel["carrier"], parcel["trackingNumber"]) == ("DHL", "0034")
    assert added["order"]["version"] == version
    corrected = {"trackingNumber": "0035", "trackingUrl": "https://example.org/0035"}
    saved = await change(SAVE, shipment=shipment, parcel=parcel["id"], input=corrected)
    assert parcels(saved) == [{"id": parcel["id"], "carrier": "DHL"} | corrected]
    assert saved["order"]["version"] == version
    assert saved["order"]["shipments"][0]["version"] == added["order"]["shipments"][0]["version"]
    assert (await ask(SHIPMENT, number="0035"))["shipment"] == {"id": shipment}
    assert (await ask(SHIPMENT, number="0034"))["shipment"] is None
    cleared = await change(SAVE, shipment=shipment, parcel=parcel["id"], input={"trackingUrl": ""})
    assert parcels(cleared)[0]["trackingUrl"] is None


async def test_each_change_is_told_once(sqlite_database: Database) -> None:
    shipment, _ = await shipped(await found_company())
    (parcel,) = parcels(await change(SAVE, shipment=shipment, input={"carrier": "DHL"}))
    same = {"shipment": shipment, "parcel": parcel["id"], "input": {"carrier": "DHL"}}
    before = (await change(SAVE, **same))["order"]["timeline"]["nodes"][0]
    assert before["kind"] == "SHIPMENT_STATUS_CHANGED"
    assert before["data"]["changed"] == ["carrier"]
    same["input"] = {"carrier": "DHL", "trackingNumber": "1"}
    after = (await change(SAVE, **same))["order"]["timeline"]["nodes"][0]
    assert after["data"]["changed"] == ["trackingNumber"]


async def test_what_is_refused(sqlite_database: Database) -> None:
    shipment, _ = await shipped(await found_company())
    (parcel,) = parcels(await change(SAVE, shipment=shipment, input={}))
    for sent, code, path in (
        ({"input": {"carrier": "x" * 65}}, "INVALID", ["input", "carrier"]),
        ({"input": {"trackingUrl": "javascript:1"}}, "INVALID", ["input", "trackingUrl"]),
        ({"shipment": parcel["id"], "input": {}}, "NOT_FOUND", ["shipmentId"]),
        ({"parcel": shipment, "input": {}}, "NOT_FOUND", ["parcelId"]),
    ):
        (error,) = await refusal(SAVE, **{"shipment": shipment, **sent})
        assert (error["code"], error["path"]) == (code, path), sent


@pytest.mark.parametrize("over", [0, 1])
async def test_a_shipment_has_only_so_many_parcels(sqlite_database: Database, over: int) -> None:
    shipment, _ = await shipped(await found_company())
    for _ in range(current().max_parcels - 1 + over):
        await change(SAVE, shipment=shipment, input={})
    if not over:
        await change(SAVE, shipment=shipment, input={})
        return
    (error,) = await refusal(SAVE, shipment=shipment, input={})
    assert error["code"] == "INVALID"
