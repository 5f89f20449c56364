"""The feed's tasks in one process, and the way in which a stream reads the feed."""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncGenerator, Callable
from types import TracebackType
from typing import Final, Self

import structlog

from models.events import Event
from services.storage import database
from services.work import commits, feed
from subscriptions.feed.deadline import within
from subscriptions.feed.hub import Hub
from subscriptions.feed.notices import NoNotices, Notice, Notices
from subscriptions.feed.relay import Relay
from subscriptions.feed.retrying import retrying
from subscriptions.feed.settings import StreamSettings
from subscriptions.feed.tail import Tail

log: Final = structlog.get_logger("ordergraph.live")


class FeedRuntime:
    """Relay, tail, hub and notices; they start after the database opens and stop before it closes.

    With a Redis URL processes wake each other by notices; without one they poll.
    """

    def __init__(
        self, settings: StreamSettings | None = None, redis_url: str | None = None
    ) -> None:
        self.settings = settings or StreamSettings()
        self.hub = Hub(self.settings, self._read, self._found)
        self.tail = Tail(self.hub, self.settings)
        holder = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
        self.relay = Relay(holder, self.settings, self._numbered)
        self.notices = self._notices(redis_url)
        self._tasks: list[asyncio.Task[None]] = []
        self._forget: Callable[[], None] | None = None

    def _notices(self, redis_url: str | None) -> Notices:
        if redis_url is None:
            return NoNotices()
        # The client takes 0.7 s to import, of 1.9 for all of the server: others do without.
        from subscriptions.feed.redis_notices import RedisNotices

        return RedisNotices(redis_url, self.settings, self._heard)

    async def start(self) -> None:
        """Starts relay, tail and notices, each in its own task."""
        self._forget = commits.on_commit(self._committed)
        self._tasks = [
            asyncio.create_task(part.run(), name=f"ordergraph.{type(part).__name__.lower()}")
            for part in (self.relay, self.tail, self.hub, self.notices)
        ]

    async def stop(self) -> None:
        """Ends all streams, releases the lease, and returns when all tasks have ended."""
        if self._forget:
            self._forget()
            self._forget = None
        for part in (self.relay, self.tail, self.hub, self.notices):
            part.stop()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=self.settings.stop_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def stored(self, position: int) -> AsyncGenerator[Event, None]:
        """Yields the stored events after a position, read in batches."""
        while events := await self._read(position):
            for event in events:
                yield event
            position = events[-1].position

    async def _read(self, position: int) -> list[Event]:
        async def once() -> list[Event]:
            step = feed.after(position, self.settings.batch_size)
            return await within(self.settings.database_seconds, step)

        return await retrying(once, self.settings)

    def _committed(self) -> None:
        if database.dialect() == "sqlite":
            self._numbered()
        else:
            self.relay.wake()
            self.notices.announce(Notice.COMMITTED)

    def _found(self) -> None:
        self.tail.wake()

    def _numbered(self) -> None:
        self.tail.wake()
        self.notices.announce(Notice.NUMBERED)

    def _heard(self, notice: Notice) -> None:
        if notice is Notice.COMMITTED:
            self.relay.wake()
        else:
            self.tail.wake()
