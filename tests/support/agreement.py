"""Both engines asked the same, and where they answer differently."""

import gc
import random
import warnings
from collections.abc import Iterable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    ExecutionResult,
    GraphQLError,
    create_source_event_stream,
    map_source_to_response_event,
)
from graphql.execution import Executor

from graph.execution.documents.limits import Limits
from graph.execution.engine import Ask, Engine
from graph.execution.sizing import size_of
from graph.schema import schema
from models.rules.access import EVERYTHING, OPEN, Actor, ActorKind, Permission
from resolvers.context import Context
from subscriptions.feed.runtime import FeedRuntime
from tests.support.api import SEALER
from tests.support.documents import Written

LIMITS: Final = Limits(
    tokens=100_000, depth=100, aliases=10_000, root_fields=1_000, cost=10**9, run_cost=10**9
)

NARROW: Final = Actor(
    ActorKind.STAFF,
    "narrow",
    None,
    EVERYTHING
    - {Permission.PAYMENTS_READ, Permission.CREDIT_READ, Permission.COSTS_READ}
    - {Permission.EVENTS_READ, Permission.STOCK_READ},
)
"""Somebody who may not see everything."""


@dataclass(frozen=True)
class Question:
    """A document with the variables of one of its runs, and who asks."""

    text: str
    variables: dict[str, Any]
    actor: Actor

    def __str__(self) -> str:
        return f"{self.actor.id}: {self.text}\n{self.variables}"


def questions(written: Iterable[Written], dice: random.Random) -> list[Question]:
    return [
        Question(each.text, run, NARROW if dice.random() < 0.2 else OPEN)
        for each in written
        for run in each.runs
    ]


def engines() -> tuple[Engine, Engine]:
    """Ours and the reference, without any plan made yet. They share what they have validated."""
    ours, reference = Engine(schema, LIMITS), Engine(schema, LIMITS, reference=True)
    reference.library = ours.library
    return ours, reference


async def answer(engine: Engine, question: Question) -> list[ExecutionResult]:
    """The answer as the engine has it, with all its errors."""
    executor = prepared(engine, question)
    result: Any = executor.execute_operation()
    if executor.is_awaitable(result):
        result = await result
    known = executor.context_value.meter.bytes
    if known is not None and size_of(result.data) > known:
        result.errors = [*(result.errors or ()), GraphQLError("It is longer than was known.")]
    return [result]


async def events(
    engine: Engine, question: Question, live: FeedRuntime, count: int
) -> list[ExecutionResult]:
    """The first answers of a subscription; a failure of its source is the last."""
    executor = prepared(engine, question, live)
    source: Any = create_source_event_stream(executor)
    if executor.is_awaitable(source):
        source = await source
    if isinstance(source, ExecutionResult):
        return [source]
    found: list[ExecutionResult] = []
    async with aclosing(map_source_to_response_event(executor, source)) as results:
        try:
            while len(found) < count:
                found.append(await anext(results))
        except Exception as error:  # noqa: BLE001 - a fault in what the events are made of
            found.append(ExecutionResult(None, [GraphQLError(repr(error))]))
    return found


def prepared(engine: Engine, question: Question, live: FeedRuntime | None = None) -> Executor[Any]:
    context = Context(question.actor, SEALER, live=live)
    return engine.prepare(Ask(question.text, question.variables), context)


def disagreement(ours: list[ExecutionResult], others: list[ExecutionResult]) -> str | None:
    """What is not the same in two answers; None where they agree.

    Errors may be told in any order, and what lies below a null need not be told at all. But each
    must lead to a null, and the same places must be null because of an error.
    """
    for our, other in zip(ours, others, strict=True):
        if our.data != other.data:
            return "different data"
        if None in (told := nulled(our)) or None in nulled(other):
            return "an error of what is not null"
        if told != nulled(other):
            return f"nulled by one alone: {told ^ nulled(other)}"
    return None


def nulled(answer: ExecutionResult) -> set[tuple[Any, ...] | None]:
    """The places that are null because of an error; None for an error that leads to no null."""
    return {_null_above(answer.data, error.path or []) for error in answer.errors or []}


def _null_above(data: Any, path: Iterable[Any]) -> tuple[Any, ...] | None:
    place: list[Any] = []
    for key in path:
        if data is None:
            break
        data = data[key]
        place.append(key)
    return tuple(place) if data is None else None


@contextmanager
def abandoned() -> Iterator[None]:
    """graphql-core cancels what stands beside a failure, some of it before it has begun.

    Python warns of that when the garbage is collected. It is the caller who collects: a collection
    inside a named tuple's constructor, which knows no built-ins, cannot even import `warnings`.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
            yield
            gc.collect()
    finally:
        gc.enable()
        gc.unfreeze()
