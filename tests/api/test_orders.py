"""Orders as a front end uses them: place, look, act, pay."""

from typing import Any

import pytest

from tests.support.api import ask, change, refusal, until_numbered
from tests.support.company import ACT, ADDRESS, PAY, PLACE, found_company
from tests.support.databases import Database

FAR = "query($id: ID!) { order(id: $id) { status fulfillmentStatus paymentStatus milestone } }"
TIMELINE = """query($id: ID!) { order(id: $id) {
  timeline { nodes { kind actor { kind id } subject { id } data } } } }"""
STOCK = "query($sku: String!) { product(sku: $sku) { stock { onHand reserved available } } }"

EVERYTHING = """mutation($input: OrderInput!) { orderPlace(input: $input) {
          order {
            version channel status fulfillmentStatus paymentStatus returnStatus milestone
            availableActions customer { code } lineCount note
            shippingAddress { name lines city region postalCode countryCode phone }
            billingAddress { city }
            lines { sku name quantity unitPrice { amount currencyCode } discountRate taxRate
              total { net { amount } tax { amount } gross { amount } }
              reserved backordered shipped delivered returned cancelled
              allocations { quantity expiresAt warehouse { code } } product { sku } }
            subtotal { net { amount } tax { amount } gross { amount } }
            discount { amount } shipping { gross { amount } }
            total { net { amount } tax { amount } gross { amount currencyCode } }
            paid { amount } balance { amount } attributes { key value unit }
            externalRefs { system key } shipments { id } payments { id } returns { id }
            invoices { id } isDelayed promisedAt
          }
          userErrors { code } replayed } }"""
TOLD: dict[str, Any] = {
    "version": 1,
    "channel": "web",
    "status": "CONFIRMED",
    "fulfillmentStatus": "RESERVED",
    "paymentStatus": "UNPAID",
    "returnStatus": "NONE",
    "milestone": "PLACED",
    "availableActions": ["EDIT", "HOLD", "PREPARE", "SHIP", "RECORD_PAYMENT", "CANCEL"],
    "customer": {"code": "ADA"},
    "lineCount": 1,
    "note": "Ring twice.",
    "shippingAddress": ADDRESS | {"region": None, "phone": None},
    "billingAddress": {"city": "Hamburg"},
    "lines": [
        {
            "sku": "TEA",
            "name": "Tea, 100 g",
            "quantity": 3,
            "unitPrice": {"amount": "2.50", "currencyCode": "EUR"},
            "discountRate": "0.1",
            "taxRate": "0.07",
            "total": {
                "net": {"amount": "6.75"},
                "tax": {"amount": "0.47"},
                "gross": {"amount": "7.22"},
            },
            "reserved": 3,
            "backordered": 0,
            "shipped": 0,
            "delivered": 0,
            "returned": 0,
            "cancelled": 0,
            "allocations": [{"quantity": 3, "expiresAt": None, "warehouse": {"code": "MAIN"}}],
            "product": {"sku": "TEA"},
        }
    ],
    "subtotal": {
        "net": {"amount": "6.75"},
        "tax": {"amount": "0.47"},
        "gross": {"amount": "7.22"},
    },
    "discount": {"amount": "0.75"},
    "shipping": {"gross": {"amount": "5.24"}},
    "total": {
        "net": {"amount": "11.65"},
        "tax": {"amount": "0.81"},
        "gross": {"amount": "12.46", "currencyCode": "EUR"},
    },
    "paid": {"amount": "0.00"},
    "balance": {"amount": "12.46"},
    "attributes": [{"key": "gift", "value": True, "unit": None}],
    "externalRefs": [{"system": "shop", "key": "1001"}],
    "shipments": [],
    "payments": [],
    "returns": [],
    "invoices": [],
    "isDelayed": False,
    "promisedAt": None,
}


async def how_far(order: dict[str, Any]) -> tuple[str, str, str, str]:
    found = (await ask(FAR, id=order["id"]))["order"]
    return (
        found["status"],
        found["fulfillmentStatus"],
        found["paymentStatus"],
        found["milestone"],
    )


async def stock(sku: str) -> tuple[int, int, int]:
    (item,) = (await ask(STOCK, sku=sku))["product"]["stock"]
    return item["onHand"], item["reserved"], item["available"]


async def test_a_placed_order_tells_everything(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=5, price="2.50", taxRate="0.07", name="Tea, 100 g")
    placed = await change(
        EVERYTHING,
        input={
            "customerId": company.customer,
            "channel": "web",
            "lines": [{"sku": "TEA", "quantity": 3, "discountRate": "0.1"}],
            "shipping": "4.90",
            "externalRef": {"system": "shop", "key": "1001"},
            "note": "Ring twice.",
            "attributes": {"gift": True},
        },
    )
    assert placed["replayed"] is False
    assert placed["order"] == TOLD
    assert await stock("TEA") == (5, 3, 2)


