"""The results of an operation in order: the first one and the deferred ones."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult

from graph.execution.incremental.executor import Found, PartsExecutor
from graph.execution.incremental.parts import Result
from graph.execution.run.finding import meter_of


async def results(
    executor: PartsExecutor, seconds: float
) -> AsyncGenerator[ExecutionResult | Result, None]:
    """Yields graphql-core's results one by one; none of its tasks remain afterwards.

    The time limit counts only while the next result is awaited. The time to send results to a slow
    client is limited by the transport.

    Raises:
        TimeoutError: the time limit has passed.
        Exhausted: the operation has exceeded its cost.
    """
    meter = meter_of(executor)
    clock = asyncio.get_running_loop().time
    left = seconds

    async def in_time(given: Awaitable[Found]) -> Found:
        nonlocal left
        began = clock()
        async with asyncio.timeout(left):
            found = await given
        left -= clock() - began
        return found

    try:
        result: Any = executor.execute_operation()
        if isawaitable(result):
            result = await in_time(result)
        if isinstance(result, ExecutionResult):
            yield result
            return
        yield result.initial_result
        if executor.delivery:
            executor.delivery.begun.set()
        async with aclosing(result.subsequent_results) as following:
            while (found := await in_time(anext(following, None))) is not None:
                if meter.exhausted:  # graphql-core has made errors of it
                    meter.stop()
                yield found
    finally:
        await executor.cancel_incremental_work()
        if executor.delivery:
            for each in executor.delivery.streaming:
                each.streams.clear()
            executor.delivery.streaming.clear()
