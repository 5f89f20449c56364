"""What the contestants are asked, and whether they answer the same."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from benchmarks import company
from benchmarks.contestants import Running
from benchmarks.postgres import Database

Variables = Mapping[str, Any]

DEEP_PAGES: Final = 10


@dataclass(frozen=True)
class Query:
    """A document by its name. `variables` finds what it needs, for one contestant on a database."""

    name: str
    variables: Callable[[Running, Database], Variables]
    patience: int = 1
    """How many times longer its runs with several connections are, because an answer takes long."""


def _none(_running: Running, _database: Database) -> Variables:
    return {}


def _order(running: Running, database: Database) -> Variables:
    found = database.value("SELECT id FROM customer_order ORDER BY sorted_at OFFSET 1234 LIMIT 1")
    return {"id": running.id_of("Order", found)}


def _deep(running: Running, database: Database) -> Variables:
    """Where the customer with the most orders has a thousand of them behind them."""
    found = database.value("SELECT id FROM customer WHERE code = $1", company.GREATEST_CUSTOMER)
    place = {"customer": running.id_of("Customer", found)}
    for _ in range(DEEP_PAGES):
        walked = running.ask("walk", place).json()["data"]
        place["after"] = walked["customer"]["orders"]["pageInfo"]["endCursor"]
    return place


QUERIES: Final = (
    Query("nested_page", _none, patience=5),
    Query("one_order", _order),
    Query("fifty_orders", _none),
    Query("deep_page", _deep),
    Query("report", _none, patience=2),
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
