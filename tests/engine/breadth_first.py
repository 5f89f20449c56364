"""A plugin of pytest that has graphql-core's own tests run by our executor.

It puts our executor where graphql-core has its own, so that `execute`, `subscribe` and their like
are otherwise theirs. The executor is the one of `graph.execution`, but for two things that
graphql-core promises and we need not: where no resolver waits there is an answer at once, without
an event loop; and values of one Python class may have different GraphQL types.
"""

import asyncio
import re
import signal
import tomllib
from collections.abc import Coroutine, Generator
from functools import partial
from importlib import import_module
from pathlib import Path
from types import FrameType, coroutine
from typing import Any, Final
from weakref import WeakKeyDictionary

import pytest
from graphql import GraphQLSchema
from graphql.execution.executor_throwing_on_incremental import ExecutorThrowingOnIncremental
from graphql.execution.incremental.incremental_executor import IncrementalExecutor

from graph.execution.executor import BreadthFirst
from graph.execution.plan.planning import Plans
from graph.execution.run import breadth, columns, finding

SECONDS: Final = 60
HANGING: Final = 0.5
"""How long a test may take, and one that is to fail, perhaps by waiting for ever."""

PLANS: Final[WeakKeyDictionary[GraphQLSchema, Plans]] = WeakKeyDictionary()
"""A server has one schema and keeps its plans; these tests have many."""


def settled(awaited: Any) -> Any:
    """What a coroutine gives, where it need not wait; an awaitable for it where it has to."""
    if not asyncio.iscoroutine(awaited):
        return awaited
    try:
        waits_for = awaited.send(None)
    except StopIteration as end:
        return end.value
    return _resumed(awaited, waits_for)


@coroutine
def _resumed(begun: Coroutine[Any, Any, Any], waits_for: Any) -> Generator[Any, Any, Any]:
    """The rest of a coroutine that was begun and waits."""
    while True:
        step: Any = begun.send
        try:
            answer = yield waits_for
        except BaseException as error:  # noqa: BLE001 - it is for the coroutine, whatever it is
            step, answer = begun.throw, error
        try:
            waits_for = step(answer)
        except StopIteration as end:
            return end.value


class Begun:
    """In the place of a task: what it runs, which `gather` begins."""

    def __init__(self, run: Coroutine[Any, Any, Any]) -> None:
        self.run = run

    def cancel(self) -> None:
        self.run.close()


class Eager:
    """asyncio, with tasks and a `gather` that need no event loop where nothing waits."""

    ensure_future = Begun

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, _seconds: float) -> None:
        """There are no turns of a loop to wait for."""

    async def gather(self, *given: Any, return_exceptions: bool = False) -> list[Any]:
        awaited = [each.run if isinstance(each, Begun) else each for each in given]
        if return_exceptions and any(isinstance(each, Begun) for each in given):
            return []  # they were cancelled
        if return_exceptions:
            # What resolvers wait for is theirs, and begins when a loop runs.
            await asyncio.sleep(0)
            return await asyncio.gather(*awaited, return_exceptions=True)
        begun = [settled(each) for each in awaited]
        waiting = [number for number, value in enumerate(begun) if asyncio.iscoroutine(value)]
        if waiting:
            arrived = await asyncio.gather(*(begun[number] for number in waiting))
            for number, value in zip(waiting, arrived, strict=True):
                begun[number] = value
        return begun


class Ours(BreadthFirst):
    """Our way to run operations."""

    runs = 0

    def execute_collected_root_fields(self, *args: Any) -> Any:
        Ours.runs += 1
        self.plans = PLANS.setdefault(self.schema, Plans(size=100))
        return settled(super().execute_collected_root_fields(*args))


class Incremental(Ours, IncrementalExecutor):
    """In the place of the executor that most of graphql-core's functions take."""


class Throwing(Ours, ExecutorThrowingOnIncremental):
    """In the place of the executor of subscriptions."""


def pytest_configure() -> None:
    # The attribute `execute` of graphql.execution is a function, not this module.
    theirs = import_module("graphql.execution.execute")
    for module, name, ours in (
        (theirs, "IncrementalExecutor", Incremental),
        (theirs, "ExecutorThrowingOnIncremental", Throwing),
        (columns, "asyncio", Eager()),
        (finding, "asyncio", Eager()),
    ):
        if not hasattr(module, name):
            raise pytest.UsageError(f"{module.__name__} has no {name} any more.")
        setattr(module, name, ours)
    breadth.Run.kind = id


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that do not hold for us must fail: one that passes is told."""
    listed = tomllib.loads(Path(__file__).with_name("excepted.toml").read_text())
    reasons = {name: each["reason"] for each in listed["excepted"] for name in each["tests"]}
    known = set()
    for item in items:
        for name in filter(partial(_names, item), reasons):
            known.add(name)
            item.add_marker(pytest.mark.xfail(reason=reasons[name], strict=True))
    if set(listed["selected"]) <= set(config.args) and (unknown := reasons.keys() - known):
        raise pytest.UsageError(f"There are no such tests: {sorted(unknown)}")


def _names(item: pytest.Item, name: str) -> bool:
    file, _, test = name.partition("::")
    return (
        item.path.name == file and re.search(f"::{re.escape(test)}(::|$)", item.nodeid) is not None
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Some tests wait for ever for what our executor does not do."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, HANGING if item.get_closest_marker("xfail") else SECONDS)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"{Ours.runs} operations were run breadth first.")
