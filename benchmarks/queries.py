"""What the contestants are asked, and whether they answer the same."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from benchmarks.contestants import Running
from benchmarks.postgres import Database
from resolvers.identifiers import to_global

Variables = Mapping[str, Any]


@dataclass(frozen=True)
class Query:
    """A document by its name. `variables` finds what it needs, for one contestant on a database."""

    name: str
    about: str
    variables: Callable[[Running, Database], Variables]
    patience: int = 1
    """How many times longer its runs with several connections are, because an answer takes long."""


def _none(_running: Running, _database: Database) -> Variables:
    return {}


def _order(_running: Running, database: Database) -> Variables:
    return {
        "id": to_global(
            "Order",
            database.value("SELECT id FROM customer_order ORDER BY sorted_at OFFSET 1234 LIMIT 1"),
        )
    }


QUERIES: Final = (
    Query("nested_page", "20 customers, 10 orders each, lines, products, stock", _none, patience=5),
    Query("one_order", "one order with its customer, lines and products", _order),
    Query("fifty_orders", "the 50 latest orders", _none),
)


def scalars(answer: Any) -> int:
    """How many leaves an answer has."""
    match answer:
        case dict():
            return sum(map(scalars, answer.values()))
        case list():
            return sum(map(scalars, answer))
        case _:
            return 1


def differences(expected: Any, found: Any, path: str = "data") -> Iterator[str]:
    """Where two answers differ, each place with both values."""
    match expected, found:
        case dict(), dict() if expected.keys() == found.keys():
            for key in expected:
                yield from differences(expected[key], found[key], f"{path}.{key}")
        case list(), list():
            pairs = zip_longest(expected, found, fillvalue="nothing")
            for index, (one, other) in enumerate(pairs):
                yield from differences(one, other, f"{path}[{index}]")
        case _ if expected != found:
            yield f"{path}: {_short(expected)}, and {_short(found)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 200 else f"{text[:200]}..."
