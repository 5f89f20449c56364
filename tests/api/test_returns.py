"""Returns as a front end uses them: announced, received, refunded."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from models.rules.access import EVERYTHING, Actor, ActorKind, Permission
from services.work import clock
from tests.support.api import ask, change, refusal, until_numbered
from tests.support.company import PAY, RECEIVE, RETURN, Company, found_company
from tests.support.databases import Database
from tests.support.tracked import second_warehouse

NOON: Final = datetime(2026, 3, 9, 12, tzinfo=UTC)
ORDER = """query($id: ID!) { order(id: $id) {
  status paymentStatus returnStatus availableActions
  total { gross { amount } } paid { amount } balance { amount }
  invoices { total { gross { amount } } balance { amount } }
  lines { shipped returned product { stock { onHand damaged available } } }
  returns { status reason version
    lines { quantity received disposition orderLine { sku } } } } }"""

TOLD: dict[str, Any] = {
    "status": "CONFIRMED",
    "paymentStatus": "PAID",
    "returnStatus": "PARTLY_RETURNED",
    "availableActions": ["HOLD", "RECORD_PAYMENT", "REFUND", "RETURN"],
    "total": {"gross": {"amount": "30.00"}},
    "paid": {"amount": "10.00"},
    "balance": {"amount": "0.00"},
    "invoices": [{"total": {"gross": {"amount": "30.00"}}, "balance": {"amount": "0.00"}}],
    "lines": [
        {
            "shipped": 3,
            "returned": 2,
            "product": {"stock": [{"onHand": 4, "damaged": 1, "available": 3}]},
        }
    ],
    "returns": [
        {
            "status": "RECEIVED",
            "reason": "does not taste",
            "version": 2,
            "lines": [
                {
                    "quantity": 2,
                    "received": 2,
                    "disposition": "QUARANTINE",
                    "orderLine": {"sku": "TEA"},
                }
            ],
        }
    ],
}


async def shipped(company: Company) -> tuple[dict[str, Any], str]:
    """An order of three teas that have left, and the id of its line."""
    await company.product("TEA", stock=5)
    order = await company.order(("TEA", 3))
    await company.act(order, "SHIP")
    return order, order["lines"][0]["id"]


async def announced(company: Company) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """The same with a return of two of them."""
    order, line = await shipped(company)
    lines = [{"lineId": line, "quantity": 2}]
    made = await change(RETURN, orderId=order["id"], lines=lines, reason="does not taste")
    (request,) = made["order"]["returns"]
    return order, line, request


async def test_from_the_door_back_to_the_shelf(database: Database) -> None:
    company = await found_company()
    order, line, request = await announced(company)
    await change(
        PAY, orderId=order["id"], input={"kind": "CHARGE", "amount": "30.00", "method": "card"}
    )
    received = await change(
        RECEIVE,
        id=request["id"],
        version=request["version"],
        lines=[
            {"lineId": line, "quantity": 1, "disposition": "RESTOCK"},
            {"lineId": line, "quantity": 1, "disposition": "QUARANTINE"},
        ],
    )
    assert received["order"]["returnStatus"] == "PARTLY_RETURNED"
    refund = {"kind": "REFUND", "amount": "20.00", "method": "card"}
    await change(PAY, orderId=order["id"], input=refund)
    assert (await ask(ORDER, id=order["id"]))["order"] == TOLD


async def test_a_return_is_offered_while_something_can_be_announced(database: Database) -> None:
    company = await found_company()
    order, line = await shipped(company)

    async def offered() -> bool:
        found = await ask("query($id: ID!) { order(id: $id) { availableActions } }", id=order["id"])
        return "RETURN" in found["order"]["availableActions"]

    async def announce(quantity: int) -> str:
        lines = [{"lineId": line, "quantity": quantity}]
        made = await change(RETURN, orderId=order["id"], lines=lines, reason="too many")
        request_id: str = made["order"]["returns"][-1]["id"]
        return request_id

    assert await offered()
    two = await announce(2)
    assert await offered()
    await announce(1)
    assert not await offered()
    one = [{"lineId": line, "quantity": 1}]
    (error,) = await refusal(RETURN, orderId=order["id"], lines=one, reason="too many")
    assert (error["code"], error["path"]) == ("ILLEGAL_TRANSITION", [])
    back = [{"lineId": line, "quantity": 2, "disposition": "RESTOCK"}]
    await change(RECEIVE, id=two, version=1, lines=back)
    assert not await offered()


async def test_a_return_is_a_node_and_its_steps_are_on_the_timeline(database: Database) -> None:
    company = await found_company()
    with clock.frozen(NOON):
        order, line, request = await announced(company)
    lines = [{"lineId": line, "quantity": 1, "disposition": "SCRAP"}]
    await change(RECEIVE, id=request["id"], version=1, lines=lines)
    document = """query($id: ID!) { node(id: $id) { id ... on Return {
        number status requestedAt order { id } lines { quantity received disposition } } } }"""
    assert (await ask(document, id=request["id"]))["node"] == {
        "id": request["id"],
        "number": request["number"],
        "status": "PARTLY_RECEIVED",
        "requestedAt": "2026-03-09T12:00:00Z",
        "order": {"id": order["id"]},
        "lines": [{"quantity": 2, "received": 1, "disposition": "SCRAP"}],
    }
    await until_numbered()
    timeline = """query($id: ID!) { order(id: $id) { timeline {
        nodes { kind subjectVersion subject { id } data } } } }"""
    nodes = (await ask(timeline, id=order["id"]))["order"]["timeline"]["nodes"]
    told = [node for node in nodes if node["kind"] == "RETURN_UPDATED"]
    assert [(node["subject"]["id"], node["data"]["status"]) for node in told] == [
        (request["id"], "PARTLY_RECEIVED"),
        (request["id"], "REQUESTED"),
    ]


async def test_a_receipt_names_the_warehouse(database: Database) -> None:
    company = await found_company()
    order, line, request = await announced(company)
    shop = await second_warehouse()
    one = [{"lineId": line, "quantity": 1, "disposition": "RESTOCK"}]
    where = {"id": request["id"], "lines": one}
    (error,) = await refusal(RECEIVE, **where, version=1, warehouse=order["id"])
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["warehouseId"])
    await change(RECEIVE, **where, version=1, warehouse=shop)
    await change(RECEIVE, **where, version=2)
    found = await ask('{ product(sku: "TEA") { stock { onHand warehouse { code } } } }')
    assert found["product"]["stock"] == [
        {"onHand": 3, "warehouse": {"code": "MAIN"}},
        {"onHand": 1, "warehouse": {"code": "SHOP"}},
    ]


async def test_refusals_say_where(database: Database) -> None:
    company = await found_company()
    order, line, request = await announced(company)
    asked: dict[str, Any] = {"orderId": order["id"], "reason": "why"}
    (error,) = await refusal(RETURN, lines=[{"lineId": line, "quantity": 2}], **asked)
    assert error == {
        "code": "INVALID",
        "message": "1 units of this line can come back.",
        "path": ["lines", "0", "quantity"],
    }
    (error,) = await refusal(RETURN, lines=[{"lineId": order["id"], "quantity": 1}], **asked)
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["lines", "0", "lineId"])
    (error,) = await refusal(
        RECEIVE, id=request["id"], version=1, lines=[{"lineId": line, "quantity": 1}]
    )
    assert (error["code"], error["path"]) == ("REQUIRED", ["lines", "0", "disposition"])
    (error,) = await refusal(RECEIVE, id=order["id"], version=1, lines=[])
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["id"])


async def test_an_old_version_of_a_return(database: Database) -> None:
    company = await found_company()
    _, line, request = await announced(company)
    lines = [{"lineId": line, "quantity": 1, "disposition": "RESTOCK"}]
    await change(RECEIVE, id=request["id"], version=1, lines=lines)
    errors = await refusal(
        """mutation($id: ID!, $lines: [ReturnLineInput!]!) {
          returnReceive(id: $id, version: 1, lines: $lines) { order { id } userErrors {
            __typename path ... on VersionConflict {
              expected actual current { id ... on Return { status } } } } } }""",
        id=request["id"],
        lines=lines,
    )
    assert errors == [
        {
            "__typename": "VersionConflict",
            "path": ["version"],
            "expected": 1,
            "actual": 2,
            "current": {"id": request["id"], "status": "PARTLY_RECEIVED"},
        }
    ]


async def test_a_return_that_is_over(sqlite_database: Database) -> None:
    company = await found_company()
    _, line, request = await announced(company)
    lines = [{"lineId": line, "quantity": 2, "disposition": "RESTOCK"}]
    await change(RECEIVE, id=request["id"], version=1, lines=lines)
    errors = await refusal(
        """mutation($id: ID!, $lines: [ReturnLineInput!]!) {
          returnReceive(id: $id, version: 2, lines: $lines) { order { id } userErrors {
            ... on IllegalTransition { attempted from allowed subject { id } } } } }""",
        id=request["id"],
        lines=lines,
    )
    assert errors == [
        {
            "attempted": "RECEIVE",
            "from": "RECEIVED",
            "allowed": [],
            "subject": {"id": request["id"]},
        }
    ]


@pytest.mark.parametrize(
    ("document", "needed"),
    [(RETURN, Permission.ORDERS_WRITE), (RECEIVE, Permission.SHIPMENTS_WRITE)],
)
async def test_who_may_not(sqlite_database: Database, document: str, needed: Permission) -> None:
    company = await found_company()
    order, line, request = await announced(company)
    stranger = Actor(ActorKind.STAFF, "stranger", None, EVERYTHING - {needed})
    variables: dict[str, Any] = {"lines": [{"lineId": line, "quantity": 1}]}
    if document is RETURN:
        variables |= {"orderId": order["id"], "reason": "why"}
    else:
        variables |= {"id": request["id"], "version": 1}
    (payload,) = (await ask(document, stranger, **variables)).values()
    assert [error["code"] for error in payload["userErrors"]] == ["FORBIDDEN"]
