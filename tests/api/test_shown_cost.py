"""What an answer tells of its cost, to clients that ask for it and to no others."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
import pytest

from graph.execution.documents.persisted import hash_of
from graph.schema import schema
from resolvers.identifiers import to_global
from tests.support import sample_schema
from tests.support.databases import Database
from tests.support.parts import LAYOUT, read
from tests.support.serving import application, client, served, talking
from tests.support.shop import open_shop

ASKED: Final = {"GraphQL-Cost": "1"}
ALLOWED: Final = 100
DEFERRED: Final = "{ node { name ... @defer { child { name } } } }"
DEEP: Final = "nodes(count: 1) { " + "child { " * 12 + "name" + " }" * 13


def cost(requested: int, actual: int, allowed: int = ALLOWED) -> dict[str, Any]:
    return {"cost": {"requested": requested, "actual": actual, "allowed": allowed}}


@pytest.fixture(params=["breadth-first", "reference"])
async def http(request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    async with client(executor=request.param, max_cost=ALLOWED) as made:
        yield made


# What is asked for, with what it is reckoned to cost and what it comes to.
TOLD: Final = {
    "{ greet }": cost(1, 1),
    # A list is reckoned to have three elements, which here has two.
    "{ nodes(count: 2) { name } }": cost(4, 3),
    "mutation { make { name } }": cost(12, 12),
    "mutation { a: change b: change }": cost(21, 21),
    "{ broken }": cost(1, 1),
    # Three times 39.3, which is refused before it runs.
    f"{{ a: {DEEP} b: {DEEP} c: {DEEP} }}": cost(118, 0),
}


@pytest.mark.parametrize("text", TOLD)
async def test_an_answer_tells_its_cost_when_it_is_asked(
    http: httpx.AsyncClient, text: str
) -> None:
    answer = (await http.post("/graphql", json={"query": text}, headers=ASKED)).json()
    assert answer.pop("extensions") == TOLD[text]
    assert (await http.post("/graphql", json={"query": text})).json() == answer
    codes = [each["extensions"]["code"] for each in answer.get("errors", ())]
    assert (codes == ["COST_EXCEEDED"]) is (TOLD[text]["cost"]["requested"] > ALLOWED)


@pytest.mark.parametrize(("executor", "actual"), [("breadth-first", 14), ("reference", 15)])
async def test_the_reference_counts_fields_of_objects_as_scalars(
    executor: str, actual: int
) -> None:
    async with client(executor=executor) as made:
        body = {"query": f"{{ {DEEP} }}"}
        answer = await made.post("/graphql", json=body, headers=ASKED)
        assert answer.json()["extensions"] == cost(40, actual, 20_000)


async def test_other_values_of_the_header_do_not_ask(http: httpx.AsyncClient) -> None:
    for value in ("0", "", "true", "2"):
        sent = {"GraphQL-Cost": value}
        answer = await http.post("/graphql", json={"query": "{ greet }"}, headers=sent)
        assert answer.json() == {"data": {"greet": "Hello world"}}


async def test_what_cannot_be_reckoned_has_no_cost(http: httpx.AsyncClient) -> None:
    answer = await http.post("/graphql", json={"query": "{ greet"}, headers=ASKED)
    assert list(answer.json()) == ["errors"]


async def test_a_get_and_a_persisted_query_tell_it_too(http: httpx.AsyncClient) -> None:
    answer = await http.get("/graphql", params={"query": "{ greet }"}, headers=ASKED)
    assert answer.json()["extensions"] == cost(1, 1)
    assert "GraphQL-Cost" in answer.headers["vary"]
    answer = await http.get("/graphql", params={"query": "mutation { change }"}, headers=ASKED)
    assert (answer.status_code, answer.json()["extensions"]) == (405, cost(11, 0))
    named = {"documentId": hash_of("{ greet }")}
    unknown = await http.post("/graphql", json=named, headers=ASKED)
    assert list(unknown.json()) == ["errors"]
    for body in (named | {"query": "{ greet }"}, named):
        answer = await http.post("/graphql", json=body, headers=ASKED)
        assert answer.json()["extensions"] == cost(1, 1)


@pytest.mark.parametrize("executor", ["breadth-first", "reference"])
async def test_of_parts_the_last_tells_it(executor: str) -> None:
    async with client(executor=executor) as made:
        sent = {**ASKED, "accept": LAYOUT}
        answer = await made.post("/graphql", json={"query": DEFERRED}, headers=sent)
        first, last = read(answer.headers, answer.text)
        assert "extensions" not in first
        assert last["extensions"] == cost(3, 3, 20_000)


async def test_parts_that_are_broken_off_tell_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_schema, "gate", asyncio.Event())
    text = "{ node { name ... @defer { gated } } }"
    async with client(run_seconds=0.05) as made:
        sent = {**ASKED, "accept": LAYOUT}
        answer = await made.post("/graphql", json={"query": text}, headers=sent)
        last = read(answer.headers, answer.text)[-1]
        assert last["completed"][0]["errors"][0]["extensions"]["code"] == "DEADLINE"
        assert last["extensions"] == cost(2, 2, 20_000)
        answer = await made.post("/graphql", json={"query": "{ forever }"}, headers=ASKED)
        assert (answer.status_code, answer.json()["extensions"]) == (504, cost(1, 1, 20_000))


async def test_short_pages_and_what_was_brought_are_told_as_they_are(
    sqlite_database: Database,
) -> None:
    order = await (await open_shop()).place()
    page = "{ orders(first: 50) { nodes { lines { sku } } totalCount } }"
    ids = [to_global("Order", order.id)] * 4
    async with client(schema) as made:
        answer = await made.post("/graphql", json={"query": page}, headers=ASKED)
        # A connection, an order, its line and two scalars; five lines each were reckoned.
        assert answer.json()["extensions"] == cost(327, 4, 20_000)
        body = {"query": "query($i: [ID!]!) { nodes(ids: $i) { id } }", "variables": {"i": ids}}
        answer = await made.post("/graphql", json=body, headers=ASKED)
        # Four objects with a scalar each, and the four ids that were sent.
        assert answer.json()["extensions"] == cost(9, 9, 20_000)


@pytest.mark.parametrize("value", ["1", 1], ids=["text", "number"])
async def test_a_socket_asks_once_for_all_its_operations(value: object) -> None:
    with application(max_cost=ALLOWED) as app:
        async with served(app) as address, talking(address) as talk:
            await talk.say(type="connection_init", payload={"GraphQL-Cost": value})
            assert await talk.hear() == {"type": "connection_ack"}
            await talk.subscribe("a", "subscription { ticks(to: 2) { number text } }")
            for number in range(2):
                assert (await talk.hear())["payload"] == {
                    "data": {"ticks": {"number": number, "text": "x"}},
                    "extensions": cost(2, 2),
                }
            assert (await talk.hear())["type"] == "complete"
            await talk.subscribe("b", DEFERRED)
            assert "extensions" not in (await talk.hear())["payload"]
            assert (await talk.hear())["payload"]["extensions"] == cost(3, 3)