async def test_from_the_cart_to_the_door(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=5)
    order = await company.order(("TEA", 2))
    assert await how_far(order) == ("CONFIRMED", "RESERVED", "UNPAID", "PLACED")
    prepared = await company.act(order, "PREPARE")
    assert await how_far(order) == ("CONFIRMED", "PREPARING", "UNPAID", "PROCESSING")
    assert await stock("TEA") == (5, 2, 3)
    await company.act(prepared, "SHIP")
    assert await how_far(order) == ("CONFIRMED", "SHIPPED", "UNPAID", "SHIPPED")
    assert await stock("TEA") == (3, 0, 3)
    charge = {"kind": "CHARGE", "amount": "20.00", "method": "card", "reference": "ch_1"}
    await change(PAY, orderId=order["id"], input=charge)
    assert await how_far(order) == ("CONFIRMED", "SHIPPED", "PAID", "SHIPPED")
    document = """query($id: ID!) { order(id: $id) {
        shipments { id number status lines { quantity orderLine { sku } } parcels { id } }
        invoices { total { gross { amount } } balance { amount } shipment { number } }
        payments { kind method reference amount { amount } actor { kind } } } }"""
    found = (await ask(document, id=order["id"]))["order"]
    (shipment,) = found["shipments"]
    assert (shipment["number"], shipment["status"]) == (f"{order['number']}-1", "SHIPPED")
    assert shipment["lines"] == [{"quantity": 2, "orderLine": {"sku": "TEA"}}]
    assert found["invoices"] == [
        {
            "total": {"gross": {"amount": "20.00"}},
            "balance": {"amount": "0.00"},
            "shipment": {"number": shipment["number"]},
        }
    ]
    assert found["payments"] == [
        {
            "kind": "CHARGE",
            "method": "card",
            "reference": "ch_1",
            "amount": {"amount": "20.00"},
            "actor": {"kind": "STAFF"},
        }
    ]
    track = """mutation($id: ID!) { shipmentTrack(id: $id, status: DELIVERED, place: "Hamburg") {
        order { shipments { deliveredAt parcels { events { status place } } } }
        userErrors { code message } } }"""
    tracked = await change(track, id=shipment["id"])
    (arrived,) = tracked["order"]["shipments"]
    assert arrived["deliveredAt"] is not None
    assert await how_far(order) == ("COMPLETED", "DELIVERED", "PAID", "COMPLETED")


async def test_cancelling_gives_the_stock_back(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=5)
    order = await company.order(("TEA", 4))
    line = order["lines"][0]["id"]
    partly = await company.act(order, "CANCEL", lines=[{"lineId": line, "quantity": 1}])
    assert await stock("TEA") == (5, 3, 2)
    await company.act(partly, "CANCEL")
    assert await stock("TEA") == (5, 0, 5)
    assert await how_far(order) == ("CANCELLED", "UNFULFILLED", "PAID", "CANCELLED")


async def test_each_short_line_is_told_and_nothing_changes(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=5)
    await company.product("POT", stock=1)
    await company.product("CUP")
    errors = await refusal(
        """mutation($input: OrderInput!) { orderPlace(input: $input) { order { id }
          userErrors { __typename code path
            ... on StockShortage { sku requested available } } } }""",
        input={
            "customerId": company.customer,
            "lines": [
                {"sku": "POT", "quantity": 1},
                {"sku": "TEA", "quantity": 5},
                {"sku": "CUP", "quantity": 2},
                {"sku": "POT", "quantity": 1},
            ],
        },
    )
    assert sorted(errors, key=lambda error: error["sku"]) == [
        {
            "__typename": "StockShortage",
            "code": "INSUFFICIENT_STOCK",
            "path": ["input", "lines", "2", "quantity"],
            "sku": "CUP",
            "requested": 2,
            "available": 0,
        },
        {
            "__typename": "StockShortage",
            "code": "INSUFFICIENT_STOCK",
            "path": ["input", "lines", "3", "quantity"],
            "sku": "POT",
            "requested": 1,
            "available": 0,
        },
    ]
    assert await stock("TEA") == (5, 0, 5)
    assert (await ask("{ orders { totalCount } }"))["orders"]["totalCount"] == 0


