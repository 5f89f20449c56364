"""@defer and @stream over HTTP: each part says just what it has to, and comes when it is there."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from graph.execution.documents.limits import Limits
from graph.execution.engine import Ask, Engine
from models.rules.access import OPEN
from resolvers.context import Context
from tests.support import sample_schema
from tests.support.api import SEALER
from tests.support.parts import LAYOUT, read, together
from tests.support.serving import client, error

HIDDEN = "Something went wrong here. Its details were logged."
APOLLO = f"{LAYOUT},application/graphql-response+json,application/json;q=0.9"
OLDER_APOLLO = "multipart/mixed;deferSpec=20220824,application/graphql-response+json"
URQL = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed"
ENGINE = Engine(sample_schema.schema, Limits())


@pytest.fixture(autouse=True)
def _closed_gate() -> None:
    sample_schema.gate = asyncio.Event()
    sample_schema.closed = asyncio.Queue()


async def ask(
    query: str,
    accept: str = APOLLO,
    name: str | None = None,
    executor: str = "breadth-first",
    **variables: Any,
) -> httpx.Response:
    body = {"query": query, "variables": variables, "operationName": name}
    async with client(executor=executor) as http:
        return await http.post("/graphql", json=body, headers={"accept": accept})


async def parts_of(query: str, **variables: Any) -> list[dict[str, Any]]:
    answer = await ask(query, **variables)
    assert answer.status_code == 200
    return read(answer.headers, answer.text)


async def end() -> str:
    async with asyncio.timeout(5):
        return await sample_schema.closed.get()


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    return [line for line in lines if line["logger"].startswith("ordergraph.")]


async def test_a_deferred_fragment_comes_later_with_the_error_inside_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    query = 'query Late { node { name ... @defer(label: "more") { broken child { name } } } }'
    assert await parts_of(query) == [
        {
            "data": {"node": {"name": "a node"}},
            "pending": [{"id": "0", "path": ["node"], "label": "more"}],
            "hasNext": True,
        },
        {
            "incremental": [
                {
                    "id": "0",
                    "errors": [
                        error(
                            "INTERNAL",
                            HIDDEN,
                            locations=[{"line": 1, "column": 54}],
                            path=["node", "broken"],
                        )
                    ],
                    "data": {"broken": None, "child": {"name": "a node"}},
                }
            ],
            "completed": [{"id": "0"}],
            "hasNext": False,
        },
    ]
    unexpected, request = logged(capsys)
    assert unexpected["exception"].endswith(sample_schema.SECRET_TEXT)
    assert (request["operation"], request["code"], request["status"], request["parts"]) == (
        *("Late", "INTERNAL", 200, 2),
    )


async def test_what_may_not_be_null_takes_down_its_fragment_and_is_logged_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, second = await parts_of("{ nodes(count: 2) { name ... @defer { needed } } }")
    assert first["data"] == {"nodes": [{"name": "node 0"}, {"name": "node 1"}]}
    where = [{"line": 1, "column": 39}]
    told = [
        error("INTERNAL", HIDDEN, locations=where, path=["nodes", number, "needed"])
        for number in range(2)
    ]
    assert second == {
        "completed": [{"id": "0", "errors": told[:1]}, {"id": "1", "errors": told[1:]}],
        "hasNext": False,
    }
    assert [line["event"] for line in logged(capsys)] == ["unexpected", "request"]


async def test_at_most_five_errors_are_told_of_a_fragment() -> None:
    fields = " ".join(f"f{number}: broken" for number in range(9))
    _, second = await parts_of(f"{{ node {{ ... @defer {{ {fields} }} }} }}")
    assert len(second["incremental"][0]["errors"]) == 5


async def test_at_most_five_failures_of_an_answer_are_logged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, second = await parts_of("{ nodes(count: 9) { ... @defer { broken } } }")
    assert [len(each["errors"]) for each in second["incremental"]] == [1] * 9
    assert [line["event"] for line in logged(capsys)] == ["unexpected"] * 5 + ["request"]


async def test_what_is_cancelled_from_outside_is_an_error_without_details() -> None:
    _, second = await parts_of("{ node { name ... @defer { cancelled } } }")
    assert second == {
        "completed": [{"id": "0", "errors": [error("INTERNAL", HIDDEN)]}],
        "hasNext": False,
    }


async def test_a_list_begins_with_as_many_items_as_are_asked_for() -> None:
    query = '{ nodes(count: 4) @stream(initialCount: 2, label: "rest") { name } }'
    assert await parts_of(query) == [
        {
            "data": {"nodes": [{"name": "node 0"}, {"name": "node 1"}]},
            "pending": [{"id": "0", "path": ["nodes"], "label": "rest"}],
            "hasNext": True,
        },
        {
            "incremental": [{"id": "0", "items": [{"name": "node 2"}, {"name": "node 3"}]}],
            "completed": [{"id": "0"}],
            "hasNext": False,
        },
    ]


async def test_a_mutation_puts_off_what_is_read_of_its_outcome() -> None:
    parts = await parts_of("mutation { make { name ... @defer { child { name } } } }")
    assert [each.get("data") for each in parts] == [{"make": {"name": "made"}}, None]
    assert together(parts) == {"make": {"name": "made", "child": {"name": "a node"}}}


@pytest.mark.parametrize(
    "accept",
    [
        *(LAYOUT, APOLLO, URQL, "multipart/mixed", "application/json, multipart/mixed;q=0.1"),
        'Multipart/Mixed; IncrementalSpec="v0.2"',
        "multipart/mixed;deferSpec=20220824, multipart/mixed;incrementalSpec=v0.2",
    ],
)
async def test_whoever_reads_our_layout_gets_parts(accept: str) -> None:
    answer = await ask("{ node { name ... @defer { child { name } } } }", accept)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-accel-buffering"] == "no"
    assert len(read(answer.headers, answer.text)) == 2


@pytest.mark.parametrize(
    "accept",
    [
        *("", "*/*", "application/json", OLDER_APOLLO, "multipart/*, application/json"),
        "multipart/mixed;incrementalSpec=v0.1, application/json",
        "multipart/mixed;subscriptionSpec=1.0, application/json",
        f"{LAYOUT};q=0, application/json",
    ],
)
@pytest.mark.parametrize("executor", ["breadth-first", "reference"])
async def test_whoever_does_not_gets_the_whole_answer_at_once(accept: str, executor: str) -> None:
    query = "{ nodes(count: 2) @stream { name ...F @defer } } fragment F on Node { child { name } }"
    answer = await ask(query, accept, executor=executor)
    assert answer.headers["content-type"].startswith("application/")
    child = {"name": "a node"}
    assert answer.json() == {
        "data": {"nodes": [{"name": "node 0", "child": child}, {"name": "node 1", "child": child}]}
    }


NEVER = [
    ("{ node { ... @defer(if: false) { name } } }", {}),
    ("query($on: Boolean!) { node { ... @defer(if: $on) { name } } }", {"on": False}),
    ("query($on: Boolean = false) { node { ... @defer(if: $on) { name } } }", {}),
    ("query A { node { name } } query B { node { ... @defer { name } } }", {"name": "A"}),
    ("{ node { ...F } } fragment F on Node { ... @defer(if: false) { name } }", {}),
]
EVER = [
    ("{ node { ... @defer(if: true) { name } } }", {}),
    ("query($on: Boolean!) { node { ... @defer(if: $on) { name } } }", {"on": True}),
    ("query($on: Boolean = false) { node { ... @defer(if: $on) { name } } }", {"on": True}),
    ("query($on: Boolean = true) { node { ... @defer(if: $on) { name } } }", {}),
    ("query($on: Boolean) { node { ... @defer(if: $on) { name } } }", {}),
    ("query A { greet } query B { node { ... @defer { name } } }", {"name": "B"}),
    (
        """{ node { ...F } }
        fragment F on Node { ... on Node { ...G @defer } } fragment G on Node { name }""",
        {},
    ),
    ("{ ... @defer { node { name } } }", {}),
]


def runs_in_parts(query: str, name: str | None = None, **variables: Any) -> bool:
    asked = Ask(query, variables, name)
    return ENGINE.prepare(asked, Context(OPEN, SEALER), in_parts=True).in_parts


@pytest.mark.parametrize(("query", "more"), NEVER)
async def test_where_nothing_is_put_off_the_answer_is_one(query: str, more: dict[str, Any]) -> None:
    assert not runs_in_parts(query, **more)
    answer = await ask(query, **more)
    assert answer.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert answer.json() == {"data": {"node": {"name": "a node"}}}


@pytest.mark.parametrize(("query", "more"), EVER)
async def test_what_is_put_off_is_found_wherever_it_stands(
    query: str, more: dict[str, Any]
) -> None:
    assert runs_in_parts(query, **more)
    parts = await parts_of(query, **more)
    assert len(parts) == 2
    assert together(parts) == {"node": {"name": "a node"}}


@pytest.mark.parametrize(
    "query",
    [
        "{ nodes(count: 1) { name ... @defer @skip(if: true) { broken } } }",
        "{ nodes(count: 1) @stream(initialCount: 2) { name } }",
    ],
)
async def test_an_answer_of_one_part_is_whole(query: str) -> None:
    answer = await ask(query)
    assert answer.json()["data"] == {"nodes": [{"name": "node 0"}]}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ node @stream { name } }", "VALIDATION_FAILED"),
        ("mutation { ... @defer { change } }", "VALIDATION_FAILED"),
        ("subscription { flow { ... @defer { name } } }", "VALIDATION_FAILED"),
        ("query($on: String) { node { ... @defer(if: $on) { name } } }", "VALIDATION_FAILED"),
        ("{ node { " + "... @defer { name } " * 51 + "} }", "LIMIT_EXCEEDED"),
    ],
)
async def test_directives_that_make_no_sense_are_refused(query: str, code: str) -> None:
    answer = await ask(query)
    assert answer.status_code == 400
    assert {each["extensions"]["code"] for each in answer.json()["errors"]} == {code}


@pytest.mark.parametrize("accept", [APOLLO, "application/json"])
async def test_a_subscription_puts_nothing_off(accept: str) -> None:
    query = "subscription($on: Boolean!) { flow { ... @defer(if: $on) { name } } }"
    answer = await ask(query, accept, on=True)
    assert answer.status_code == 400
    message = "Subscriptions put nothing off: give @defer and @stream `if: false`."
    assert answer.json() == {"errors": [error("BAD_REQUEST", message)]}


async def test_a_list_cannot_begin_with_less_than_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = await ask("{ nodes(count: 4) @stream(initialCount: -1) { name } }")
    assert answer.json() == {
        "errors": [
            error(
                "BAD_REQUEST",
                "`initialCount` is at least 0.",
                locations=[{"line": 1, "column": 3}],
                path=["nodes"],
            )
        ],
        "data": None,
    }
    assert [line["event"] for line in logged(capsys)] == ["request"]


async def test_an_answer_puts_off_so_much_and_no_more() -> None:
    query = """{
        nodes(count: 1500) { ... @defer { name } }
        more: nodes(count: 2) @stream { name }
    }"""
    parts = await parts_of(query)
    assert sum(len(each.get("pending", ())) for each in parts) == 1_000
    assert [len(node) for node in parts[0]["data"]["nodes"]].count(1) == 500
    assert parts[0]["data"]["more"] == [{"name": "node 0"}, {"name": "node 1"}]
    assert together(parts)["nodes"] == [{"name": f"node {number}"} for number in range(1500)]


async def test_the_deadline_is_that_of_all_parts() -> None:
    query = "{ node { name ... @defer { child { name } } ... @defer { gated } } }"
    async with client(run_seconds=0.1) as http:
        answer = await http.post("/graphql", json={"query": query}, headers={"accept": APOLLO})
    *_, before, last = read(answer.headers, answer.text)
    assert before["completed"] == [{"id": "0"}]
    message = "This took longer than 0.1 s and was stopped."
    assert last == {
        "completed": [{"id": "1", "errors": [error("DEADLINE", message, retryable=True)]}],
        "hasNext": False,
    }
    assert await end() == "gated"


async def test_a_first_part_that_takes_too_long_is_told_by_the_status() -> None:
    query = "{ node { gated ... @defer { name } } }"
    async with client(run_seconds=0.1) as http:
        answer = await http.post("/graphql", json={"query": query}, headers={"accept": APOLLO})
    assert answer.status_code == 504
    assert [each["extensions"]["code"] for each in answer.json()["errors"]] == ["DEADLINE"]
    assert await end() == "gated"
