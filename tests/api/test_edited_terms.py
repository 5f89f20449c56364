"""What is edited beside the goods: whose a draft is, an order's note, and its keys."""

import asyncio
from base64 import b64encode

import pytest

from models.events import Event
from models.rules.events import EventKind
from services.work import clock
from tests.support.api import ask, change, refusal
from tests.support.audit.auditor import audit
from tests.support.company import ADDRESS
from tests.support.databases import Database
from tests.support.edits import (
    BY_KEY,
    EDIT,
    FOUND,
    HOUR,
    KEYED,
    NOON,
    PREVIEW,
    at,
    customer,
    draft,
    edit,
    line,
    refused,
    seen,
    stocked,
    told,
)


async def test_a_draft_of_another_customer_is_as_if_it_had_been_drafted_for_them(
    database: Database,
) -> None:
    company = await stocked(taxRate="0.07")
    bob = await customer("BOB", discount="0.1")
    lines = [line("TEA", 2), line("CUP", 2), line("CUP", 1, unitPrice="8.00")]
    lines += [line("TEA", 1, discountRate="0")]
    ada_s = await draft(company, *lines, shipping="4.90")
    changed = await edit(ada_s, customerId=bob)
    data = await told()
    bob_s = await draft(company, *lines, shipping="4.90", customerId=bob)
    same = ("customer", "total", "shipping", "shippingAddress", "billingAddress")
    assert {name: changed[name] for name in same} == {name: bob_s[name] for name in same}
    assert [each["discountRate"] for each in changed["lines"]] == ["0.1", "0.1", "0", "0"]
    assert changed["customer"] == {"code": "BOB"}
    assert changed["shippingAddress"] == changed["billingAddress"] == {"city": "Berlin"}
    assert data["fields"] == ["billingAddress", "customerId", "shippingAddress", "lines"]
    assert [each["discountRate"] for each in data["lines"]] == [["0", "0.1"], ["0", "0.1"]]
    back = await edit(changed, customerId=company.customer)
    assert {**back, "version": 1, "lines": None} == {**ada_s, "lines": None}
    assert await audit() == []


async def test_what_is_given_with_the_customer_stands(database: Database) -> None:
    company = await stocked()
    bob = await customer("BOB", discount="0.1")
    order = await draft(company, line("TEA", 2), line("CUP", 2))
    tea, cup = order["lines"]
    wish = {
        "customerId": bob,
        "lines": [
            line("TEA", 2, lineId=tea["id"], discountRate="0"),
            line("CUP", 3, lineId=cup["id"]),
            line("TEA", 1),
        ],
        "shippingAddress": {**ADDRESS, "city": "Kiel"},
    }
    preview = (await ask(PREVIEW, id=order["id"], input=wish))["orderEditPreview"]
    edited = await edit(order, **wish)
    assert [each["discountRate"] for each in edited["lines"]] == ["0", "0.1", "0.1"]
    assert edited["total"] == {"gross": {"amount": "45.07"}}
    assert preview == {"difference": {"amount": "13.17"}, "userErrors": []}
    assert edited["shippingAddress"] == {"city": "Kiel"}
    assert edited["billingAddress"] == {"city": "Berlin"}
    # A discount that was given by an edit is not the customer's either.
    again = await edit(edited, customerId=company.customer)
    assert [each["discountRate"] for each in again["lines"]] == ["0", "0", "0"]
    assert again["shippingAddress"] == {"city": "Kiel"}


async def test_a_draft_goes_with_its_customer(database: Database) -> None:
    company = await stocked()
    bob = await customer("BOB", addresses=[])
    order = await draft(company, line("TEA", 2), note="fragile")
    # An address that is one of theirs already, though not the default.
    moved = await edit(order, customerId=bob)
    assert moved["shippingAddress"] is moved["billingAddress"] is None
    found = [(await ask(FOUND, search=word))["orders"]["nodes"] for word in ("Albers", "Bob")]
    assert found == [[], [{"number": order["number"]}]]
    credit = "query($id: ID!) { customer(id: $id) { credit { used { amount } } } }"
    placed = await company.act(moved, "SUBMIT")
    used = [(await ask(credit, id=each))["customer"]["credit"] for each in (company.customer, bob)]
    assert [each["used"]["amount"] for each in used] == ["0.00", "20.00"]
    assert await refused(placed, customerId=company.customer) == ("INVALID", "customerId")
    # The same customer is no change.
    assert (await edit(placed, customerId=bob))["customer"] == {"code": "BOB"}
    event = (await Event.filter(kind=EventKind.ORDER_EDITED).order_by("id"))[1]
    assert event.customer_id
    assert event.before["customerId"] != event.after["customerId"] == event.customer_id.hex
    assert await audit() == []


