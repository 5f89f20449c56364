"""A subscription that lives for days: what one event needed is gone when the next one comes."""

import gc
import tracemalloc
from contextlib import aclosing

from graph.execution.documents.limits import Limits
from graph.execution.engine import Ask, Engine
from models.rules.access import OPEN
from resolvers.context import Context
from resolvers.cursors import Sealer
from tests.support.sample_schema import schema

EVENTS = 3_000


async def test_memory_does_not_grow_with_the_events_of_a_stream() -> None:
    engine = Engine(schema, Limits())
    query = "subscription { flow { name child { name } } }"
    executor = engine.prepare(Ask(query), Context(OPEN, Sealer(b"tests only")))
    async with aclosing(engine.subscribe(executor)) as answers:

        async def read(count: int) -> int:
            for _ in range(count):
                answer = await anext(answers)
                assert not answer.errors
            gc.collect()
            return tracemalloc.get_traced_memory()[0]

        tracemalloc.start()
        try:
            before = await read(200)
            after = await read(EVENTS)
        finally:
            tracemalloc.stop()
    assert (after - before) / EVENTS < 50  # bytes an event; more than a thousand with the leak
