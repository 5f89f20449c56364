"""Notices between processes by way of a Redis channel."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from subscriptions.feed.notices import Notice
from subscriptions.feed.settings import StreamSettings
from subscriptions.feed.wakeup import Wakeup

log: Final = structlog.get_logger("ordergraph.notices")

CHANNEL: Final = "ordergraph:feed"


class RedisNotices:
    """Publishes notices to a Redis channel, and passes the others' notices to `heard`.

    Equal notices that wait to be sent are sent once.
    """

    def __init__(
        self,
        url: str,
        settings: StreamSettings,
        heard: Callable[[Notice], None],
        channel: str = CHANNEL,
    ) -> None:
        self.settings = settings
        self.channel = channel
        self._heard = heard
        self._redis = Redis.from_url(
            url,
            decode_responses=True,
            socket_connect_timeout=settings.database_seconds,
            socket_timeout=settings.database_seconds,
            health_check_interval=settings.database_seconds,
        )
        self._waiting: set[Notice] = set()
        self._wakeup = Wakeup()
        self._stopping = False
        self.listening = asyncio.Event()

    def announce(self, notice: Notice) -> None:
        """Sends the notice soon, from `run`."""
        self._waiting.add(notice)
        self._wakeup.wake()

    async def run(self) -> None:
        """Sends and receives until `stop`, through outages of the Redis."""
        try:
            await asyncio.gather(self._lasting(self._send), self._lasting(self._hear))
        finally:
            await self._redis.aclose()

    def stop(self) -> None:
        """Ends `run` within a second."""
        self._stopping = True
        self._wakeup.wake()

    async def _lasting(self, step: Callable[[], Awaitable[None]]) -> None:
        failures = 0
        while not self._stopping:
            try:
                await step()
                failures = 0
            except (RedisError, OSError, TimeoutError) as error:
                failures += 1
                log.warning("notices.lost", error=repr(error), failures=failures)
                await asyncio.sleep(self.settings.pause_after(failures))

    async def _send(self) -> None:
        await self._wakeup.wait(self.settings.standby_seconds)
        while self._waiting and not self._stopping:
            await self._redis.publish(self.channel, self._waiting.pop())

    async def _hear(self) -> None:
        async with self._redis.pubsub(ignore_subscribe_messages=True) as listener:
            await listener.subscribe(self.channel)
            while not self._stopping:
                message = await listener.get_message(timeout=self.settings.standby_seconds)
                self.listening.set()
                if message and message["data"] in set(Notice):
                    self._heard(Notice(message["data"]))