async def test_a_version_that_has_passed(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=5)
    order = await company.order(("TEA", 1))
    held = await company.act(order, "HOLD")
    errors = await refusal(
        """mutation($id: ID!) { orderAct(id: $id, version: 1, action: CANCEL) {
          order { id } userErrors { __typename code path
            ... on VersionConflict {
              expected actual current { id ... on Order { status } } } } } }""",
        id=order["id"],
    )
    assert errors == [
        {
            "__typename": "VersionConflict",
            "code": "VERSION_CONFLICT",
            "path": ["version"],
            "expected": 1,
            "actual": held["version"],
            "current": {"id": order["id"], "status": "ON_HOLD"},
        }
    ]


async def test_a_step_that_is_not_possible(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=5)
    order = await company.order(("TEA", 1))
    errors = await refusal(
        """mutation($id: ID!) { orderAct(id: $id, version: 1, action: RELEASE) {
          order { id } userErrors { __typename code
            ... on IllegalTransition { attempted from allowed subject { id } } } } }""",
        id=order["id"],
    )
    assert errors == [
        {
            "__typename": "IllegalTransition",
            "code": "ILLEGAL_TRANSITION",
            "attempted": "RELEASE",
            "from": "CONFIRMED",
            "allowed": ["EDIT", "HOLD", "PREPARE", "SHIP", "RECORD_PAYMENT", "CANCEL"],
            "subject": {"id": order["id"]},
        }
    ]


@pytest.mark.parametrize("action", ["EDIT", "RECORD_PAYMENT", "REFUND", "RETURN"])
async def test_actions_that_have_mutations_of_their_own(
    sqlite_database: Database, action: str
) -> None:
    company = await found_company()
    await company.product("TEA", stock=5)
    order = await company.order(("TEA", 1))
    (error,) = await refusal(ACT, id=order["id"], version=1, action=action)
    assert (error["code"], error["path"]) == ("INVALID", ["action"])


async def test_an_order_is_found_by_each_of_its_keys(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=5)
    key = {"system": "shop", "key": "1001"}
    order = await company.order(("TEA", 1), externalRef=key)
    document = """query($id: ID, $number: String, $ref: ExternalRefInput, $token: String) {
        order(id: $id, number: $number, externalRef: $ref, trackingToken: $token) {
          id trackingToken } }"""
    by_id = (await ask(document, id=order["id"]))["order"]
    for variables in (
        {"number": order["number"]},
        {"number": f" {order['number']} "},
        {"ref": key},
        {"token": by_id["trackingToken"]},
    ):
        assert (await ask(document, **variables))["order"] == by_id
    assert (await ask(document, number=order["number"].lower()))["order"] is None
    assert (await ask(document, ref={"system": "shop", "key": "1002"}))["order"] is None


async def test_a_note_is_on_the_timeline(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=5)
    order = await company.order(("TEA", 1))
    noted = await change(
        """mutation($id: ID!) { orderNote(id: $id, text: "Call first.") {
          order { note timeline { nodes { kind actor { kind id } subject { id } data } } }
          userErrors { code message } } }""",
        id=order["id"],
    )
    assert noted["order"]["note"] == "Call first."
    await until_numbered()
    timeline = (await ask(TIMELINE, id=order["id"]))["order"]["timeline"]["nodes"]
    assert timeline[0] == {
        "kind": "NOTE_ADDED",
        "actor": {"kind": "STAFF", "id": "STAFF:open"},
        "subject": {"id": order["id"]},
        "data": {"field": "note"},
    }
    assert [entry["kind"] for entry in timeline] == ["NOTE_ADDED", "ORDER_PLACED"]


async def test_no_foreign_key_of_an_order_is_taken_twice(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=5)
    key = {"system": "shop", "key": "1001"}
    await company.order(("TEA", 1), externalRef=key)
    values = {
        "customerId": company.customer,
        "lines": [{"sku": "TEA", "quantity": 1}],
        "externalRef": key,
    }
    (error,) = await refusal(PLACE, input=values)
    assert (error["code"], error["path"]) == ("DUPLICATE", ["input", "externalRef"])
    assert await stock("TEA") == (5, 1, 4)


async def test_a_payload_tells_nothing_that_an_earlier_mutation_of_its_document_had_read(
    sqlite_database: Database,
) -> None:
    company = await found_company()
    await company.product("TEA", stock=5)
    order = await company.order(("TEA", 1))
    seen = "{ order { customer { orders { nodes { note } } } } }"
    noted = await ask(
        f"""mutation($id: ID!) {{
          first: orderNote(id: $id, text: "Call first.") {seen}
          second: orderNote(id: $id, text: "Ring twice.") {seen} }}""",
        id=order["id"],
    )
    assert [
        noted[name]["order"]["customer"]["orders"]["nodes"] for name in ("first", "second")
    ] == [
        [{"note": "Call first."}],
        [{"note": "Call first.\nRing twice."}],
    ]
