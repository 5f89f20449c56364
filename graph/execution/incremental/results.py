"""The results of one operation in order, the first and those that come later."""

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
    """What graphql-core gives, one after the other; nothing of it runs on afterwards.

    Time counts while somebody waits for the next one. How long they take to pass it on, to a client
    that reads slowly, is the transport's business.

    Raises:
        TimeoutError: the time is over.
        Exhausted: the operation came to more than it may.
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
                if meter.exhausted:  # which graphql-core tells as errors of its own
                    meter.stop()
                yield found
    finally:
        await executor.cancel_incremental_work()
        if executor.delivery:
            for each in executor.delivery.streaming:
                each.streams.clear()
            executor.delivery.streaming.clear()
