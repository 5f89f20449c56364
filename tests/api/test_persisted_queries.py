"""Automatic persisted queries: a document goes over the wire once, then its hash is enough."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from graph.execution.documents.documents import MAX_CACHED_LENGTH
from graph.execution.documents.persisted import hash_of
from tests.support import sample_schema
from tests.support.serving import application, client, error, served, talking

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"

GREET = "query Greet($name: String!) { greet(name: $name) }"
NODE = "{ node { name } }"
# As the protocol's own description has it.
HASH_OF_TYPENAME = "ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38"

NOT_FOUND = {"errors": [error("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")]}
NOT_SUPPORTED = {"errors": [error("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")]}


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with client() as made:
        yield made


def hashed(text: str, **more: Any) -> dict[str, Any]:
    """The extensions that name the text."""
    return {"persistedQuery": {"version": 1, "sha256Hash": hash_of(text), **more}}


async def ask(http: httpx.AsyncClient, **body: Any) -> Any:
    return (await http.post("/graphql", json=body)).json()


async def teach(http: httpx.AsyncClient, text: str, **more: Any) -> Any:
    """Send the text with its hash, as clients do once they were told that it is not known."""
    return await ask(http, query=text, extensions=hashed(text, miss=True), **more)


async def test_a_document_is_sent_once_and_then_named(http: httpx.AsyncClient) -> None:
    named = {"extensions": hashed(GREET), "variables": {"name": "you"}}
    assert await ask(http, **named) == NOT_FOUND
    assert await ask(http, query=GREET, **named) == {"data": {"greet": "Hello you"}}
    assert await ask(http, **named) == {"data": {"greet": "Hello you"}}
    assert await ask(http, query=None, **named) == {"data": {"greet": "Hello you"}}
    named["variables"] = {"name": "me"}
    assert await ask(http, **named) == {"data": {"greet": "Hello me"}}


async def test_the_hash_is_the_protocols() -> None:
    assert hash_of("{__typename}") == HASH_OF_TYPENAME


async def test_an_operation_is_chosen_by_its_name(http: httpx.AsyncClient) -> None:
    both = "query A { greet } query B { node { name } }"
    await teach(http, both, operationName="A")
    answer = await ask(http, extensions=hashed(both), operationName="B")
    assert answer == {"data": {"node": {"name": "a node"}}}


async def test_mutations_are_named_as_well(http: httpx.AsyncClient) -> None:
    await teach(http, "mutation { change }")
    answer = await ask(http, extensions=hashed("mutation { change }"))
    assert answer == {"data": {"change": "changed"}}


@pytest.mark.parametrize(("accept", "status"), [(JSON, 200), (GRAPHQL, 400)])
async def test_what_is_not_found_is_told_in_the_clients_media_type(
    http: httpx.AsyncClient, accept: str, status: int
) -> None:
    answer = await http.post(
        "/graphql", json={"extensions": hashed(GREET)}, headers={"accept": accept}
    )
    assert answer.json() == NOT_FOUND
    assert answer.status_code == status
    assert answer.headers["content-type"] == f"{accept}; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_text_cannot_take_the_hash_of_another(http: httpx.AsyncClient) -> None:
    refused = {"errors": [error("BAD_REQUEST", "The id is not the SHA-256 of the query.")]}
    assert await ask(http, query=NODE, extensions=hashed(GREET)) == refused
    assert await ask(http, query=f"{GREET} ", extensions=hashed(GREET)) == refused
    assert await ask(http, extensions=hashed(GREET)) == NOT_FOUND
    answer = await http.post("/graphql", json={"query": NODE, "extensions": hashed(GREET)})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "PARSE_FAILED"),
        ("{ nothing }", "VALIDATION_FAILED"),
        ("{ " + "greet " * 21 + "}", "LIMIT_EXCEEDED"),
    ],
)
async def test_what_is_no_document_of_the_schema_is_not_remembered(
    http: httpx.AsyncClient, text: str, code: str
) -> None:
    told = await teach(http, text)
    assert told["errors"][0]["extensions"]["code"] == code
    assert await ask(http, extensions=hashed(text)) == NOT_FOUND


async def test_a_very_long_document_runs_but_is_not_remembered(http: httpx.AsyncClient) -> None:
    longest = "{ greet }".ljust(MAX_CACHED_LENGTH)
    for text, later in ((longest, {"data": {"greet": "Hello world"}}), (f"{longest} ", NOT_FOUND)):
        assert await teach(http, text) == {"data": {"greet": "Hello world"}}
        assert await ask(http, extensions=hashed(text)) == later


async def test_the_ones_used_last_are_remembered() -> None:
    first, second, third = (f"{{ greet(times: {number}) }}" for number in (1, 2, 3))
    async with client(persisted_queries=2) as http:
        await teach(http, first)
        await teach(http, second)
        assert "data" in await ask(http, extensions=hashed(first))
        await teach(http, third)
        assert "data" in await ask(http, extensions=hashed(first))
        assert await ask(http, extensions=hashed(second)) == NOT_FOUND
        assert "data" in await ask(http, extensions=hashed(third))


async def test_a_document_is_found_when_no_longer_kept_as_checked() -> None:
    async with client(document_cache_size=1) as http:
        await teach(http, GREET, variables={"name": "you"})
        await ask(http, query=NODE)
        answer = await ask(http, extensions=hashed(GREET), variables={"name": "you"})
    assert answer == {"data": {"greet": "Hello you"}}


async def test_they_can_be_switched_off_and_clients_are_told() -> None:
    async with client(persisted_queries=0) as http:
        assert await ask(http, extensions=hashed(NODE)) == NOT_SUPPORTED
        assert await teach(http, NODE) == {"data": {"node": {"name": "a node"}}}
        assert await ask(http, extensions=hashed(NODE)) == NOT_SUPPORTED


async def test_a_document_id_with_a_hash_means_the_same(http: httpx.AsyncClient) -> None:
    name = f"sha256:{hash_of(NODE)}"
    assert await ask(http, documentId=name) == NOT_FOUND
    assert await ask(http, documentId=name, query=NODE) == {"data": {"node": {"name": "a node"}}}
    for named in (
        {"documentId": name},
        {"documentId": hash_of(NODE)},
        {"documentId": name, "extensions": hashed(NODE)},
    ):
        assert await ask(http, **named) == {"data": {"node": {"name": "a node"}}}


H = hash_of(NODE)
VERSION = "`persistedQuery` has the version 1."
NO_QUERY = "`query` is missing, or is no text."
MALFORMED: dict[str, tuple[dict[str, Any], str]] = {
    "no object": ({"extensions": {"persistedQuery": H}}, "`persistedQuery` is an object."),
    "no version": ({"extensions": {"persistedQuery": {"sha256Hash": H}}}, VERSION),
    "version 2": ({"extensions": hashed(NODE, version=2)}, VERSION),
    "version true": ({"extensions": hashed(NODE, version=True)}, VERSION),
    "version text": ({"extensions": hashed(NODE, version="1")}, VERSION),
    "no hash": ({"extensions": {"persistedQuery": {"version": 1}}}, "`sha256Hash` is text."),
    "hash null": ({"extensions": hashed(NODE, sha256Hash=None)}, "`sha256Hash` is text."),
    "hash blank": ({"extensions": hashed(NODE, sha256Hash="")}, "`sha256Hash` is text."),
    "hash number": ({"extensions": hashed(NODE, sha256Hash=7)}, "`sha256Hash` is text."),
    "id number": ({"documentId": 7}, "`documentId` is text."),
    "id blank": ({"documentId": ""}, "`documentId` is text."),
    "two ids": (
        {"documentId": f"sha256:{H}", "extensions": hashed(GREET)},
        "`documentId` and `sha256Hash` name two documents.",
    ),
    "query blank": ({"query": " "}, NO_QUERY),
    "query number": ({"query": 7, "documentId": H}, NO_QUERY),
    "nulls": (
        {"query": None, "documentId": None, "extensions": {"persistedQuery": None}},
        NO_QUERY,
    ),
}


@pytest.mark.parametrize("size", [0, 1])
@pytest.mark.parametrize("name", MALFORMED)
async def test_a_malformed_name_is_a_bad_request(name: str, size: int) -> None:
    body, message = MALFORMED[name]
    async with client(persisted_queries=size) as http:
        await teach(http, NODE)
        answer = await http.post("/graphql", json=body)
    assert answer.json() == {"errors": [error("BAD_REQUEST", message)]}
    assert answer.status_code == 400


@pytest.mark.parametrize("blank", ["", " \n"])
async def test_a_blank_text_beside_a_name_is_none(blank: str) -> None:
    async with client() as http:
        await teach(http, NODE)
        answer = await http.post("/graphql", json={"query": blank, "documentId": H})
    assert answer.json() == {"data": {"node": {"name": "a node"}}}


async def test_a_socket_takes_names_and_shares_them_with_http() -> None:
    sample_schema.closed = asyncio.Queue()
    ticks = "subscription { ticks(to: 1) { number } }"
    with application() as app:
        async with served(app) as address, talking(address) as talk:
            await talk.begin()
            await talk.say(type="subscribe", id="t", payload={"extensions": hashed(ticks)})
            refused = await talk.hear()
            assert (refused["type"], refused["id"]) == ("error", "t")
            [told] = refused["payload"]
            assert told["message"] == "PersistedQueryNotFound"
            assert told["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
            for payload in (
                {"query": ticks, "extensions": hashed(ticks)},
                {"extensions": hashed(ticks)},
            ):
                await talk.say(type="subscribe", id="t", payload=payload)
                heard = await talk.hear()
                assert heard["payload"] == {"data": {"ticks": {"number": 0}}}
                assert await talk.hear() == {"type": "complete", "id": "t"}
            async with httpx.AsyncClient(base_url=f"http://{address}") as http:
                await teach(http, NODE)
            await talk.say(type="subscribe", id="n", payload={"documentId": f"sha256:{H}"})
            assert (await talk.hear())["payload"] == {"data": {"node": {"name": "a node"}}}
