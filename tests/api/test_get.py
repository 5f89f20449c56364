"""Queries by GET: what a URL asks for is answered once a client, and never to a foreign page."""

import json
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any, Final

import httpx
import pytest

from tests.support.serving import client, error

GREET: Final = "query Greet($name: String) { greet(name: $name) }"
HASH: Final = sha256(GREET.encode()).hexdigest()
NAMED: Final = json.dumps({"persistedQuery": {"version": 1, "sha256Hash": HASH}})
ANSWER: Final = {"data": {"greet": "Hello you"}}
YOU: Final = '{"name":"you"}'
NO_PAGE: Final = (
    "Pages of this origin may not ask; ORDERGRAPH_ALLOWED_ORIGINS lists those that may."
)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with client() as made:
        yield made


async def get(
    http: httpx.AsyncClient, headers: dict[str, str] | None = None, **members: str
) -> Any:
    return await http.get("/graphql", params=members, headers=headers)


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_a_query_is_answered_for_one_client_alone(
    http: httpx.AsyncClient, accept: str
) -> None:
    answer = await get(http, {"accept": accept}, query=GREET, variables=YOU, operationName="Greet")
    assert (answer.status_code, answer.json()) == (200, ANSWER)
    assert answer.headers["content-type"] == f"{accept}; charset=utf-8"
    assert answer.headers["cache-control"] == "private"
    varied = {each.strip() for each in answer.headers["vary"].split(",")}
    assert varied >= {"Authorization", "Cookie", "Origin", "Accept"}


async def test_empty_members_are_absent(http: httpx.AsyncClient) -> None:
    empty = {"variables": "", "operationName": "", "extensions": "", "documentId": "", "other": ""}
    answer = await http.get("/graphql", params={"query": "{ greet }", **empty})
    assert answer.json() == {"data": {"greet": "Hello world"}}


async def test_a_document_is_named_as_clients_name_it(http: httpx.AsyncClient) -> None:
    """Apollo leaves the text out, urql sends an empty one; both send it when it is not known."""
    unknown = await get(http, extensions=NAMED, variables=YOU)
    assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    taught = await get(http, query=GREET, extensions=NAMED, variables=YOU)
    assert taught.json() == ANSWER
    for named in ({"extensions": NAMED}, {"extensions": NAMED, "query": ""}, {"documentId": HASH}):
        answer = await http.get("/graphql", params={**named, "variables": YOU})
        assert answer.json() == ANSWER


@pytest.mark.parametrize(
    "query",
    ["mutation { change }", "subscription { ticks(to: 1) { number } }"],
    ids=["mutation", "subscription"],
)
async def test_nothing_but_queries_is_asked_by_get(http: httpx.AsyncClient, query: str) -> None:
    answer = await get(http, query=query)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    message = "GET answers queries and nothing else."
    assert answer.json() == {"errors": [error("BAD_REQUEST", message)]}


async def test_of_several_operations_the_named_one_counts(http: httpx.AsyncClient) -> None:
    both = "query A { greet } mutation B { change }"
    assert (await get(http, query=both, operationName="A")).status_code == 200
    assert (await get(http, query=both, operationName="B")).status_code == 405


