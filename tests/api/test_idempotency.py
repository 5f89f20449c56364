"""What is sent again under the same key is done once, and told again."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from graph.schema import schema
from models.idempotency import IdempotencyKey
from models.orders import Order
from services.work import clock, idempotency
from tests.support.api import Failed, ask, change, refusal, until_numbered
from tests.support.company import ERRORS, Company, found_company
from tests.support.databases import Database
from tests.support.serving import client

PLACE: Final = f"""
mutation($input: OrderInput!, $key: String!) {{
  orderPlace(input: $input) @idempotent(key: $key) {{
    order {{ id number status }} replayed {ERRORS}
  }}
}}"""
DRAFT: Final = PLACE.replace("orderPlace", "orderDraft")
NOTE: Final = f"""
mutation($id: ID!, $text: String!) {{
  orderNote(id: $id, text: $text) @idempotent(key: "note") {{ order {{ id }} replayed {ERRORS} }}
}}"""
ADJUST: Final = f"""
mutation($changes: [StockChange!]!) {{
  stockAdjust(changes: $changes) @idempotent(key: "count") {{
    items {{ onHand product {{ sku }} }} replayed {ERRORS}
  }}
}}"""


def cart(company: Company, quantity: int = 1) -> dict[str, Any]:
    return {"customerId": company.customer, "lines": [{"sku": "TEA", "quantity": quantity}]}


async def sells_tea(stock: int) -> Company:
    company = await found_company()
    await company.product("TEA", stock=stock)
    return company


async def test_an_order_that_is_sent_twice_is_placed_once(database: Database) -> None:
    company = await sells_tea(stock=5)
    first = await change(PLACE, input=cart(company), key="cart-1")
    again = await change(PLACE, input=cart(company), key="cart-1")
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["order"] == first["order"]
    assert await Order.all().count() == 1


async def test_a_replay_tells_how_the_object_is_now(database: Database) -> None:
    company = await sells_tea(stock=5)
    first = await change(PLACE, input=cart(company), key="cart-1")
    await company.act({"id": first["order"]["id"], "version": 1}, "CANCEL")
    again = await change(PLACE, input=cart(company), key="cart-1")
    assert again["order"] == first["order"] | {"status": "CANCELLED"}


async def test_literals_and_variables_are_the_same_input(database: Database) -> None:
    company = await sells_tea(stock=5)
    first = await change(PLACE, input=cart(company), key="cart-1")
    written = f"""mutation {{ orderPlace(input: {{
      channel: "default", lines: [{{quantity: 1, sku: "TEA"}}], customerId: "{company.customer}"
    }}) @idempotent(key: "cart-1") {{ order {{ number }} replayed {ERRORS} }} }}"""
    again = await change(written)
    assert again["replayed"] is True
    assert again["order"]["number"] == first["order"]["number"]


async def test_a_key_stands_for_one_input(database: Database) -> None:
    company = await sells_tea(stock=5)
    await change(PLACE, input=cart(company), key="cart-1")
    (error,) = await refusal(PLACE, input=cart(company, quantity=2), key="cart-1")
    assert (error["code"], error["path"]) == ("KEY_REUSED", [])
    other = NOTE.replace('"note"', '"cart-1"')
    (error,) = await refusal(other, id=(await company.order(("TEA", 1)))["id"], text="x")
    assert error["code"] == "KEY_REUSED"
    assert await Order.all().count() == 2


async def test_a_refusal_leaves_the_key_free(database: Database) -> None:
    company = await sells_tea(stock=0)
    (error,) = await refusal(PLACE, input=cart(company), key="cart-1")
    assert error["code"] == "INSUFFICIENT_STOCK"
    assert await IdempotencyKey.all().count() == 0
    await company.receive("TEA", 1)
    placed = await change(PLACE, input=cart(company), key="cart-1")
    assert placed["replayed"] is False


async def test_a_draft_is_replayed_when_what_it_held_is_long_free(database: Database) -> None:
    company = await sells_tea(stock=5)
    noon = datetime(2026, 3, 9, 12, tzinfo=UTC)
    wish = cart(company) | {"reserveUntil": "2026-03-09T13:00:00Z"}
    with clock.frozen(noon):
        first = await change(DRAFT, input=wish, key="draft-1")
    with clock.frozen(noon + timedelta(hours=2)):
        again = await change(DRAFT, input=wish, key="draft-1")
        (error,) = await refusal(DRAFT, input=wish, key="draft-2")
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["order"]["id"] == first["order"]["id"]
    assert (error["code"], error["path"]) == ("INVALID", ["input", "reserveUntil"])


async def test_many_at_once_place_one_order(database: Database) -> None:
    company = await sells_tea(stock=100)
    sent = [change(PLACE, input=cart(company), key="cart-1") for _ in range(20)]
    answers = await asyncio.gather(*sent)
    assert len({each["order"]["id"] for each in answers}) == 1
    assert sorted(each["replayed"] for each in answers) == [False] + [True] * 19
    assert await Order.all().count() == 1


async def test_lists_and_notes_are_replayed_too(database: Database) -> None:
    company = await sells_tea(stock=5)
    changes = [
        {"sku": "TEA", "warehouseId": company.warehouse, "delta": -2, "reason": "broken"},
    ]
    first = await change(ADJUST, changes=changes)
    again = await change(ADJUST, changes=changes)
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert first["items"] == again["items"] == [{"onHand": 3, "product": {"sku": "TEA"}}]
    order = await company.order(("TEA", 1))
    for replayed in (False, True, True):
        noted = await change(NOTE, id=order["id"], text="Call first.")
        assert noted["replayed"] is replayed
    await until_numbered()
    timeline = await ask(
        "query($id: ID!) { order(id: $id) { timeline { nodes { kind } } } }", id=order["id"]
    )
    kinds = [each["kind"] for each in timeline["order"]["timeline"]["nodes"]]
    assert kinds.count("NOTE_ADDED") == 1


@pytest.mark.parametrize("key", ["", " ", "k" * 201])
async def test_a_key_is_short_and_not_empty(sqlite_database: Database, key: str) -> None:
    company = await sells_tea(stock=1)
    (error,) = await refusal(PLACE, input=cart(company), key=key)
    assert (error["code"], error["path"]) == ("INVALID", [])
    assert await Order.all().count() == 0


async def test_only_mutations_have_keys(sqlite_database: Database) -> None:
    for document in (
        '{ warehouses @idempotent(key: "k") { id } }',
        'mutation { orderNote(id: "x", text: "y") { replayed @idempotent(key: "k") } }',
    ):
        with pytest.raises(Failed) as failed:
            await ask(document)
        assert failed.value.codes == ["VALIDATION_FAILED"]


async def test_a_header_is_a_key(sqlite_database: Database) -> None:
    company = await sells_tea(stock=5)
    plain = PLACE.replace("@idempotent(key: $key)", "").replace(", $key: String!", "")
    body = {"query": plain, "variables": {"input": cart(company)}}
    async with client(schema) as http:
        sent = [
            (await http.post("/graphql", json=body, headers={"idempotency-key": key})).json()
            for key in ("a", "a", "b")
        ]
    assert [each["data"]["orderPlace"]["replayed"] for each in sent] == [False, True, False]


async def test_a_header_means_one_mutation(sqlite_database: Database) -> None:
    company = await sells_tea(stock=5)
    order = await company.order(("TEA", 1))
    note = f'orderNote(id: "{order["id"]}", text: "x") {{ replayed }}'
    async with client(schema) as http:
        answer = await http.post(
            "/graphql",
            json={"query": f"mutation {{ a: {note} b: {note} }}"},
            headers={"idempotency-key": "k"},
        )
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "BAD_REQUEST"


async def test_keys_are_forgotten_after_a_week(database: Database) -> None:
    company = await sells_tea(stock=5)
    then = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with clock.frozen(then):
        await change(PLACE, input=cart(company), key="cart-1")
    assert await idempotency.forget(then + timedelta(days=7)) == 0
    assert await idempotency.forget(then + timedelta(days=7, seconds=1)) == 1
    again = await change(PLACE, input=cart(company), key="cart-1")
    assert again["replayed"] is False
