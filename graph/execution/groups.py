"""Subscriptions that answer alike: each answer is executed and encoded once, and sent to all."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Hashable, Sequence
from typing import Any, Final, Protocol

from graph.execution.sizing import encode
from subscriptions.feed.closed import SlowConsumer, StreamClosed
from subscriptions.feed.hub import Hub
from subscriptions.feed.topics import HandOver, Sent, Topic

MAX_UNREAD: Final = 1_000
"""The answers that wait for a caller which takes them one by one."""


class Writable(Protocol):
    """An answer that can be written."""

    def body(self) -> dict[str, Any]:
        """The answer as the GraphQL specification lays it out."""


Render = Callable[[object], Awaitable[Writable]]
"""Executes a group's document for an item of its topic."""


class Answers:
    """Answers that are sent together. Each is encoded once, and framed once for each key."""

    __slots__ = ("_framed", "answers", "bodies")

    def __init__(self, answers: Sequence[Writable]) -> None:
        self.answers = answers
        self.bodies = [encode(answer.body()) for answer in answers]
        self._framed: dict[Hashable, bytes] = {}

    def framed(self, key: Hashable, frame: Callable[[bytes], bytes]) -> bytes:
        """All answers in a transport's form, which is the same wherever the key is."""
        found = self._framed.get(key)
        if found is None:
            found = self._framed[key] = b"".join([frame(body) for body in self.bodies])
        return found


class Outlet(Protocol):
    """Sends the answers of one subscription to its client."""

    def write(self, answers: Answers) -> bool:
        """Sends answers without waiting, or keeps them; False if too much waits already."""


class Member:
    """A subscription in a group; `position` is that of the last event written to its outlet."""

    __slots__ = ("ending", "outlet", "position")

    def __init__(
        self, position: int, outlet: Outlet, ending: "asyncio.Future[StreamClosed]"
    ) -> None:
        self.position = position
        self.outlet = outlet
        self.ending = ending


class Group:
    """The members of a topic with equal documents, operations and variables."""

    def __init__(self, render: Render) -> None:
        self.members: set[Member] = set()
        self._render = render

    async def send(self, items: Sequence[Sent]) -> None:
        """Makes the answer to each item once, and writes it to the members that lack it."""
        try:
            made = [await self._render(sent.item) for sent in items]
            every = Answers(made)
        except Exception as error:  # noqa: BLE001 - other groups of the topic go on
            self.fail(error)
            return
        first, last = items[0], items[-1].position
        for member in self.members:
            if member.ending.done():
                continue
            answers = every
            if not first.is_new_to(member.position):
                rest = zip(items, made, strict=True)
                answers = Answers([each for sent, each in rest if sent.is_new_to(member.position)])
                if not answers.answers:
                    continue
            if member.outlet.write(answers):
                member.position = last
            else:
                member.ending.set_result(SlowConsumer())

    def fail(self, error: Exception) -> None:
        """Ends the members' subscriptions with the error."""
        for member in self.members:
            if not member.ending.done():
                member.ending.set_exception(error)


async def share(
    hub: Hub,
    handed: HandOver,
    key: Hashable,
    renders: Callable[[Topic], Render],
    outlet: Outlet,
) -> None:
    """Sends a stream's answers with those of its group, until the stream goes on by itself.

    Its position is then that of the last event that was written. It is at once where the feed has
    events that neither the stream nor the topic would send.
    """
    topic = hub.topic(handed)
    if topic is None:
        return
    member = Member(handed.position, outlet, hub.ending())
    group = topic.audiences.get(key)
    if not isinstance(group, Group):
        group = topic.audiences[key] = Group(renders(topic))
    group.members.add(member)
    try:
        handed.closed = await member.ending
    finally:
        handed.position = member.position
        group.members.discard(member)
        if not group.members and topic.audiences.get(key) is group:
            del topic.audiences[key]
            hub.leave(topic)


class Unread:
    """An outlet for a caller that takes answers one by one; at most `MAX_UNREAD` wait."""

    def __init__(self) -> None:
        self._answers: asyncio.Queue[Any] = asyncio.Queue()

    def write(self, answers: Answers) -> bool:
        """Keeps answers until they are taken."""
        if self._answers.qsize() >= MAX_UNREAD:
            return False
        for answer in answers.answers:
            self._answers.put_nowait(answer)
        return True

    async def until(self, sharing: Coroutine[Any, Any, None]) -> AsyncGenerator[Any, None]:
        """Yields the answers that `sharing` writes, and all of them after its end."""
        task = asyncio.ensure_future(sharing)
        task.add_done_callback(lambda _: self._answers.put_nowait(None))
        try:
            while (answer := await self._answers.get()) is not None:
                yield answer
            task.result()
        finally:
            task.cancel()
