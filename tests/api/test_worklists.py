"""What finance and warehouse work off: lists of payments and of shipments, and one shipment."""

from datetime import UTC, datetime
from typing import Any

import pytest

from models.rules.access import EVERYTHING, Actor, ActorKind, Permission
from services.storage.database import connection
from services.work import clock
from tests.support.api import ask, change, failure
from tests.support.company import PAY, WAREHOUSE, Company, found_company
from tests.support.databases import Database
from tests.support.statements import counted

PAYMENTS = """query($where: PaymentWhere) { payments(where: $where) {
  nodes { reference amount { amount } } totalCount } }"""
SHIPMENTS = """query($where: ShipmentWhere) { shipments(where: $where) {
  nodes { number } totalCount } }"""
SHIPMENT = """query($id: ID, $number: String, $tracking: String) {
  shipment(id: $id, number: $number, trackingNumber: $tracking) { id number } }"""
CREATE = """mutation($orderId: ID!, $version: Int!, $input: ShipInput!) {
  shipmentCreate(orderId: $orderId, version: $version, input: $input) {
    order { version shipments { id number } } userErrors { code message path } } }"""
TRACK = """mutation($id: ID!, $status: ShipmentStatus!) {
  shipmentTrack(id: $id, status: $status) { order { id } userErrors { code message path } } }"""


async def paid(company: Company) -> str:
    """The number of an order of 90.00 with four payments, on days of their own."""
    await company.product("TEA", stock=9)
    with clock.frozen(datetime(2026, 1, 1, tzinfo=UTC)):
        order = await company.order(("TEA", 9))
    for day, kind, amount, method, reference in (
        (5, "AUTHORIZATION", "90.00", "card", "au_1"),
        (6, "CHARGE", "50.00", "card", "ch_1"),
        (7, "CHARGE", "40.00", "transfer", None),
        (8, "REFUND", "15.00", "card", "re_1"),
    ):
        payment = {"kind": kind, "amount": amount, "method": method, "reference": reference}
        with clock.frozen(datetime(2026, 1, day, tzinfo=UTC)):
            await change(PAY, orderId=order["id"], input=payment)
    number: str = order["number"]
    return number


async def test_payments(database: Database) -> None:
    number = await paid(await found_company())
    cases: list[tuple[dict[str, Any] | None, str]] = [
        (None, "15.00 40.00 50.00 90.00"),
        ({}, "15.00 40.00 50.00 90.00"),
        ({"kind": ["CHARGE"]}, "40.00 50.00"),
        ({"kind": []}, ""),
        ({"not": {"kind": ["CHARGE", "AUTHORIZATION"]}}, "15.00"),
        ({"method": ["transfer", "cash"]}, "40.00"),
        ({"method": ["Card"]}, ""),
        ({"at": {"gte": "2026-01-07T00:00:00Z"}}, "15.00 40.00"),
        ({"at": {"lt": "2026-01-06T01:00:00+01:00"}}, "90.00"),
        ({"at": {"gte": "2026-01-06T00:00:00Z", "lt": "2026-01-08T00:00:00Z"}}, "40.00 50.00"),
        ({"reference": {"eq": "ch_1"}}, "50.00"),
        ({"reference": {"in": ["ch_1", "re_1"]}}, "15.00 50.00"),
        ({"reference": {"startsWith": "a"}}, "90.00"),
        ({"reference": {}}, "15.00 50.00 90.00"),
        ({"not": {"reference": {"eq": "ch_1"}}}, "15.00 40.00 90.00"),
        ({"not": {"not": {"reference": {"eq": "ch_1"}}}}, "50.00"),
        ({"or": [{"method": ["transfer"]}, {"kind": ["REFUND"]}]}, "15.00 40.00"),
        ({"or": []}, ""),
        ({"and": [{"method": ["card"]}, {"kind": ["REFUND", "CHARGE"]}]}, "15.00 50.00"),
    ]
    wrong = {}
    for where, expected in cases:
        page = (await ask(PAYMENTS, where=where))["payments"]
        told = " ".join(node["amount"]["amount"] for node in page["nodes"])
        if (told, page["totalCount"]) != (expected, len(expected.split())):
            wrong[str(where)] = told
    assert wrong == {}
    document = "{ payments(last: 1) { nodes { kind order { number } } } }"
    assert (await ask(document))["payments"]["nodes"] == [
        {"kind": "AUTHORIZATION", "order": {"number": number}}
    ]


async def test_payments_are_paged_by_cursors_of_their_own(database: Database) -> None:
    await paid(await found_company())
    document = """query($after: Cursor, $where: PaymentWhere) {
      payments(first: 3, after: $after, where: $where) {
        nodes { kind } pageInfo { hasNextPage endCursor } } }"""
    first = (await ask(document))["payments"]
    assert [node["kind"] for node in first["nodes"]] == ["REFUND", "CHARGE", "CHARGE"]
    assert first["pageInfo"]["hasNextPage"]
    cursor = first["pageInfo"]["endCursor"]
    rest = (await ask(document, after=cursor))["payments"]
    assert [node["kind"] for node in rest["nodes"]] == ["AUTHORIZATION"]
    assert not rest["pageInfo"]["hasNextPage"]
    other = {"kind": ["AUTHORIZATION"]}
    assert (await failure(document, after=cursor, where=other))[0] == "BAD_REQUEST"
    assert (await failure(document.replace("first: 3", "first: 101")))[0] == "BAD_REQUEST"


async def test_payments_have_no_words(sqlite_database: Database) -> None:
    where = {"reference": {"words": "ch"}}
    assert (await failure(PAYMENTS, where=where))[0] == "BAD_REQUEST"


