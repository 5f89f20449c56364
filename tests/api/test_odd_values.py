"""What resolvers may give that ours seldom do, completed alike by both engines."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
import strawberry
from graphql import Undefined
from structlog.testing import capture_logs

from graph.execution.documents.limits import Limits
from graph.execution.engine import Answer, Ask, Engine
from models.rules.access import OPEN
from resolvers.context import Context
from tests.support.api import SEALER

OUTAGE: Final = RuntimeError("planted")


def breaking_off() -> Iterator[str]:
    yield "one"
    raise OUTAGE


async def late(value: Any) -> Any:
    if isinstance(value, Exception):
        raise value
    return value


LISTS: Final[dict[str, Callable[[], Any]]] = {
    "mapping": lambda: {"one": 1},
    "breaking": breaking_off,
    "generator": lambda: (text for text in ("one", "two")),
    "missing": lambda: Undefined,
    "late": lambda: [late("one"), "two", late(None), late(OUTAGE)],
}


@strawberry.type
class Shelf:
    label: str = "one"


@strawberry.type
class Query:
    @strawberry.field
    def texts(self, kind: str) -> list[str | None] | None:
        texts: list[str | None] | None = LISTS[kind]()
        return texts

    @strawberry.field
    def shelves(self) -> list[Shelf | None]:
        return [Shelf(), Shelf()]


@pytest.fixture(params=["breadth first", "reference"])
def engine(request: pytest.FixtureRequest) -> Engine:
    return Engine(strawberry.Schema(Query), Limits(), reference=request.param == "reference")


async def answered(engine: Engine, query: str, **variables: Any) -> Answer:
    with capture_logs():
        ask = Ask(query, variables)
        return await engine.execute(engine.prepare(ask, Context(OPEN, SEALER)))


def places(answer: Answer) -> list[Any]:
    return [error["path"] for error in answer.errors]


@pytest.mark.parametrize(
    ("kind", "texts", "errors"),
    [
        ("mapping", None, [["texts"]]),
        ("breaking", None, [["texts"]]),
        ("generator", ["one", "two"], []),
        ("missing", None, []),
        ("late", ["one", "two", None, None], [["texts", 3]]),
    ],
)
async def test_a_list_is_what_gives_its_items_in_turn(
    engine: Engine, kind: str, texts: Any, errors: list[Any]
) -> None:
    answer = await answered(engine, "query($kind: String!) { texts(kind: $kind) }", kind=kind)
    assert (answer.data, places(answer)) == ({"texts": texts}, errors)


async def test_a_condition_that_cannot_be_read_is_an_error_of_the_objects_it_stands_in(
    engine: Engine,
) -> None:
    """A variable with a default may be null all the same, where a Boolean! is asked for."""
    query = "query($asked: Boolean = true) { shelves { label @include(if: $asked) } }"
    answer = await answered(engine, query, asked=None)
    assert answer.data == {"shelves": [None, None]}
    assert places(answer) == [["shelves", 0], ["shelves", 1]]
