"""A pool of connections to a server, each lent to one task at a time.

A place is taken in `acquire` and handed on in `_give`, the only code that counts places. After any
end of a connection its place is handed on, and the next task opens another one there.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from time import monotonic
from typing import Any, Final, Protocol, TypeVar

from services.storage.engines.aftermath import Aftermath

T = TypeVar("T")

IDLE_SECONDS: Final = 60.0
"""An idle connection of this age may have been dropped by a firewall without notice."""

MEND_SECONDS: Final = 1.0
"""The longest time to end a cancelled statement on a connection; then the connection is dropped."""

CLOSE_SECONDS: Final = 10.0
"""The longest time for which a closing pool waits for lent connections."""


class NoConnection(Exception):
    """No connection was free in time, or none could be opened: the driver's error, or a text."""


async def in_time(seconds: float, waiting: Coroutine[Any, Any, T]) -> T:
    """The awaited result.

    Raises:
        NoConnection: it took longer than `seconds`.
    """
    try:
        async with asyncio.timeout(seconds):
            return await waiting
    except TimeoutError:
        raise NoConnection(_too_late(seconds)) from None


def _too_late(seconds: float) -> str:
    return f"no database connection within {seconds:g} s"


class Driver(Protocol):
    """The connections of one driver, as a pool uses them."""

    async def open(self) -> Any:
        """A new connection. If it is cancelled, an incomplete connection is closed."""

    def is_open(self, connection: Any) -> bool:
        """Whether the connection is open, as far as the process knows."""

    def drop(self, connection: Any) -> None:
        """Ends a connection at once, without a message to the server."""

    async def stop(self, connection: Any) -> None:
        """Ends the cancelled statement on the server, if there is one."""

    async def settle(self, connection: Any) -> None:
        """Passes if the connection can be used for statements outside transactions."""

    async def close(self, connection: Any) -> None:
        """Ends an idle connection, with a message to the server."""


class Pool:
    """At most `size` connections, each opened on demand; the one used last is lent first.

    Tasks without a free one wait in order of arrival, for at most `wait_seconds`, which include the
    opening of a new connection.
    """

    def __init__(self, driver: Driver, size: int, wait_seconds: float) -> None:
        self.size = size
        self.driver = driver
        self._wait_seconds = wait_seconds
        self._free = size  # places that are not lent; none while a task waits
        self._idle: list[tuple[Any, float]] = []
        self._waiting: deque[tuple[asyncio.Future[Any], float]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._mending = Aftermath()
        self._closing = False
        self._all_back = asyncio.Event()

    async def acquire(self) -> Any:
        """A connection that is open, as far as the process knows.

        Raises:
            NoConnection: none became free in time, or the server accepts none.
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
        """Takes back a connection without a running statement."""
        if self._closing or not self.driver.is_open(connection):
            try:
                self.driver.drop(connection)
            finally:
                self._give(None)
        else:
            self._give(connection)

    def mend(self, connection: Any, end: Callable[[], Awaitable[Any]]) -> None:
        """Takes back a connection on which `end` has to end a statement or a transaction first.

        Its place is free after that. If `end` fails, or takes longer than `MEND_SECONDS`, the
        connection is dropped.
        """
        self._mending.add(self._mend(connection, end))

    async def close(self) -> None:
        """Ends all connections; lent ones when they come back, or after `CLOSE_SECONDS`."""
        self._closing = True
        while self._idle:
            connection, _ = self._idle.pop()
            try:
                async with asyncio.timeout(MEND_SECONDS):
                    await self.driver.close(connection)
            except Exception:  # noqa: BLE001 - drivers differ; the connection ends in any case
                self.driver.drop(connection)
        if self._free < self.size:
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._all_back.wait()
            except TimeoutError:
                pass  # `release` drops the connections that are still lent
        if self._timer:
            self._timer.cancel()

    def _give(self, connection: Any | None) -> None:
        """Hands a place, with its connection if it has one, to the task that waited longest."""
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
        """The place that another task hands over; None for one without a connection."""
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
        """Ends the waiting of tasks whose time is over: one timer serves all of them."""
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
        """An idle connection; those that were idle for too long are dropped."""
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