@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"])
async def test_other_methods_are_told_which_there_are(http: httpx.AsyncClient, method: str) -> None:
    answer = await http.request(method, "/graphql", params={"query": "{ greet }"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


BAD: Final = {
    "nothing": ("", "`query` is missing, or is no text."),
    "blank": ("query=%20", "`query` is missing, or is no text."),
    "twice": ("query={greet}&query={greet}", "A member stands twice in the URL."),
    "many": ("&".join(f"a{n}=1" for n in range(21)), "A URL has at most 20 members."),
    "no UTF-8": ("query={greet(name:%22%ff%22)}", "The URL is not UTF-8."),
    "no JSON": ("query={greet}&variables={", "The body is not JSON: line 1, column 2."),
    "a list": ("query={greet}&variables=[]", "`variables` is an object."),
    "a text": ("query={greet}&extensions=%22x%22", "`extensions` is an object."),
    "deep": (
        "query={greet}&variables={%22a%22:" + "[" * 31 + "]" * 31 + "}",
        "JSON is nested at most 31 deep.",
    ),
}


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_url_is_a_bad_request(http: httpx.AsyncClient, kind: str) -> None:
    sent, message = BAD[kind]
    answer = await http.get(f"/graphql?{sent}")
    assert answer.status_code == 400
    assert answer.json() == {"errors": [error("BAD_REQUEST", message)]}


FETCHES: Final = [
    ("cross-site", None, 403),  # a picture, a script, a link
    ("same-site", None, 403),
    ("cross-site", "https://evil.example", 403),
    ("same-site", "https://other.shop.example", 403),
    ("cross-site", "null", 403),
    ("cross-site", "https://shop.example", 200),
    ("same-site", "https://shop.example", 200),
    ("cross-site", "http://localhost:5173", 200),
    ("same-origin", None, 200),
    ("none", None, 200),  # typed by a person
    (None, None, 200),  # a program
]


@pytest.mark.parametrize(("site", "origin", "status"), FETCHES)
async def test_a_foreign_page_is_refused_whatever_it_asks_by(
    site: str | None, origin: str | None, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = {"sec-fetch-site": site, "origin": origin}
    async with client(allowed_origins="https://shop.example") as http:
        answer = await get(
            http, {name: text for name, text in headers.items() if text}, query="{ greet }"
        )
    assert answer.status_code == status
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    refused = [line for line in lines if line["event"] == "origin refused"]
    if status == 403:
        assert answer.json() == {"errors": [error("FORBIDDEN", NO_PAGE)]}
        assert [line["setting"] for line in refused] == ["ORDERGRAPH_ALLOWED_ORIGINS"]
    else:
        assert answer.json() == {"data": {"greet": "Hello world"}}
        assert refused == []


async def test_a_browser_gets_the_page_and_not_an_answer(http: httpx.AsyncClient) -> None:
    answer = await get(http, {"accept": "text/html,*/*;q=0.8"}, query="{ greet }")
    assert answer.headers["content-type"].startswith("text/html")
    async with client(graphiql=False) as without:
        answer = await get(without, {"accept": "text/html,*/*;q=0.8"}, query="{ greet }")
        assert answer.json() == {"data": {"greet": "Hello world"}}


APOLLO: Final = (
    "authorization, content-type, traceparent, tracestate, baggage, idempotency-key, "
    "x-correlation-id, graphql-cost, apollographql-client-name, apollographql-client-version, "
    "apollo-require-preflight, x-apollo-operation-name, accept"
)


def preflight(origin: str, headers: str = "content-type", method: str = "POST") -> dict[str, str]:
    return {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": headers,
    }


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_headers_of_clients_pass_the_preflight(method: str) -> None:
    async with client(allowed_origins="https://shop.example", env="production") as http:
        asked = preflight("https://shop.example", APOLLO, method)
        answer = await http.options("/graphql", headers=asked)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        posted = await http.post(
            "/graphql", json={"query": "{ greet }"}, headers={"origin": "https://shop.example"}
        )
        assert posted.headers["access-control-allow-origin"] == "https://shop.example"
        assert posted.headers["access-control-expose-headers"] == "x-correlation-id"


async def test_a_preflight_that_is_refused_names_the_setting(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with client(env="production") as http:
        answer = await http.options("/graphql", headers=preflight("https://shop.example"))
    assert (answer.status_code, answer.json()) == (
        403,
        {"errors": [error("FORBIDDEN", NO_PAGE)]},
    )
    assert "access-control-allow-origin" not in answer.headers
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (line,) = [each for each in lines if each["level"] == "warning"]
    assert (line["event"], line["origin"], line["setting"]) == (
        "origin refused",
        "https://shop.example",
        "ORDERGRAPH_ALLOWED_ORIGINS",
    )


async def test_a_header_that_may_not_be_sent_is_answered_by_those_that_may() -> None:
    async with client(allowed_origins="https://shop.example") as http:
        asked = preflight("https://shop.example", "x-odd")
        answer = await http.options("/graphql", headers=asked)
    assert answer.status_code == 400
    assert "authorization, content-type" in answer.json()["errors"][0]["message"]
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"


LOCAL: Final = [
    "http://localhost:3000",
    "http://localhost",
    "https://127.0.0.1:5173",
    "http://[::1]:8080",
]
NOT_LOCAL: Final = [
    "http://localhost.evil.example",
    "http://localhost:3000.evil.example",
    "http://127.0.0.2",
    "http://evil.example:3000",
    "null",
    "file://localhost",
]


@pytest.mark.parametrize("origin", [*LOCAL, *NOT_LOCAL])
async def test_in_development_pages_of_this_machine_may_ask(origin: str) -> None:
    for env in ("development", "production"):
        async with client(env=env) as http:
            answer = await http.options("/graphql", headers=preflight(origin))
        allowed = env == "development" and origin in LOCAL
        assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
