"""GraphQL over HTTP: every request gets the one right answer, whatever was sent."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from graph.server.graphiql import POLICY
from tests.support.serving import CORRELATION, client, error

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with client() as made:
        yield made


async def post(http: httpx.AsyncClient, body: bytes | str, **headers: str) -> httpx.Response:
    sent = {
        "content-type": JSON,
        **{name.replace("_", "-"): text for name, text in headers.items()},
    }
    return await http.post("/graphql", content=body, headers=sent)


NO_OBJECT = "A request is a JSON object with a query."
NO_QUERY = "`query` is missing, or is no text."

BAD_BODIES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "The body is not JSON: line 1, column 1."),
    "null": (b"null", NO_OBJECT),
    "number": (b"5", NO_OBJECT),
    "text": (b'"x"', NO_OBJECT),
    "list": (b"[]", "One request at a time: batches are not accepted."),
    "batch": (
        b'[{"query":"{greet}"},{"query":"{greet}"}]',
        "One request at a time: batches are not accepted.",
    ),
    "broken": (b'{"query":', "The body is not JSON: line 1, column 10."),
    "two values": (b'{"query":"{greet}"} {}', "The body is not JSON: line 1, column 21."),
    "no query": (b"{}", NO_QUERY),
    "query null": (b'{"query":null}', NO_QUERY),
    "query number": (b'{"query":5}', NO_QUERY),
    "query blank": (b'{"query":" \\n"}', NO_QUERY),
    "variables list": (b'{"query":"{greet}","variables":[]}', "`variables` is an object."),
    "variables text": (b'{"query":"{greet}","variables":"{}"}', "`variables` is an object."),
    "name number": (b'{"query":"{greet}","operationName":5}', "`operationName` is text."),
    "extensions": (b'{"query":"{greet}","extensions":1}', "`extensions` is an object."),
    "latin-1": ('{"query":"{greet(name:\\"é\\")}"}'.encode("latin-1"), "The body is not UTF-8."),
    "utf-16": ('{"query":"{greet}"}'.encode("utf-16"), "The body is not UTF-8."),
    "surrogate bytes": (b'{"query":"\xed\xa0\x80"}', "The body is not UTF-8."),
    "half a character": (
        b'{"query":"{greet}","variables":{"a":"\\ud800"}}',
        "A text holds half of a character.",
    ),
    "byte order mark": (
        b'\xef\xbb\xbf{"query":"{greet}"}',
        "The body is not JSON: line 1, column 1.",
    ),
    "twice": (
        b'{"query":"{greet}","query":"{node{name}}"}',
        "A name stands twice in one JSON object.",
    ),
    "NaN": (b'{"query":"{greet}","variables":{"a":NaN}}', "NaN is not JSON."),
    "Infinity": (b'{"query":"{greet}","variables":{"a":-Infinity}}', "-Infinity is not JSON."),
    "huge float": (b'{"query":"{greet}","variables":{"a":1e999}}', "A JSON number is too large."),
    "21 digits": (
        b'{"query":"{greet}","variables":{"a":' + b"1" * 21 + b"}}",
        "A JSON integer has at most 20 digits.",
    ),
    "5,000 digits": (
        b'{"query":"{greet}","variables":{"a":-' + b"9" * 5_000 + b"}}",
        "A JSON integer has at most 20 digits.",
    ),
    "33 deep": (
        b'{"query":"{greet}","variables":{"a":' + b"[" * 31 + b"]" * 31 + b"}}",
        "JSON is nested at most 32 deep.",
    ),
    "100,000 deep": (b"[" * 100_000, "JSON is nested at most 32 deep."),
    "two operations": (
        b'{"query":"query A{greet} query B{greet}"}',
        "The document has several operations: name one in operationName.",
    ),
    "no such operation": (
        b'{"query":"query A{greet}","operationName":"B"}',
        "The document has no operation of that name.",
    ),
    "subscription": (
        b'{"query":"subscription{ticks(to:1){number}}"}',
        "Subscriptions need a WebSocket (graphql-transport-ws).",
    ),
}


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
@pytest.mark.parametrize("name", BAD_BODIES)
async def test_a_bad_body_is_a_bad_request(http: httpx.AsyncClient, name: str, accept: str) -> None:
    body, message = BAD_BODIES[name]
    answer = await post(http, body, accept=accept)
    told: dict[str, Any] = answer.json()
    assert told == {"errors": [error("BAD_REQUEST", message)]}
    assert answer.status_code == 400
    assert answer.headers["content-type"] == f"{accept}; charset=utf-8"


async def test_what_is_just_within_the_limits_passes(http: httpx.AsyncClient) -> None:
    deep: Any = None
    for _ in range(30):
        deep = [deep]
    body = {
        "query": "query A{greet} query B($a:Int){greet(times:$a)}",
        "operationName": "B",
        "variables": {"a": 2, "deep": deep, "digits": 10**20 - 1},
        "extensions": {},
        "id": "ignored",
    }
    answer = await post(http, json.dumps(body))
    assert answer.json() == {"data": {"greet": "Hello worldHello world"}}
    assert answer.status_code == 200


async def test_a_body_has_at_most_a_mebibyte(http: httpx.AsyncClient) -> None:
    def body(size: int) -> bytes:
        return b'{"query":"{greet}"}'.ljust(size)

    assert (await post(http, body(1024 * 1024))).status_code == 200
    answer = await post(http, body(1024 * 1024 + 1))
    assert answer.status_code == 413
    assert answer.json() == {
        "errors": [error("LIMIT_EXCEEDED", "A request has at most 1048576 bytes.")]
    }


async def test_a_body_of_unknown_length_is_limited_too(http: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(32):
            yield b" " * 65_536

    answer = await http.post("/graphql", content=chunks(), headers={"content-type": JSON})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=latin-1",
        "application/jsonp",
    ],
)
async def test_other_content_types_are_not_read(http: httpx.AsyncClient, content_type: str) -> None:
    answer = await post(http, '{"query":"{greet}"}', content_type=content_type)
    assert answer.status_code == 415
    assert answer.json() == {
        "errors": [error("BAD_REQUEST", "The body is application/json in UTF-8.")]
    }


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"'],
)
async def test_json_may_be_declared_in_several_ways(
    http: httpx.AsyncClient, content_type: str
) -> None:
    answer = await post(http, '{"query":"{greet}"}', content_type=content_type)
    assert answer.json() == {"data": {"greet": "Hello world"}}


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{JSON};q=0.5, {GRAPHQL};q=0.6", GRAPHQL),
        (f"{GRAPHQL};q=0, */*", JSON),
        (f"{JSON};q=0, */*;q=0.1", GRAPHQL),
        ("text/event-stream, multipart/mixed, application/json", JSON),
        ("application/json;q=NaN, application/graphql-response+json;q=0.1", GRAPHQL),
    ],
)
async def test_the_answer_has_the_type_that_the_client_likes_best(
    http: httpx.AsyncClient, accept: str, expected: str
) -> None:
    answer = await post(http, '{"query":"{greet}"}', accept=accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{expected}; charset=utf-8"
    assert answer.json() == {"data": {"greet": "Hello world"}}


@pytest.mark.parametrize("accept", ["text/html", "image/png", "application/json;q=0"])
async def test_a_client_that_accepts_nothing_of_ours_is_told(
    http: httpx.AsyncClient, accept: str
) -> None:
    answer = await post(http, '{"query":"{greet}"}', accept=accept)
    assert answer.status_code == 406
    assert answer.headers["content-type"] == f"{JSON}; charset=utf-8"
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize(("accept", "status"), [(JSON, 200), (GRAPHQL, 400)])
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "PARSE_FAILED"),
        ("{ nothing }", "VALIDATION_FAILED"),
        ("query($a: Int!) { greet(times: $a) }", "BAD_REQUEST"),
    ],
)
async def test_a_refused_document_has_no_data(
    http: httpx.AsyncClient, accept: str, status: int, query: str, code: str
) -> None:
    answer = await post(http, json.dumps({"query": query}), accept=accept)
    told = answer.json()
    assert answer.status_code == status
    assert list(told) == ["errors"]
    assert [each["extensions"] for each in told["errors"]] == [
        {"code": code, "retryable": False, "correlationId": CORRELATION}
    ]


async def test_the_correlation_id_is_the_clients_where_it_is_plain(
    http: httpx.AsyncClient,
) -> None:
    async def answered(sent: str) -> str:
        answer = await post(http, '{"query":"{context}"}', x_correlation_id=sent)
        assert answer.headers["x-correlation-id"] == answer.json()["data"]["context"]
        return answer.headers["x-correlation-id"]

    assert await answered("order-4711.a_b") == "order-4711.a_b"
    for odd in ("", "short", "x" * 65, "a b c d e f g", 'quote"quote'):
        assert len(await answered(odd)) == 16


async def test_a_browser_gets_graphiql_and_everything_it_needs(http: httpx.AsyncClient) -> None:
    page = await http.get(
        "/graphql", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    )
    assert page.status_code == 200
    assert page.headers["content-security-policy"] == POLICY
    assert "//" not in page.text.replace("<!doctype html>", "")  # nothing from another server
    for name in ("graphiql.min.js", "graphiql.min.css", "page.css", "start.js", "NOTICE"):
        assert (await http.get(f"/graphiql/{name}")).status_code == 200
    assert (await http.get("/graphiql/../settings.py")).status_code == 404
    assert (await http.get("/graphiql/%2e%2e/settings.py")).status_code == 404


async def test_production_shows_neither_graphiql_nor_the_schema() -> None:
    async with client(env="production") as http:
        assert (await http.get("/graphql", headers={"accept": "text/html"})).status_code == 406
        assert (await http.get("/graphiql/start.js")).status_code == 404
        answer = await post(http, '{"query":"{__schema{types{name}} greets}"}')
    messages = [each["message"] for each in answer.json()["errors"]]
    assert "Cannot query field 'greets' on type 'Query'." in messages  # no "Did you mean"
    assert any("introspection" in message for message in messages)
