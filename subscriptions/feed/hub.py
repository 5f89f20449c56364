"""Leads each event of the feed to the topics that it concerns."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from uuid import UUID

from models.events import Event
from subscriptions.feed.closed import StreamClosed
from subscriptions.feed.settings import StreamSettings
from subscriptions.feed.topics import Batch, HandOver, Topic, Watch

LOOK_SECONDS: Final = 1.0
"""How often the hub looks for topics that were silent for a heartbeat's time."""


class Hub:
    """The topics of one process. All events up to `position` were offered to it.

    `read` gives a batch of the events after a position; `wake` has the tail read.
    """

    def __init__(
        self,
        settings: StreamSettings,
        read: Callable[[int], Awaitable[list[Event]]],
        wake: Callable[[], None],
    ) -> None:
        self.settings = settings
        self.position = 0
        self.topics: dict[Watch, Topic] = {}
        self._of_order: dict[UUID, set[Topic]] = defaultdict(set)
        self._of_filters: set[Topic] = set()
        self._read = read
        self._wake = wake
        self._closed = asyncio.Event()
        self._members: set[asyncio.Future[StreamClosed]] = set()

    def topic(self, handed: HandOver) -> Topic | None:
        """The topic that sends all that follows a stream's position; None if events are missing.

        Then the stream reads the feed once more. The first topic sets the hub's position.
        """
        topic = self.topics.get(handed.watch)
        if topic is None:
            if not self.topics:
                self.position = handed.position
            if handed.position >= self.position:
                topic = self._add(handed)
        return topic if topic and handed.position >= topic.taken else None

    def leave(self, topic: Topic) -> None:
        """Removes a topic without audiences."""
        if topic.audiences or self.topics.get(topic.watch) is not topic:
            return
        topic.stop()
        del self.topics[topic.watch]
        order_id = topic.watch.order_id
        if order_id is None:
            self._of_filters.discard(topic)
            return
        self._of_order[order_id].discard(topic)
        if not self._of_order[order_id]:
            del self._of_order[order_id]

    def offer(self, events: Sequence[Event]) -> None:
        """Leads the events that follow the position to the topics that they may concern."""
        batch = Batch()
        for event in events:
            if event.order_id is not None:
                for topic in self._of_order.get(event.order_id, ()):
                    topic.offer(event, batch)
                for topic in self._of_filters:
                    topic.offer(event, batch)
        self.position = events[-1].position

    def ending(self) -> asyncio.Future[StreamClosed]:
        """Gets its result when the server stops; a member of a topic waits for it."""
        ending: asyncio.Future[StreamClosed] = asyncio.get_running_loop().create_future()
        if self._closed.is_set():
            ending.set_result(StreamClosed())
            return ending
        self._members.add(ending)
        ending.add_done_callback(self._members.discard)
        return ending

    async def run(self) -> None:
        """Sends heartbeats to silent topics until `stop`."""
        while not self._closed.is_set():
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._closed.wait()
            except TimeoutError:
                self.beat()

    def beat(self) -> None:
        """Has topics that were silent for a heartbeat's time send one."""
        silent_since = asyncio.get_running_loop().time() - self.settings.heartbeat_seconds
        for topic in self.topics.values():
            if topic.sent_at <= silent_since:
                topic.beat(max(self.position, topic.taken))

    def stop(self) -> None:
        """Ends all streams; each client resumes at another process."""
        self._closed.set()
        for ending in tuple(self._members):
            if not ending.done():
                ending.set_result(StreamClosed())

    def _add(self, handed: HandOver) -> Topic:
        watch = handed.watch
        topic = Topic(watch, handed.context, self.position, self.settings, self._read)
        self.topics[watch] = topic
        if watch.order_id is None:
            self._of_filters.add(topic)
        else:
            self._of_order[watch.order_id].add(topic)
        self._wake()
        return topic
