"""What events keep: the reason of each step, and all that an edit changed with its old value."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from resolvers.identifiers import parse
from services.work import clock
from tests.support.api import change, refusal
from tests.support.company import ADDRESS, ERRORS, Company, found_company
from tests.support.databases import Database
from tests.support.order_events import latest, timeline

NOON: Final = datetime(2026, 3, 9, 12, tzinfo=UTC)
ACT: Final = f"""
mutation($id: ID!, $version: Int!, $action: OrderAction!, $lines: [LineQuantity!],
         $reason: String) {{
  orderAct(id: $id, version: $version, action: $action, lines: $lines, reason: $reason) {{
    order {{ id version status lines {{ id sku quantity }} }} {ERRORS}
  }}
}}"""
EDIT: Final = f"""
mutation($id: ID!, $version: Int!, $input: OrderEditInput!, $reason: String!) {{
  orderEdit(id: $id, version: $version, input: $input, reason: $reason) {{
    order {{ id version lines {{ id sku quantity }} }} {ERRORS}
  }}
}}"""
DRAFT: Final = f"""
mutation($input: OrderInput!) {{
  orderDraft(input: $input) {{ order {{ id version lines {{ id sku quantity }} }} {ERRORS} }}
}}"""
PRODUCT: Final = f"""
mutation($id: ID!, $version: Int, $sku: String!) {{
  productSave(id: $id, version: $version, input: {{sku: $sku}}) {{ product {{ id }} {ERRORS} }}
}}"""

SINCE: Final = {
    "HOLD": (),
    "RELEASE": ("HOLD",),
    "CANCEL": (),
    "PREPARE": (),
    "SHIP": (),
}
"""The steps that lead to where each can be done."""


async def stocked() -> Company:
    company = await found_company()
    await company.product("TEA", stock=10)
    await company.product("CUP", stock=10, price="5.00")
    return company


async def act(order: dict[str, Any], action: str, reason: str | None, **more: Any) -> Any:
    step = {"id": order["id"], "version": order["version"], "action": action, "reason": reason}
    return (await change(ACT, **step, **more))["order"]


async def edit(order: dict[str, Any], reason: str = "They called.", /, **fields: Any) -> Any:
    wish = {"id": order["id"], "version": order["version"], "input": fields, "reason": reason}
    return (await change(EDIT, **wish))["order"]


def hexed(key: str) -> str:
    """The id as events have it."""
    return parse(key)[1].hex


@pytest.mark.parametrize("action", SINCE)
async def test_the_reason_of_a_step_is_kept(database: Database, action: str) -> None:
    company = await stocked()
    order = await company.order(("TEA", 2))
    for earlier in SINCE[action]:
        order = await company.act(order, earlier)
    after = await act(order, action, " Because. ")
    *_, event = [
        each
        for each in await timeline(order["id"])
        if each["kind"] == "ORDER_STATUS_CHANGED" and each["subject"]["id"] == order["id"]
    ]
    assert event["data"].pop("changed")
    assert event["data"] == {"action": action, "reason": "Because."}
    assert event["subjectVersion"] == after["version"]


async def test_the_reason_of_an_approval_is_kept(database: Database) -> None:
    company = await stocked()
    await company.limit("15.00")
    order = await company.order(("TEA", 2))
    assert order["status"] == "AWAITING_APPROVAL"
    approved = await act(order, "APPROVE", "They always pay.")
    assert approved["status"] == "CONFIRMED"
    event = await latest(order["id"])
    assert (event["kind"], event["subject"]["id"]) == ("ORDER_STATUS_CHANGED", order["id"])
    assert event["data"] == {
        "action": "APPROVE",
        "reason": "They always pay.",
        "changed": ["stageDueAt", "status"],
    }


@pytest.mark.parametrize("units", [None, 1])
async def test_the_reason_of_a_cancellation_is_kept(database: Database, units: int | None) -> None:
    """Of an order as a whole, and of one of its units."""
    company = await stocked()
    order = await company.order(("TEA", 2))
    lines = units and [{"lineId": order["lines"][0]["id"], "quantity": units}]
    await act(order, "CANCEL", "They changed their mind.", lines=lines)
    changed = ["balanceMinor", "totalMinor"]
    if units is None:
        changed = ["balanceMinor", "milestone", "payment", "stageDueAt", "status", "warehouses"]
        changed = sorted([*changed, "fulfillment"])
    event = await latest(order["id"])
    assert (event["kind"], event["subject"]["id"]) == ("ORDER_STATUS_CHANGED", order["id"])
    assert event["data"] == {
        "action": "CANCEL",
        "reason": "They changed their mind.",
        "changed": changed,
    }


async def test_a_step_without_a_reason_tells_none(sqlite_database: Database) -> None:
    company = await stocked()
    for reason in (None, " "):
        order = await company.order(("TEA", 2))
        await act(order, "HOLD", reason)
        event = await latest(order["id"])
        assert event["data"] == {"action": "HOLD", "changed": ["status"]}


async def test_a_reason_that_is_too_long(sqlite_database: Database) -> None:
    company = await stocked()
    order = await company.order(("TEA", 2))
    step = {"id": order["id"], "version": 1, "action": "HOLD", "reason": "x" * 1_001}
    (error,) = await refusal(ACT, **step)
    assert (error["code"], error["path"]) == ("INVALID", ["reason"])


async def test_each_field_of_an_edit_is_told(database: Database) -> None:
    company = await stocked()
    order = await company.order(
        ("TEA", 2),
        shipping="3.00",
        promisedAt="2026-05-01T12:00:00Z",
        note="Ring twice.",
        attributes={"color": "red", "gift": True},
    )
    elsewhere = ADDRESS | {"lines": ["Rue 2"], "city": "Lyon", "countryCode": "FR"}
    await edit(
        order,
        " They moved. ",
        shipping="4.50",
        shippingTaxRate="0.07",
        shippingAddress=elsewhere,
        billingAddress=ADDRESS | {"name": "Ada & Co."},
        promisedAt="2026-05-02T12:00:00Z",
        attributes={"color": "blue", "gift": True, "wrap": "paper"},
    )
    event = await latest(order["id"])
    assert (event["kind"], event["subject"]["id"]) == ("ORDER_EDITED", order["id"])
    changed = event["data"].pop("changed")
    assert {"country", "promisedAt", "totalMinor"} <= set(changed)
    assert event["data"] == {
        "reason": "They moved.",
        "fields": [
            *("attributes", "billingAddress", "promisedAt"),
            *("shipping", "shippingAddress", "shippingTaxRate"),
        ],
        "changes": {
            "promisedAt": ["2026-05-01T12:00:00+00:00", "2026-05-02T12:00:00+00:00"],
            "shipping": [300, 450],
            "shippingTaxRate": ["goods", "0.07"],
        },
        "parts": {
            "attributes": ["color", "wrap"],
            "billingAddress": ["name"],
            "shippingAddress": ["city", "countryCode", "lines"],
        },
        "lines": [],
        "lineCount": 0,
        "totalMinor": 2_482,
    }


async def test_what_is_cleared_is_told_with_what_it_was(database: Database) -> None:
    company = await stocked()
    order = await company.order(
        ("TEA", 1), shipping="3.00", promisedAt="2026-05-01T12:00:00Z", attributes={"color": "red"}
    )
    fields = ("shipping", "shippingAddress", "billingAddress", "promisedAt")
    await edit(order, **dict.fromkeys(fields), attributes={})
    data = (await latest(order["id"]))["data"]
    address = ["city", "countryCode", "lines", "name", "postalCode"]
    assert data["changes"] == {
        "promisedAt": ["2026-05-01T12:00:00+00:00", None],
        "shipping": [300, 0],
    }
    assert data["parts"] == {
        "attributes": ["color"],
        "billingAddress": address,
        "shippingAddress": address,
    }
    assert data["fields"] == sorted([*fields, "attributes"])


async def test_what_is_as_it_was_is_not_told(database: Database) -> None:
    """The same instant in another zone, the same address, the same lines."""
    company = await stocked()
    order = await company.order(("TEA", 1), shipping="3.00", promisedAt="2026-05-01T12:00:00Z")
    (line,) = order["lines"]
    await edit(
        order,
        shipping="3.0",
        promisedAt="2026-05-01T14:00:00+02:00",
        shippingAddress=ADDRESS,
        lines=[{"lineId": line["id"], "quantity": 1, "unitPrice": "10.00", "discountRate": "0"}],
    )
    assert (await latest(order["id"]))["data"] == {
        "reason": "They called.",
        "fields": [],
        "changes": {},
        "parts": {},
        "lines": [],
        "lineCount": 0,
        "totalMinor": 1_300,
        "changed": [],
    }


async def test_each_change_of_a_line_is_told(database: Database) -> None:
    """More of one, another price and discount of the second, the third swapped for a new one."""
    company = await stocked()
    await company.product("POT", stock=10, price="2.50")
    order = await company.order(("TEA", 2), ("CUP", 3), ("CUP", 1))
    more, dearer, gone = order["lines"]
    after = await edit(
        order,
        lines=[
            {"lineId": more["id"], "quantity": 5},
            {
                "lineId": dearer["id"],
                "quantity": 3,
                "unitPrice": "6.25",
                "discountRate": "0.125",
            },
            {"sku": "POT", "quantity": 4, "discountRate": "0.5"},
        ],
    )
    new = after["lines"][-1]
    data = (await latest(order["id"]))["data"]
    assert (data["fields"], data["lineCount"], data["parts"]) == (["lines"], 4, {})
    assert data["lines"] == [
        {"lineId": hexed(more["id"]), "sku": "TEA", "quantity": [2, 5]},
        {
            "lineId": hexed(dearer["id"]),
            "sku": "CUP",
            "unitPriceMinor": [500, 625],
            "discountRate": ["0", "0.125"],
        },
        {"lineId": hexed(gone["id"]), "sku": "CUP", "cancelled": [0, 1]},
        {
            "lineId": hexed(new["id"]),
            "sku": "POT",
            "quantity": [0, 4],
            "unitPriceMinor": [None, 250],
            "discountRate": [None, "0.5"],
        },
    ]
    assert data["totalMinor"] == 5_000 + 1_641 + 500


async def test_lines_of_a_draft_go_altogether(database: Database) -> None:
    company = await stocked()
    items = [{"sku": "TEA", "quantity": 2}, {"sku": "CUP", "quantity": 3}]
    made = await change(DRAFT, input={"customerId": company.customer, "lines": items})
    kept, gone = made["order"]["lines"]
    await edit(made["order"], lines=[{"lineId": kept["id"], "quantity": 1}])
    data = (await latest(made["order"]["id"]))["data"]
    assert data["lines"] == [
        {"lineId": hexed(kept["id"]), "sku": "TEA", "quantity": [2, 1]},
        {
            "lineId": hexed(gone["id"]),
            "sku": "CUP",
            "quantity": [3, 0],
            "unitPriceMinor": [500, None],
            "discountRate": ["0", None],
        },
    ]


async def test_a_line_goes_on_under_the_sku_that_it_was_ordered_by(database: Database) -> None:
    """Its product has another SKU since, and nothing of the line is told to have changed."""
    company = await found_company()
    tea = await company.product("TEA", stock=10)
    order = await company.order(("TEA", 2))
    await change(PRODUCT, id=tea, version=1, sku="TEE")
    (line,) = order["lines"]
    await edit(order, lines=[{"lineId": line["id"], "sku": "TEE", "quantity": 3}])
    assert (await latest(order["id"]))["data"]["lines"] == [
        {"lineId": hexed(line["id"]), "sku": "TEA", "quantity": [2, 3]}
    ]


async def test_more_lines_than_an_event_tells_are_counted(sqlite_database: Database) -> None:
    company = await stocked()
    order = await company.order(*[("TEA", 1)] * 2)
    first, second = order["lines"]
    kept = [{"lineId": first["id"], "quantity": 1}, {"lineId": second["id"], "quantity": 1}]
    await company.receive("CUP", 200)
    after = await edit(order, lines=[*kept, *[{"sku": "CUP", "quantity": 1}] * 101])
    data = (await latest(order["id"]))["data"]
    assert (data["lineCount"], len(data["lines"])) == (101, 100)
    assert [each["lineId"] for each in data["lines"]] == [
        hexed(each["id"]) for each in after["lines"][2:102]
    ]


async def test_nobody_s_texts_are_in_an_event(sqlite_database: Database) -> None:
    company = await stocked()
    with clock.frozen(NOON):
        order = await company.order(("TEA", 1), note="Ring twice.")
        secret = ADDRESS | {"name": "Grace Hopper", "lines": ["Gate 7"], "postalCode": "99999"}
        await edit(order, shippingAddress=secret, attributes={"for": "her birthday"})
    told = str([event["data"] for event in await timeline(order["id"])])
    for text in ("Grace", "Gate", "99999", "birthday", "Ring"):
        assert text not in told
