"""The breadth-first engine answers as graphql-core does, also where something fails."""

import gc
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from graphql import ExecutionResult, get_introspection_query
from structlog.testing import capture_logs

from graph.execution.engine import Engine
from graph.execution.plan.levels import Level
from graph.execution.run.breadth import Run
from graph.execution.run.columns import Column
from graph.schema import schema
from models.orders import Order
from models.rules.access import OPEN, SYSTEM
from services.demo.fill import fill
from services.demo.size import Size
from services.work import clock, feed
from subscriptions.feed.runtime import FeedRuntime
from tests.support.agreement import (
    Question,
    abandoned,
    answer,
    disagreement,
    engines,
    events,
    questions,
)
from tests.support.api import SEALER
from tests.support.databases import Database
from tests.support.documents import Known, Writer, Written
from tests.support.injected_faults import plant
from tests.support.known_values import known, places_with_pages
from tests.support.watching import QUICK, number_all

NOW: Final = datetime(2026, 6, 30, 12, tzinfo=UTC)
SCHEMA: Final = schema._schema

Ask = Callable[[Engine, Question], Awaitable[list[ExecutionResult]]]


async def company() -> Known:
    await fill(SYSTEM, Size(customers=12, products=20, orders=60), seed=3, now=NOW)
    await number_all()
    return await known(engines()[0])


@pytest.fixture
async def small(sqlite_database: Database) -> Known:
    return await company()


@pytest.fixture
async def anywhere(database: Database) -> Known:
    return await company()


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Plants them, when everything else is ready."""
    return lambda: plant(monkeypatch, SCHEMA)


async def disagreements(asked: list[Question], ask: Ask = answer) -> list[str]:
    """The questions that the two engines answer differently, each with what is different."""
    found = []
    with clock.frozen(NOW), capture_logs(), abandoned():
        ours, reference = engines()
        for number, question in enumerate(asked):
            if number % 200 == 0:
                gc.collect()
            different = disagreement(await ask(ours, question), await ask(reference, question))
            if different:
                found.append(f"{different}\n{question}")
    return found


def queries(there: Known, count: int, seed: int) -> list[Question]:
    dice = random.Random(seed)
    return questions((Writer(SCHEMA, dice, there).query() for _ in range(count)), dice)


async def test_every_list_with_pages_is_asked_with_cursors(small: Known) -> None:
    assert set(small.cursors) == places_with_pages(SCHEMA.type_map.values())


@pytest.mark.parametrize("count", [100, 450])
async def test_engines_agree(small: Known, count: int) -> None:
    assert await disagreements(queries(small, count, seed=11)) == []


async def test_no_level_goes_the_careful_way_where_nothing_fails(
    small: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be right all the same, and slow."""
    slow: list[str] = []
    field_by_field = Run._field_by_field

    async def told(run: Run, level: Level, *rest: Any) -> Column:
        slow.append(str(level.type))
        return await field_by_field(run, level, *rest)

    monkeypatch.setattr(Run, "_field_by_field", told)
    assert await disagreements(queries(small, 100, seed=13)) == []
    assert slow == []


@pytest.mark.parametrize("count", [100, 450])
async def test_engines_agree_where_something_fails(
    small: Known, faults: Callable[[], None], count: int
) -> None:
    faults()
    assert await disagreements(queries(small, count, seed=12)) == []


async def test_engines_agree_on_the_schema(sqlite_database: Database) -> None:
    question = Question(get_introspection_query(input_value_deprecation=True), {}, OPEN)
    ours, reference = [(await answer(engine, question))[0] for engine in engines()]
    assert ours.errors is None
    assert ours.data == reference.data


def mutations(there: Known, count: int, seed: int) -> list[Question]:
    """A note on one order, then what is refused: each with a payload of its own."""
    dice = random.Random(seed)
    assert SCHEMA.mutation_type is not None
    payload = SCHEMA.mutation_type.fields["orderNote"].type

    def written() -> Written:
        one, other = dice.sample(there.ids["Order"], 2)
        # Each engine's note is an event with an id of its own, so timelines are not asked for.
        writer = Writer(SCHEMA, dice, there, banned=frozenset({"timeline", "events"}))
        return writer.operation(
            "mutation",
            ("orderNote", f'(id: "{one}", text: "Call first.")', payload),
            ("orderAct", f'(id: "{other}", version: 0, action: CANCEL)', payload),
            ("orderNote", f'(id: "{other}", text: " ")', payload),
        )

    return questions((written() for _ in range(count)), dice)


async def noting(engine: Engine, question: Question) -> list[ExecutionResult]:
    """The answer; the note is taken back, so that the other engine finds the same."""
    before = {order.id: order for order in await Order.all()}
    answered = await answer(engine, question)
    for order in await Order.filter(updated_at=NOW):
        old = before[order.id]
        await Order.filter(id=order.id).update(note=old.note, updated_at=old.updated_at)
    return answered


async def test_engines_agree_on_payloads_of_mutations(
    small: Known, faults: Callable[[], None]
) -> None:
    assert await disagreements(mutations(small, 25, seed=13), noting) == []
    faults()
    assert await disagreements(mutations(small, 25, seed=14), noting) == []


def subscriptions(there: Known, cursor: str, count: int, seed: int) -> list[Question]:
    """What happened to all orders after a cursor, or one order as it is."""
    dice = random.Random(seed)
    assert SCHEMA.subscription_type is not None
    item = SCHEMA.subscription_type.fields["orderUpdates"].type

    def written() -> Written:
        ways = [f'(where: {{}}, after: "{cursor}")', f'(id: "{dice.choice(there.ids["Order"])}")']
        writer = Writer(SCHEMA, dice, there)
        return writer.operation("subscription", ("orderUpdates", dice.choice(ways), item))

    return questions((written() for _ in range(count)), dice)


@pytest.fixture
async def live(small: Known) -> AsyncIterator[FeedRuntime]:
    async with FeedRuntime(QUICK) as running:
        yield running


async def test_engines_agree_on_events(
    small: Known, live: FeedRuntime, faults: Callable[[], None]
) -> None:
    async def watching(engine: Engine, question: Question) -> list[ExecutionResult]:
        return await events(engine, question, live, 3 if cursor in question.text else 1)

    cursor = SEALER.feed_cursor(await feed.last_position() - 50)
    assert await disagreements(subscriptions(small, cursor, 25, seed=15), watching) == []
    faults()
    assert await disagreements(subscriptions(small, cursor, 25, seed=16), watching) == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(4))
async def test_engines_agree_for_long(
    anywhere: Known, faults: Callable[[], None], seed: int
) -> None:
    if seed % 2:
        faults()
    assert await disagreements(queries(anywhere, 1_700, seed=100 + seed)) == []