async def test_customers_that_a_draft_cannot_have(database: Database) -> None:
    company = await stocked(currencyCode="USD")
    order = await draft(company, line("TEA", 2))
    bob = await customer("BOB")
    limit = """mutation($id: ID!) { customerCreditSet(id: $id, version: 1, rating: B, limit: "9",
      termsDays: 30) { customer { id } userErrors { code } } }"""
    await change(limit, id=bob)
    assert await refused(order, customerId=bob) == ("INVALID", "customerId")  # USD is worth what?
    assert await refused(order, customerId=None) == ("REQUIRED", "customerId")
    gone = b64encode(b"Customer:" + b"0" * 32).decode()
    assert await refused(order, customerId=gone) == ("NOT_FOUND", "customerId")
    for other in (order["id"], "nobody"):
        (error,) = await refusal(EDIT, id=order["id"], version=1, input={"customerId": other})
        assert (error["code"], error["path"]) == ("NOT_FOUND", ["input", "customerId"])


async def test_a_draft_may_go_to_a_blocked_customer_and_is_not_placed(database: Database) -> None:
    company = await stocked()
    bob = await customer("BOB")
    block = """mutation($id: ID!) { customerCreditSet(id: $id, version: 1, rating: B, termsDays: 30,
      blocked: true) { customer { id } userErrors { code } } }"""
    order = await draft(company, line("TEA", 2))
    await asyncio.gather(edit(order, customerId=bob), change(block, id=bob))
    edited = await seen(order)
    assert (edited["version"], edited["customer"]) == (2, {"code": "BOB"})
    submit = """mutation($id: ID!, $version: Int!) { orderAct(id: $id, version: $version,
      action: SUBMIT) { order { id } userErrors { code } } }"""
    known = {"id": order["id"], "version": edited["version"]}
    assert await refusal(submit, **known) == [{"code": "CREDIT_EXCEEDED"}]
    assert (await company.act(await edit(edited, customerId=company.customer), "SUBMIT"))[
        "status"
    ] == "CONFIRMED"


async def test_a_note_is_replaced_and_cleared(database: Database) -> None:
    company = await stocked()
    order = await company.order(("TEA", 2), note="old")
    noted = await edit(order, note=" Ring twice. \r\nThen wait. ")
    assert noted["note"] == "Ring twice. \nThen wait."
    data = await told()
    assert (data["fields"], data["changes"]) == (["note"], {})
    assert (await edit(noted, attributes={"a": 1}))["note"] == noted["note"]
    assert await refused(order, note="x" * 10_001) == ("INVALID", "note")
    assert (await edit(await seen(order), note=None))["note"] is None


async def test_words_are_edited_in_every_state_and_nothing_else_is(database: Database) -> None:
    company = await stocked()
    sent = await company.act(await company.order(("TEA", 2)), "SHIP")
    gone = await company.act(await company.order(("TEA", 3), shipping="4.90"), "CANCEL")
    for order, total in ((sent, "20.00"), (gone, "34.90")):
        key = {"system": "ERP", "key": f"K-{order['id']}"}
        known = await edit(order, note="late", externalRef=key)
        assert (known["note"], known["externalRefs"]) == ("late", [key])
        assert known["total"] == {"gross": {"amount": total}}
        assert (known["status"], known["version"]) == (order["status"], order["version"] + 1)
        for wish in ({}, {"note": "x", "promisedAt": None}, {"reserveUntil": None}):
            assert await refused(order, **wish) == ("ILLEGAL_TRANSITION", "")
    assert await audit() == []


