"""A pool of connections to a server, each lent to one task at a time.

A place is taken in `acquire` and given on in `_give`, the only spot where places are counted.
Whatever ends a connection, its place is given on, and the next task opens another one there.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from time import monotonic
from typing import Any, Final, Protocol, TypeVar

from services.storage.engines.aftermath import Aftermath

T = TypeVar("T")

IDLE_SECONDS: Final = 60.0
"""After this time without use a firewall may have dropped the connection without a word."""

MEND_SECONDS: Final = 1.0
"""For so long a connection may take to end what was cancelled on it, before it is dropped."""

CLOSE_SECONDS: Final = 10.0
"""For so long a pool that closes waits for its connections to come back."""


class NoConnection(Exception):
    """No connection was free in time, or none could be opened: the driver's error, or a text."""


async def in_time(seconds: float, waiting: Coroutine[Any, Any, T]) -> T:
    """What is waited for.

    Raises:
        NoConnection: it took longer.
    """
    try:
        async with asyncio.timeout(seconds):
            return await waiting
    except TimeoutError:
        raise NoConnection(_too_late(seconds)) from None


def _too_late(seconds: float) -> str:
    return f"no database connection within {seconds:g} s"


class Driver(Protocol):
    """What a pool needs to know of the connections of one driver."""

    async def open(self) -> Any:
        """A new connection. One that is not complete when this is cancelled is closed."""

    def is_open(self, connection: Any) -> bool:
        """Whether the connection leads to the server, as far as the process knows."""

    def drop(self, connection: Any) -> None:
        """End a connection at once, without a word to the server."""

    async def stop(self, connection: Any) -> None:
        """Have the server end the statement whose task was cancelled, if one was."""

    async def settle(self, connection: Any) -> None:
        """Pass where the connection can be used for statements outside of transactions."""

    async def close(self, connection: Any) -> None:
        """End a connection that is idle, and tell the server so."""


class Pool:
    """At most `size` connections, each opened when it is first needed; the last used is lent first.

    Tasks that find none free wait in order of arrival, for at most `wait_seconds` with the time
    that a new connection takes to open.
    """

    def __init__(self, driver: Driver, size: int, wait_seconds: float) -> None:
        self.size = size
        self.driver = driver
        self._wait_seconds = wait_seconds
        self._free = size  # places without a connection that is lent; none while a task waits
        self._idle: list[tuple[Any, float]] = []
        self._waiting: deque[tuple[asyncio.Future[Any], float]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._mending = Aftermath()
        self._closing = False
        self._all_back = asyncio.Event()

    async def acquire(self) -> Any:
        """A connection that is open, as far as the process knows.

        Raises:
            NoConnection: none became free in time, or the server takes none.
        """
        until = None
        if self._free:
            connection = self._at_hand()
            self._free -= 1
        else:
            until = asyncio.get_running_loop().time() + self._wait_seconds
            connection = await self._handed(until)
        if connection is not None and self.driver.is_open(connection):
            return connection
        try:
            if connection is not None:
                self.driver.drop(connection)
            return await self._opened(until)
        except BaseException:
            self._give(None)
            raise

    def release(self, connection: Any) -> None:
        """Take back a connection on which nothing is under way."""
        if self._closing or not self.driver.is_open(connection):
            try:
                self.driver.drop(connection)
            finally:
                self._give(None)
        else:
            self._give(connection)

    def mend(self, connection: Any, end: Callable[[], Awaitable[Any]]) -> None:
        """Take back a connection on which `end` is still to end something.

        Its place is free when that is done. A connection on which it fails, or takes longer than
        `MEND_SECONDS`, is dropped.
        """
        self._mending.add(self._mend(connection, end))

    async def close(self) -> None:
        """End all connections; those that are lent end when they come back, or after 10 s."""
        self._closing = True
        while self._idle:
            connection, _ = self._idle.pop()
            try:
                async with asyncio.timeout(MEND_SECONDS):
                    await self.driver.close(connection)
            except Exception:  # noqa: BLE001 - each driver has its own; it ends in any case
                self.driver.drop(connection)
        if self._free < self.size:
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._all_back.wait()
            except TimeoutError:
                pass  # what is lent still is dropped by `release`
        if self._timer:
            self._timer.cancel()

    def _give(self, connection: Any | None) -> None:
        """A place, with its connection if it has one, to the task that has waited longest."""
        while self._waiting:
            handed, _ = self._waiting.popleft()
            if not handed.done():
                handed.set_result(connection)
                return
        self._free += 1
        if connection is not None:
            self._idle.append((connection, monotonic()))
        if self._closing and self._free == self.size:
            self._all_back.set()

    async def _handed(self, until: float) -> Any | None:
        """What another task gives back; None for a place without a connection."""
        loop = asyncio.get_running_loop()
        handed = loop.create_future()
        self._waiting.append((handed, until))
        if self._timer is None:
            self._timer = loop.call_at(until, self._expire)
        try:
            return await handed
        except asyncio.CancelledError:
            if handed.done() and not handed.cancelled() and handed.exception() is None:
                self._give(handed.result())
            raise

    def _expire(self) -> None:
        """End the waiting of the tasks whose time is over: one timer serves all of them."""
        loop = asyncio.get_running_loop()
        self._timer = None
        while self._waiting:
            handed, until = self._waiting[0]
            if not handed.done():
                if until > loop.time():
                    self._timer = loop.call_at(until, self._expire)
                    return
                handed.set_exception(NoConnection(_too_late(self._wait_seconds)))
            self._waiting.popleft()

    def _at_hand(self) -> Any | None:
        """An idle connection; one that was idle for too long is dropped on the way."""
        while self._idle:
            connection, since = self._idle.pop()
            if monotonic() - since < IDLE_SECONDS and self.driver.is_open(connection):
                return connection
            self.driver.drop(connection)
        return None

    async def _opened(self, until: float | None) -> Any:
        if self._closing:
            raise NoConnection("the pool is closing")
        if until is None:
            until = asyncio.get_running_loop().time() + self._wait_seconds
        try:
            async with asyncio.timeout_at(until):
                return await self.driver.open()
        except TimeoutError:
            raise NoConnection(_too_late(self._wait_seconds)) from None
        except Exception as error:
            raise NoConnection(error) from error

    async def _mend(self, connection: Any, end: Callable[[], Awaitable[Any]]) -> None:
        try:
            async with asyncio.timeout(MEND_SECONDS):
                await self.driver.stop(connection)
                await end()
        except BaseException as error:
            self.driver.drop(connection)
            if not isinstance(error, Exception):
                raise
        finally:
            self.release(connection)