async def sent(company: Company) -> tuple[str, list[dict[str, Any]]]:
    """The id of a second warehouse, and three shipments: one pending, one left, one from there."""
    other = await change(WAREHOUSE, input={"code": "FAR", "name": "Far", "priority": 200})
    far: str = other["warehouse"]["id"]
    await company.product("TEA", stock=6)
    await Company(far, company.customer).product("POT", stock=3)
    made = []
    for sku, day, warehouse in (("TEA", 1, company.warehouse), ("TEA", 2, None), ("POT", 3, far)):
        with clock.frozen(datetime(2026, 2, day, tzinfo=UTC)):
            order = await company.order((sku, 3))
            parcels = [{"carrier": "DHL", "trackingNumber": f"00{day}"}, {"trackingNumber": "007"}]
            where = {"warehouseId": warehouse or company.warehouse, "parcels": parcels}
            created = await change(CREATE, orderId=order["id"], version=1, input=where)
            made += created["order"]["shipments"]
    for shipment, day in zip(made[1:], (10, 20), strict=True):
        with clock.frozen(datetime(2026, 2, day, tzinfo=UTC)):
            await change(TRACK, id=shipment["id"], status="SHIPPED")
    return far, made


async def test_shipments(database: Database) -> None:
    company = await found_company()
    far, made = await sent(company)
    names = {shipment["number"]: name for shipment, name in zip(made, "abc", strict=True)}
    cases: list[tuple[dict[str, Any] | None, str]] = [
        (None, "cba"),
        ({"status": ["PENDING"]}, "a"),
        ({"status": ["SHIPPED", "DELIVERED"]}, "cb"),
        ({"status": []}, ""),
        ({"warehouseId": far}, "c"),
        ({"not": {"warehouseId": far}}, "ba"),
        ({"shippedAt": {"gte": "2026-02-15T00:00:00Z"}}, "c"),
        ({"shippedAt": {"lt": "2026-02-15T00:00:00Z"}}, "b"),
        ({"shippedAt": {}}, "cb"),
        ({"not": {"shippedAt": {"gte": "2026-02-15T00:00:00Z"}}}, "ba"),
        ({"or": [{"status": ["PENDING"]}, {"warehouseId": far}]}, "ca"),
        ({"and": [{"status": ["SHIPPED"]}, {"not": {"warehouseId": far}}]}, "b"),
        ({"warehouseId": company.warehouse, "status": ["SHIPPED"]}, "b"),
    ]
    wrong = {}
    for where, expected in cases:
        page = (await ask(SHIPMENTS, where=where))["shipments"]
        told = "".join(names[node["number"]] for node in page["nodes"])
        if (told, page["totalCount"]) != (expected, len(expected)):
            wrong[str(where)] = told
    assert wrong == {}
    longest = "{ shipments(last: 2) { edges { cursor node { number } } } }"
    edges = (await ask(longest))["shipments"]["edges"]
    assert [names[edge["node"]["number"]] for edge in edges] == ["b", "a"]
    before = """query($before: Cursor) { shipments(last: 1, before: $before) {
        nodes { number } pageInfo { hasPreviousPage } } }"""
    page = (await ask(before, before=edges[0]["cursor"]))["shipments"]
    assert [names[node["number"]] for node in page["nodes"]] == ["c"]
    assert not page["pageInfo"]["hasPreviousPage"]


async def test_no_page_of_a_warehouse_sorts_its_shipments(sqlite_database: Database) -> None:
    company = await found_company()
    page = "query($w: ID!) { shipments(first: 2, where: {warehouseId: $w}) { nodes { number } } }"
    with counted() as statements:
        await ask(page, w=company.warehouse)
    (statement,) = statements
    plan = await connection().execute_query_dict(f"EXPLAIN QUERY PLAN {statement}", ["a"])
    # It covers what the reference engine selects, which is less.
    assert [step["detail"].replace("COVERING INDEX", "INDEX") for step in plan] == [
        "SEARCH shipment USING INDEX shipment_by_place_and_age (warehouse_id=?)"
    ]


async def test_a_shipment_is_found_by_each_of_its_keys(database: Database) -> None:
    company = await found_company()
    _, (first, second, third) = await sent(company)
    for variables, expected in (
        ({"id": second["id"]}, second),
        ({"number": f" {second['number']} "}, second),
        ({"tracking": " 002 "}, second),
        ({"tracking": "001"}, first),
        ({"tracking": "007"}, third),  # all three have it: the latest is meant
        ({"number": "nonsense"}, None),
        ({"tracking": "nonsense"}, None),
    ):
        assert (await ask(SHIPMENT, **variables))["shipment"] == expected
    for wrong in ({}, {"id": first["id"], "tracking": "001"}, {"number": "1", "tracking": "001"}):
        code, message = await failure(SHIPMENT, **wrong)
        assert (code, message) == ("BAD_REQUEST", "Give exactly one of the arguments.")
    assert (await failure(SHIPMENT, id=company.customer))[0] == "BAD_REQUEST"


@pytest.mark.parametrize(
    ("document", "needed"),
    [
        ("{ payments { nodes { id } } }", Permission.PAYMENTS_READ),
        ("{ shipments { nodes { id } } }", Permission.SHIPMENTS_READ),
        ('{ shipment(trackingNumber: "001") { id } }', Permission.SHIPMENTS_READ),
    ],
)
async def test_who_may_not_see_them(
    sqlite_database: Database, document: str, needed: Permission
) -> None:
    stranger = Actor(ActorKind.STAFF, "stranger", None, EVERYTHING - {needed})
    assert (await failure(document, stranger))[0] == "FORBIDDEN"
