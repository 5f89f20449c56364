"""GraphQL over WebSocket: the protocol to the letter, and an end to whoever breaks or stalls it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from hashlib import sha256
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.support import sample_schema
from tests.support.serving import application, served, talking

TICKS = "subscription Ticks($to: Int!) { ticks(to: $to) { number } }"


@pytest.fixture
async def address() -> AsyncIterator[str]:
    sample_schema.closed = asyncio.Queue()
    with application() as app:
        async with served(app) as where:
            yield where


def codes(message: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in message["payload"]]


async def end_of_stream() -> str:
    async with asyncio.timeout(5):
        return await sample_schema.closed.get()


async def test_a_subscription_answers_each_event_and_completes(address: str) -> None:
    async with talking(address) as talk:
        assert talk.connection.subprotocol == "graphql-transport-ws"
        await talk.begin()
        await talk.subscribe("one", TICKS, to=2)
        heard = [await talk.hear() for _ in range(3)]
    assert heard == [
        {"type": "next", "id": "one", "payload": {"data": {"ticks": {"number": 0}}}},
        {"type": "next", "id": "one", "payload": {"data": {"ticks": {"number": 1}}}},
        {"type": "complete", "id": "one"},
    ]


async def test_queries_and_mutations_are_answered_too(address: str) -> None:
    async with talking(address) as talk:
        await talk.begin()
        await talk.subscribe("q", "query($n: String!) { greet(name: $n) }", n="you")
        assert (await talk.hear())["payload"] == {"data": {"greet": "Hello you"}}
        assert await talk.hear() == {"type": "complete", "id": "q"}
        await talk.subscribe("q", "mutation { change }")  # the id is free again
        assert (await talk.hear())["payload"] == {"data": {"change": "changed"}}
        assert await talk.hear() == {"type": "complete", "id": "q"}


async def test_what_is_put_off_comes_in_messages_of_its_own(address: str) -> None:
    async with talking(address) as talk:
        await talk.begin()
        await talk.subscribe(
            "d", "query($on: Boolean) { node { name ... @defer(if: $on) { child { name } } } }"
        )
        heard = [await talk.hear() for _ in range(3)]
        assert heard == [
            {
                "type": "next",
                "id": "d",
                "payload": {
                    "data": {"node": {"name": "a node"}},
                    "pending": [{"id": "0", "path": ["node"]}],
                    "hasNext": True,
                },
            },
            {
                "type": "next",
                "id": "d",
                "payload": {
                    "incremental": [{"id": "0", "data": {"child": {"name": "a node"}}}],
                    "completed": [{"id": "0"}],
                    "hasNext": False,
                },
            },
            {"type": "complete", "id": "d"},
        ]
        await talk.subscribe("w", "{ node { name ... @defer(if: false) { child { name } } } }")
        whole = {"data": {"node": {"name": "a node", "child": {"name": "a node"}}}}
        assert await talk.hear() == {"type": "next", "id": "w", "payload": whole}
        assert await talk.hear() == {"type": "complete", "id": "w"}


async def test_complete_ends_what_was_put_off(address: str) -> None:
    sample_schema.gate = asyncio.Event()
    async with talking(address) as talk:
        await talk.begin()
        await talk.subscribe("d", "{ node { name ... @defer { gated } } }")
        assert (await talk.hear())["payload"]["hasNext"] is True
        await talk.say(type="complete", id="d")
        assert await end_of_stream() == "gated"


async def test_a_subscription_puts_nothing_off(address: str) -> None:
    query = """subscription($on: Boolean!) {
        ticks(to: 1) { number ... @defer(if: $on) { text } }
    }"""
    async with talking(address) as talk:
        await talk.begin()
        await talk.subscribe("on", query, on=True)
        heard = await talk.hear()
        assert (heard["type"], codes(heard)) == ("error", ["BAD_REQUEST"])
        await talk.subscribe("off", query, on=False)
        assert (await talk.hear())["payload"] == {"data": {"ticks": {"number": 0, "text": "x"}}}


async def test_a_ping_is_answered_at_any_time(address: str) -> None:
    async with talking(address) as talk:
        await talk.say(type="ping", payload={"a": 1})
        assert await talk.hear() == {"type": "pong"}
        await talk.begin()
        await talk.say(type="pong")
        await talk.say(type="ping")
        assert await talk.hear() == {"type": "pong"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "PARSE_FAILED"),
        ("subscription { nothing }", "VALIDATION_FAILED"),
        (
            "subscription A { silence { number } } subscription B { silence { number } }",
            "BAD_REQUEST",
        ),
        ("subscription { ticks(to: 1) { number } " + "...F " * 51 + "}", "VALIDATION_FAILED"),
        ("{ " + "greet " * 21 + "}", "LIMIT_EXCEEDED"),
        (TICKS, "BAD_REQUEST"),
    ],
    ids=["syntax", "field", "two operations", "fragment", "root fields", "variable"],
)
async def test_a_refused_document_is_an_error_of_its_operation_only(
    address: str, query: str, code: str
) -> None:
    async with talking(address) as talk:
        await talk.begin()
        await talk.subscribe("bad", query)
        heard = await talk.hear()
        assert (heard["type"], heard["id"]) == ("error", "bad")
        assert set(codes(heard)) == {code}
        await talk.subscribe("bad", "{ greet }")
        assert (await talk.hear())["payload"] == {"data": {"greet": "Hello world"}}


async def test_a_stream_that_breaks_tells_a_code_and_no_more(address: str) -> None:
    async with talking(address) as talk:
        await talk.begin()
        await talk.subscribe("b", "subscription { breaking { number } }")
        assert (await talk.hear())["type"] == "next"
        heard = await talk.hear()
    assert heard["type"] == "error"
    assert codes(heard) == ["INTERNAL"]
    assert "hunter2" not in json.dumps(heard)


async def test_a_stream_that_the_server_ends_tells_where_to_go_on(address: str) -> None:
    async with talking(address) as talk:
        await talk.begin()
        await talk.subscribe("e", "subscription { ending { number } }")
        assert (await talk.hear())["type"] == "next"
        heard = await talk.hear()
    [error] = heard["payload"]
    assert error["extensions"]["code"] == "OVERLOADED"
    assert error["extensions"]["retryable"] is True
    assert error["extensions"]["cursor"] == "cursor-7"


async def test_complete_ends_a_stream_and_frees_its_id(address: str) -> None:
    async with talking(address) as talk:
        await talk.begin()
        await talk.subscribe("s", "subscription { silence { number } }")
        await talk.say(type="ping")
        assert await talk.hear() == {"type": "pong"}
        await talk.say(type="complete", id="s")
        await talk.say(type="complete", id="never begun")
        assert await end_of_stream() == "silence"
        await talk.subscribe("s", "{ greet }")
        assert (await talk.hear())["id"] == "s"


async def test_a_client_that_leaves_ends_its_streams(address: str) -> None:
    async with talking(address) as talk:
        await talk.begin()
        await talk.subscribe("s", "subscription { silence { number } }")
        await talk.say(type="ping")
        assert await talk.hear() == {"type": "pong"}
    assert await end_of_stream() == "silence"


async def test_every_event_is_resolved_with_loaders_of_its_own(address: str) -> None:
    """One context for all events would serve the second from what the first had read."""
    async with talking(address) as talk:
        await talk.begin()
        await talk.subscribe("t", "subscription { ticks(to: 4) { a: loaders b: loaders } }")
        seen = [(await talk.hear())["payload"]["data"]["ticks"] for _ in range(4)]
    assert all(each["a"] == each["b"] for each in seen)
    assert len({each["a"] for each in seen}) == 4


CLOSING: dict[str, tuple[list[str], int]] = {
    "no JSON": (["{"], 4400),
    "a number": (["5"], 4400),
    "a list": (["[]"], 4400),
    "no type": (["{}"], 4400),
    "an odd type": (['{"type":"start"}'], 4400),
    "a name twice": (['{"type":"ping","type":"ping"}'], 4400),
    "too deep": (["[" * 100_000], 4400),
    "odd payload": (['{"type":"connection_init","payload":5}'], 4400),
    "subscribe first": (['{"type":"subscribe","id":"1","payload":{"query":"{greet}"}}'], 4401),
    "init twice": (['{"type":"connection_init"}'] * 2, 4429),
    "no id": (
        ['{"type":"connection_init"}', '{"type":"subscribe","payload":{"query":"{greet}"}}'],
        4400,
    ),
    "empty id": (['{"type":"connection_init"}', '{"type":"complete","id":""}'], 4400),
    "long id": (
        ['{"type":"connection_init"}', '{"type":"complete","id":"' + "x" * 129 + '"}'],
        4400,
    ),
    "id in use": (
        [
            '{"type":"connection_init"}',
            *['{"type":"subscribe","id":"1","payload":{"query":"subscription{silence{number}}"}}']
            * 2,
        ],
        4409,
    ),
}


@pytest.mark.parametrize("name", CLOSING)
async def test_whoever_breaks_the_protocol_is_closed(address: str, name: str) -> None:
    messages, code = CLOSING[name]
    async with talking(address) as talk:
        for message in messages:
            await talk.connection.send(message)
        assert (await talk.closed())[0] == code


MALFORMED: dict[str, tuple[Any, str]] = {
    "no payload": (None, "A request is a JSON object with a query."),
    "a list": ([], "One request at a time: batches are not accepted."),
    "no query": ({}, "`query` is missing, or is no text."),
    "an empty query": ({"query": ""}, "`query` is missing, or is no text."),
    "a number": ({"query": 5, "documentId": "x"}, "`query` is missing, or is no text."),
    "odd variables": ({"query": "{greet}", "variables": []}, "`variables` is an object."),
    "odd name": ({"query": "{greet}", "operationName": 5}, "`operationName` is text."),
    "odd extensions": ({"query": "{greet}", "extensions": 1}, "`extensions` is an object."),
    "no hash": (
        {"query": "", "extensions": {"persistedQuery": {"version": 1}}},
        "`sha256Hash` is text.",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_a_malformed_operation_ends_alone(address: str, name: str) -> None:
    payload, message = MALFORMED[name]
    async with talking(address) as talk:
        await talk.begin()
        await talk.say(type="subscribe", id="odd", payload=payload)
        heard = await talk.hear()
        assert (heard["type"], heard["id"], codes(heard)) == ("error", "odd", ["BAD_REQUEST"])
        assert [each["message"] for each in heard["payload"]] == [message]
        await talk.subscribe("odd", "{ greet }")  # the socket goes on, and the id is free
        assert (await talk.hear())["payload"] == {"data": {"greet": "Hello world"}}


async def test_a_subscription_is_named_beside_an_empty_query(address: str) -> None:
    """As graphql-ws sends it, which sends nothing without a text."""
    name = sha256(TICKS.encode()).hexdigest()
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": name}}
    async with talking(address) as talk:
        await talk.begin()
        named = {"query": "", "variables": {"to": 1}, "extensions": persisted}
        await talk.say(type="subscribe", id="1", payload=named)
        assert codes(await talk.hear()) == ["PERSISTED_QUERY_NOT_FOUND"]
        for query in (TICKS, "", " "):
            await talk.say(type="subscribe", id="1", payload={**named, "query": query})
            assert (await talk.hear())["payload"] == {"data": {"ticks": {"number": 0}}}
            assert await talk.hear() == {"type": "complete", "id": "1"}


async def test_a_binary_message_is_none_of_the_protocol(address: str) -> None:
    async with talking(address) as talk:
        await talk.connection.send(b'{"type":"ping"}')
        assert await talk.closed() == (4400, "A message is text.")


@pytest.mark.parametrize("offered", [["graphql-ws"], ["soap"], None])
async def test_other_protocols_are_not_spoken(address: str, offered: list[str] | None) -> None:
    async with talking(address, subprotocols=offered) as talk:
        assert await talk.closed() == (4406, "The protocol is graphql-transport-ws.")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.2:1"])
async def test_a_foreign_page_may_not_connect(
    address: str, origin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with talking(address, origin=origin):
            pass
    assert refused.value.response.status_code == 403
    assert b"ORDERGRAPH_ALLOWED_ORIGINS lists those that may" in (
        refused.value.response.body or b""
    )
    (line,) = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (line["event"], line["origin"]) == ("origin refused", origin)
    assert line["setting"] == "ORDERGRAPH_ALLOWED_ORIGINS"


async def test_our_own_page_and_allowed_ones_may_connect() -> None:
    with application(allowed_origins="https://shop.example") as app:
        async with served(app) as address:
            for origin in (f"http://{address}", "https://shop.example", "http://localhost:5173"):
                async with talking(address, origin=origin) as talk:
                    await talk.begin()


async def test_whoever_does_not_begin_in_time_is_closed() -> None:
    with application(socket_init_seconds=0.05) as app:
        async with served(app) as address, talking(address) as talk:
            async with asyncio.timeout(3):  # of the default of 5
                assert await talk.closed() == (4408, "Connection initialisation timeout")


async def test_a_socket_that_began_may_be_silent_for_longer() -> None:
    with application(socket_init_seconds=0.2) as app:
        async with served(app) as address, talking(address) as quick, talking(address) as late:
            await quick.begin()
            assert (await late.closed())[0] == 4408  # so that the time is over
            await quick.subscribe("q", "{ greet }")
            assert (await quick.hear())["type"] == "next"


async def test_a_socket_runs_so_many_operations_and_no_more() -> None:
    with application(max_socket_operations=3) as app:
        async with served(app) as address, talking(address) as talk:
            await talk.begin()
            for key in "abcd":
                await talk.subscribe(key, "subscription { silence { number } }")
            heard = await talk.hear()
            assert (heard["type"], heard["id"]) == ("error", "d")
            assert codes(heard) == ["LIMIT_EXCEEDED"]
            await talk.say(type="complete", id="a")
            await talk.subscribe("d", "{ greet }")
            assert (await talk.hear())["id"] == "d"


async def test_a_process_holds_so_many_sockets_and_no_more() -> None:
    with application(max_sockets=1) as app:
        async with served(app) as address, talking(address) as first:
            await first.begin()
            async with talking(address) as second:
                assert await second.closed() == (1013, "Too many sockets are open.")


async def test_a_frame_has_at_most_so_many_bytes() -> None:
    with application() as app:
        async with served(app, ws_max_size=1_000) as address, talking(address) as talk:
            await talk.begin()
            await talk.say(type="ping", payload={"a": "x" * 1_000})
            assert (await talk.closed())[0] == 1009


async def test_a_client_that_does_not_read_is_closed() -> None:
    sample_schema.closed = asyncio.Queue()
    with application(socket_send_seconds=0.2) as app:
        async with served(app) as address, talking(address, max_queue=1, close_timeout=0.1) as talk:
            await talk.begin()
            talk.connection.transport.pause_reading()
            await talk.subscribe("t", "subscription { ticks(to: 1000, size: 100000) { text } }")
            assert await end_of_stream() == "ticks"


async def test_a_server_that_stops_tells_its_clients_to_come_back() -> None:
    sample_schema.closed = asyncio.Queue()
    async with AsyncExitStack() as clients:
        with application() as app:
            async with served(app) as address:
                talk = await clients.enter_async_context(talking(address))
                await talk.begin()
                await talk.subscribe("s", "subscription { silence { number } }")
                await talk.say(type="ping")
                assert await talk.hear() == {"type": "pong"}
        assert await talk.closed() == (1012, "")
        assert await end_of_stream() == "silence"
