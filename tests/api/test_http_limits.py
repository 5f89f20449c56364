"""How large a document may be: each limit just kept and just broken, before anything runs."""

from collections.abc import AsyncIterator
from time import perf_counter
from typing import Any

import httpx
import pytest
from graphql import get_introspection_query, parse

from graph.execution.documents.limits import Limits, check
from graph.execution.failures import Rejected
from tests.support.serving import client, error


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with client() as made:
        yield made


async def ask(http: httpx.AsyncClient, query: str) -> dict[str, Any]:
    answer = await http.post("/graphql", json={"query": query})
    told: dict[str, Any] = answer.json()
    return told


def nested(depth: int) -> str:
    return "{ node " + "{ child " * (depth - 2) + "{ name }" + " }" * (depth - 2) + " }"


def introspected(depth: int) -> str:
    levels = depth - 4
    inside = "{ ofType " * levels + "{ name }" + " }" * levels
    return f"{{ __schema {{ types {{ fields {{ type {inside} }} }} }} }}"


WITHIN_AND_BEYOND = {
    "depth": (nested(15), nested(16), "An operation has at most 15 nested levels."),
    "introspection": (
        introspected(19),
        introspected(21),
        "An operation has at most 20 nested levels of introspection.",
    ),
    "aliases": (
        "{ node { " + " ".join(f"a{n}: name" for n in range(30)) + " } }",
        "{ node { " + " ".join(f"a{n}: name" for n in range(31)) + " } }",
        "An operation has at most 30 aliases.",
    ),
    "root fields": (
        "{ " + "greet " * 20 + "}",
        "{ " + "greet " * 21 + "}",
        "An operation has at most 20 fields at the root.",
    ),
    "directives": (
        "{ node { " + "name @include(if: true) " * 50 + "} }",
        "{ node { " + "name @include(if: true) " * 51 + "} }",
        "An operation has at most 50 directives.",
    ),
}


@pytest.mark.parametrize("name", WITHIN_AND_BEYOND)
async def test_a_limit_may_be_reached_but_not_passed(http: httpx.AsyncClient, name: str) -> None:
    within, beyond, message = WITHIN_AND_BEYOND[name]
    assert "errors" not in await ask(http, within)
    assert await ask(http, beyond) == {"errors": [error("LIMIT_EXCEEDED", message)]}


async def test_fragments_count_wherever_they_are_spread(http: httpx.AsyncClient) -> None:
    aliases = " ".join(f"a{n}: name" for n in range(16))
    once = f"{{ node {{ ...F }} }} fragment F on Node {{ {aliases} }}"
    twice = f"{{ node {{ ...F child {{ ...F }} }} }} fragment F on Node {{ {aliases} }}"
    assert "errors" not in await ask(http, once)
    assert await ask(http, twice) == {
        "errors": [error("LIMIT_EXCEEDED", "An operation has at most 30 aliases.")]
    }


async def test_comments_count_as_tokens(http: httpx.AsyncClient) -> None:
    beyond = {"errors": [error("LIMIT_EXCEEDED", "A document has at most 2000 tokens.")]}
    assert await ask(http, "{ greet " + "# no\n" * 1990 + "}") == {"data": {"greet": "Hello world"}}
    assert await ask(http, "{ greet " + "# no\n" * 2000 + "}") == beyond
    assert await ask(http, "{ node { " + "name " * 2000 + "} }") == beyond


async def test_the_query_of_graphiql_passes(http: httpx.AsyncClient) -> None:
    answer = await ask(http, get_introspection_query(input_value_deprecation=True))
    assert answer["data"]["__schema"]["queryType"]["name"] == "Query"


def doubling(fragments: int) -> str:
    """Each fragment spreads the next one twice: 2 to the power of `fragments` fields."""
    spread = "".join(
        f"fragment F{n} on Node {{ child {{ ...F{n + 1} ...F{n + 1} }} }} "
        for n in range(fragments)
    )
    return f"{{ node {{ ...F0 }} }} {spread} fragment F{fragments} on Node {{ a: name }}"


def test_nested_spreads_are_measured_once_each() -> None:
    wide = (
        "{ node { ...F0 } }"
        + "".join(f"fragment F{n} on Node {{ ...F{n + 1} ...F{n + 1} }}" for n in range(18))
        + "fragment F18 on Node { a: name }"
    )
    began = perf_counter()
    for document, refused in ((doubling(18), "nested"), (wide, "aliases")):
        with pytest.raises(Rejected, match=refused):
            check(parse(document), Limits())
    assert perf_counter() - began < 0.5  # a quarter of a million fields each take seconds


async def test_a_fragment_that_contains_itself_is_refused(http: httpx.AsyncClient) -> None:
    answer = await ask(http, "{ node { ...F } } fragment F on Node { child { ...F } }")
    assert answer["errors"][0]["extensions"]["code"] == "VALIDATION_FAILED"


@pytest.mark.parametrize(
    "query",
    [
        "{ node { ...F0 } } "
        + "".join(f"fragment F{n} on Node {{...F{n + 1}}}" for n in range(240))
        + "fragment F240 on Node {name}",
        "{" * 1_500,
        "{ node " + "{ ... " * 900 + "{ name }" + " }" * 900 + " }",
        "{ greet(name: " + "[" * 900 + "]" * 900 + ") }",
    ],
    ids=["a chain of fragments", "braces", "inline fragments", "lists"],
)
async def test_no_document_exhausts_the_stack(http: httpx.AsyncClient, query: str) -> None:
    answer = await ask(http, query)
    codes = {each["extensions"]["code"] for each in answer.get("errors", [])}
    assert codes <= {"LIMIT_EXCEEDED", "PARSE_FAILED", "VALIDATION_FAILED"}


async def test_the_limits_are_settings() -> None:
    async with client(max_depth=3) as http:
        assert "errors" not in await ask(http, nested(3))
        assert await ask(http, nested(4)) == {
            "errors": [error("LIMIT_EXCEEDED", "An operation has at most 3 nested levels.")]
        }
