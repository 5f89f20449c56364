"""The breadth-first engine answers as graphql-core does, also where something fails."""

import gc
import random
import warnings
import zlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from graphql import get_introspection_query
from structlog.testing import capture_logs
from tortoise.models import Model

from graph.execution.engine import Answer, Ask, Engine
from graph.execution.limits import Limits
from graph.schema import schema
from models.customers import Customer
from models.fulfillment import Shipment
from models.inventory import StockItem
from models.orders import Order
from models.rules.access import OPEN, SYSTEM, Actor
from resolvers.context import Context
from resolvers.identifiers import to_global
from resolvers.loaders.relation import Computed, ToMany, ToOne
from resolvers.loaders.select import Names
from services import clock
from services.demo.fill import fill
from services.demo.size import Size
from tests.support.api import SEALER
from tests.support.databases import Database
from tests.support.documents import Writer

LIMITS: Final = Limits(tokens=100_000, depth=100, aliases=10_000, root_fields=1_000)
ENGINE: Final = Engine(schema, LIMITS)
REFERENCE: Final = Engine(schema, LIMITS, reference=True)
NOW: Final = datetime(2026, 6, 30, 12, tzinfo=UTC)

Load = Callable[[Any, Actor, Sequence[Any], Names | None], Awaitable[list[Any]]]


async def answer(engine: Engine, document: str) -> Answer:
    return await engine.execute(engine.prepare(Ask(document), Context(OPEN, SEALER)))


def dice_of(*parts: Any) -> random.Random:
    """Dice that fall alike for the same things, in whatever order they are asked."""
    return random.Random(zlib.crc32(repr(parts).encode()))


def spoilt(row: Any, dice: random.Random, table: type[Model] | None, columns: Names | None) -> Any:
    """A row as it should not be: without a value that must be there, or with one of no type."""
    if table is None:
        return row
    column = dice.choice(sorted(table._meta.db_fields - {"id"}))
    value: Any = dice.choice((None, object(), []))
    if column.endswith("_id"):
        return row
    if isinstance(row, Model):
        setattr(row, column, value)
    elif columns and column in columns:
        place = columns.index(column)
        row = (*row[:place], value, *row[place + 1 :])
    return row


def faulty(load: Load) -> Load:
    """The same relation, which for some keys fails, finds nothing, or finds spoilt rows."""

    async def load_badly(
        relation: Any, actor: Actor, keys: Sequence[Any], columns: Names | None = None
    ) -> list[Any]:
        found = await load(relation, actor, keys, columns)
        made: list[Any] = []
        for key, value in zip(keys, found, strict=True):
            dice = dice_of(type(relation).__name__, getattr(relation, "table", None), key)
            roll = dice.random()
            if roll < 0.03:
                made.append(RuntimeError("planted"))
            elif roll < 0.05:
                made.append(None)
            elif roll < 0.1 and value:
                rows = value if isinstance(value, list) else [value]
                rows[0] = spoilt(rows[0], dice, relation.table, columns)
                made.append(value if isinstance(value, list) else rows[0])
            else:
                made.append(value)
        return made

    return load_badly


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (ToOne, ToMany, Computed):
        monkeypatch.setattr(kind, "load", faulty(kind.load))


@pytest.fixture
async def company(database: Database) -> Database:
    await fill(SYSTEM, Size(customers=12, products=20, orders=60), seed=3, now=NOW)
    return database


async def documents(count: int, seed: int) -> Iterator[str]:
    ids = [
        to_global(table.__name__, row.pk)
        for table in (Customer, Order, Shipment, StockItem)
        for row in await table.all().order_by("id").limit(20)
    ]
    dice = random.Random(seed)
    return (Writer(ENGINE.schema, dice, ids).document() for _ in range(count))


async def answers(engine: Engine, asked: list[str]) -> list[Answer]:
    with clock.frozen(NOW), capture_logs():
        return [await answer(engine, document) for document in asked]


async def disagreements(count: int, seed: int) -> list[str]:
    """The documents that the two engines answer differently."""
    asked = list(await documents(count, seed))
    ours = await answers(ENGINE, asked)
    gc.collect()
    with warnings.catch_warnings():
        # graphql-core cancels what stands beside a failure, some of it before it has begun.
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
        reference = await answers(REFERENCE, asked)
        gc.collect()
    return [
        document
        for document, our, other in zip(asked, ours, reference, strict=True)
        if our.data != other.data or bool(our.errors) != bool(other.errors)
    ]


async def test_engines_agree(sqlite_database: Database) -> None:
    await fill(SYSTEM, Size(customers=12, products=20, orders=60), seed=3, now=NOW)
    assert await disagreements(500, seed=11) == []


async def test_engines_agree_where_relations_fail(sqlite_database: Database, faults: None) -> None:
    await fill(SYSTEM, Size(customers=12, products=20, orders=60), seed=3, now=NOW)
    assert await disagreements(500, seed=12) == []


async def test_engines_agree_on_the_schema(sqlite_database: Database) -> None:
    text = get_introspection_query(input_value_deprecation=True)
    ours = await answer(ENGINE, text)
    assert ours.errors == []
    assert ours.data == (await answer(REFERENCE, text)).data


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(4))
async def test_engines_agree_for_long(company: Database, faults: None, seed: int) -> None:
    assert await disagreements(1_700, seed=100 + seed) == []