async def test_a_key_replaces_that_of_its_system(database: Database) -> None:
    company = await stocked()
    shop, erp = {"system": "SHOP", "key": "PLUM"}, {"system": "ERP", "key": "ROSE"}
    order = await company.order(("TEA", 2), externalRef=shop)
    both = await edit(order, externalRef=erp)
    assert sorted(each["key"] for each in both["externalRefs"]) == ["PLUM", "ROSE"]
    assert (await told())["changes"] == {
        "externalRef": [{"SHOP": "PLUM"}, {"ERP": "ROSE", "SHOP": "PLUM"}]
    }
    moved = await edit(both, externalRef={"system": "SHOP", "key": " AP\u200bPLE "})
    assert sorted(each["key"] for each in moved["externalRefs"]) == ["APPLE", "ROSE"]
    event = (await Event.filter(kind=EventKind.ORDER_EDITED).order_by("-id"))[0]
    assert event.before["references"] == [["ERP", "ROSE"], ["SHOP", "PLUM"]]
    assert event.after["references"] == [["ERP", "ROSE"], ["SHOP", "APPLE"]]
    number = {"number": order["number"]}
    words = [
        (await ask(FOUND, search=word))["orders"]["nodes"] for word in ("PLUM", "APPLE", "ROSE")
    ]
    assert words == [[], [number], [number]]
    keys = [(await ask(BY_KEY, key=key))["order"] for key in ("PLUM", "APPLE")]
    assert keys == [None, number]
    # null names no system; the same key once more is no change.
    assert (await edit(moved, externalRef=None))["externalRefs"] == moved["externalRefs"]
    assert await refused(order, externalRef={"system": "", "key": "x"}) == (
        *("INVALID", "externalRef"),
    )
    other = await company.order(("TEA", 2), externalRef=shop)
    taken = {"system": "SHOP", "key": "APPLE"}
    assert await refused(other, externalRef=taken) == ("DUPLICATE", "externalRef")


async def test_one_of_two_gets_a_key(database: Database) -> None:
    company = await stocked()
    orders = [await company.order(("TEA", 1)) for _ in range(4)]
    key = {"system": "SHOP", "key": "PLUM"}
    answers = await asyncio.gather(
        *(ask(EDIT, id=each["id"], version=1, input={"externalRef": key}) for each in orders)
    )
    codes = [[error["code"] for error in answer["orderEdit"]["userErrors"]] for answer in answers]
    assert sorted(codes) == [[], ["DUPLICATE"], ["DUPLICATE"], ["DUPLICATE"]]
    known = [(await seen(each))["externalRefs"] for each in orders]
    assert sorted(known, key=len) == [[], [], [], [key]]


async def test_what_is_sent_again_is_done_once(database: Database) -> None:
    company = await stocked()
    bob = await customer("BOB")
    with clock.frozen(NOON):
        order = await draft(company, line("TEA", 2))
        wish = {
            "customerId": bob,
            "note": "by phone",
            "externalRef": {"system": "SHOP", "key": "PLUM"},
            "reserveUntil": at(NOON + HOUR),
        }
        sent = {"id": order["id"], "version": 1, "input": wish}
        first = await change(KEYED, **sent)
    with clock.frozen(NOON + 2 * HOUR):  # that time is over, and the version is old
        again = await change(KEYED, **sent)
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["order"] == first["order"]
    assert (again["order"]["version"], again["order"]["lines"][0]["reserved"]) == (2, 2)
    assert await Event.filter(kind=EventKind.ORDER_EDITED).count() == 2  # a draft is told so too


@pytest.mark.parametrize("status", ["DRAFT", "CONFIRMED"])
async def test_the_same_values_change_nothing(sqlite_database: Database, status: str) -> None:
    company = await stocked()
    key = {"system": "SHOP", "key": "PLUM"}
    with clock.frozen(NOON):
        own = {"note": "old", "externalRef": key}
        if status == "DRAFT":
            own["reserveUntil"] = at(NOON + HOUR)
        order = await draft(company, line("TEA", 2), line("CUP", 2), shipping="4.90", **own)
        if status == "CONFIRMED":
            placed = await company.act(order, "SUBMIT")
            # Its shipping stays taxed as it was.
            units = [{"lineId": order["lines"][1]["id"], "quantity": 1}]
            await company.act(placed, "CANCEL", lines=units)
        before = await seen(order)
        after = await edit(before, customerId=company.customer, **own)
    assert {**after, "version": before["version"]} == before
    data = await told()
    assert (data["fields"], data["changes"], data["lines"]) == ([], {}, [])
