"""Lots and serial numbers, through the API."""

from typing import Any, Final

from tests.support.api import ask, change
from tests.support.company import SHIPMENT, STOCK, TRACK, WAREHOUSE, Company

TRACE: Final = """query($code: String!) { trace(code: $code) {
  code genuine expiresOn product { sku }
  steps { kind warehouse { code } supplier { code } order { number } place } } }"""
TRANSFER: Final = """
mutation($from: ID!, $to: ID!, $lines: [TransferLine!]!) {
  stockTransfer(fromId: $from, toId: $to, lines: $lines) {
    items { onHand } userErrors { code path message } } }"""


def named(*codes: str | tuple[str, int] | tuple[str, int, str]) -> list[dict[str, Any]]:
    """Units as clients name them: a code, perhaps with its quantity and the day it expires."""
    keys = ("code", "quantity", "expiresOn")
    return [
        dict(zip(keys, (each,) if isinstance(each, str) else each, strict=False)) for each in codes
    ]


def correction(
    company: Company, sku: str, delta: int | None, *codes: Any, kind: str = "ADJUST", **more: Any
) -> dict[str, Any]:
    """A correction of stock that names these units; none are named where no code is given."""
    entry = {"sku": sku, "warehouseId": company.warehouse, "kind": kind, "reason": "for the test"}
    units = {"units": named(*codes)} if codes else {}
    return {**entry, "delta": delta, **units, **more}


async def adjust(company: Company, sku: str, delta: int, *codes: Any, **more: Any) -> None:
    """Make one correction."""
    await change(STOCK, changes=[correction(company, sku, delta, *codes, **more)])


async def second_warehouse() -> str:
    """The id of a warehouse that is served from after the first."""
    made = await change(WAREHOUSE, input={"code": "SHOP", "name": "Shop", "priority": 200})
    warehouse_id: str = made["warehouse"]["id"]
    return warehouse_id


def wish(company: Company, order: dict[str, Any], quantity: int, *codes: Any) -> dict[str, Any]:
    """The variables of a shipment of the order's first line."""
    units = {"units": named(*codes)} if codes else {}
    line = {"lineId": order["lines"][0]["id"], "quantity": quantity, **units}
    shipment = {"warehouseId": company.warehouse, "lines": [line]}
    return {"id": order["id"], "version": order["version"], "input": shipment}


async def pack(company: Company, order: dict[str, Any], quantity: int, *codes: Any) -> str:
    """The id of a new pending shipment of the order's first line."""
    made = await change(SHIPMENT, **wish(company, order, quantity, *codes))
    shipment_id: str = made["order"]["shipments"][-1]["id"]
    return shipment_id


async def send(shipment: str) -> None:
    """Let a shipment leave."""
    await change(TRACK, id=shipment, status="SHIPPED")


async def trace(code: str) -> dict[str, Any] | None:
    """What is known of a code."""
    found: dict[str, Any] | None = (await ask(TRACE, code=code))["trace"]
    return found


async def way(code: str) -> dict[str, Any]:
    """What is known of a code that somebody knows."""
    found = await trace(code)
    assert found is not None
    return found


async def kinds(code: str) -> list[str]:
    """What happened to a code, in order."""
    return [step["kind"] for step in (await way(code))["steps"]]
