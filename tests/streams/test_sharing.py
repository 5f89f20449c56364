"""Subscriptions that answer alike are executed and encoded once; all others are kept apart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

import orjson
import pytest
from graphql import OperationDefinitionNode, parse
from structlog.testing import capture_logs

from graph.execution.documents.limits import Limits
from graph.execution.documents.sharing import free_variables, key_of
from graph.execution.engine import Answer, Ask, Engine
from graph.execution.groups import Answers, Group, Member, Unread
from graph.schema import schema
from models.orders import Order
from models.rules.access import OPEN, Actor
from resolvers.context import Context
from resolvers.identifiers import to_global
from subscriptions.feed.closed import SlowConsumer, StreamClosed
from subscriptions.feed.runtime import FeedRuntime
from subscriptions.feed.topics import Sent
from tests.support.agreement import NARROW
from tests.support.databases import Database
from tests.support.garbage import left_by
from tests.support.shop import Shop, open_shop
from tests.support.watching import QUICK, SEALER, WAIT_SECONDS

ALL: Final = """subscription($where: OrderWhere, $after: Cursor, $notes: Boolean! = false) {
  orderUpdates(where: $where, after: $after) {
    ... on OrderUpdate { cursor event { kind } order { number note @include(if: $notes) } }
    ... on Heartbeat { at }
  }
}"""
ONE: Final = """subscription($id: ID!) {
  orderUpdates(id: $id) { ... on OrderUpdate { order { number } } }
}"""
NUMBER: Final = (
    "subscription { orderUpdates(where: {}) { ... on OrderUpdate { order { number } } } }"
)


class Collected:
    """An outlet that keeps the bytes."""

    def __init__(self, room: int = 1_000) -> None:
        self.bodies: list[bytes] = []
        self.room = room

    def write(self, answers: Answers) -> bool:
        if len(self.bodies) + len(answers.bodies) > self.room:
            return False
        self.bodies.extend(answers.bodies)
        return True

    async def count(self, wanted: int) -> list[Any]:
        """The answers, once there are so many; also whether one too many comes."""
        async with asyncio.timeout(WAIT_SECONDS):
            while len(self.bodies) < wanted:  # noqa: ASYNC110 - written by a topic
                await asyncio.sleep(0.01)
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(self.bodies) == wanted
        return [orjson.loads(body) for body in self.bodies]


class Watcher:
    """A subscription in this process."""

    def __init__(
        self, engine: Engine, live: FeedRuntime, ask: Ask, actor: Actor, room: int
    ) -> None:
        self.outlet = Collected(room)
        self.own: list[Answer] = []
        self.opened = asyncio.Event()
        context = Context(actor, SEALER, live=live)
        executor = engine.prepare(ask, context)
        self.task = asyncio.create_task(self._watch(engine, executor))

    async def _watch(self, engine: Engine, executor: Any) -> None:
        async with aclosing(engine.subscribe(executor, self.outlet)) as answers:
            async for answer in answers:
                self.own.append(answer)
                self.opened.set()


class Watchers:
    """Subscriptions on one hub."""

    def __init__(self, live: FeedRuntime) -> None:
        self.engine = Engine(schema, Limits())
        self.live = live
        self.all: list[Watcher] = []

    async def add(
        self, text: str, actor: Actor = OPEN, room: int = 1_000, **variables: Any
    ) -> Watcher:
        """A watcher, once the hub sends for it."""
        before = sum(self.groups())
        watcher = Watcher(self.engine, self.live, Ask(text, variables), actor, room)
        self.all.append(watcher)
        async with asyncio.timeout(WAIT_SECONDS):
            await watcher.opened.wait()
            while sum(self.groups()) == before:  # noqa: ASYNC110 - nothing else says so
                await asyncio.sleep(0)
        return watcher

    def groups(self) -> list[int]:
        """The members of each group."""
        return sorted(
            len(group.members)
            for topic in self.live.hub.topics.values()
            for group in topic.audiences.values()
            if isinstance(group, Group)
        )


@pytest.fixture
async def shop(sqlite_database: Database) -> Shop:
    return await open_shop()


@pytest.fixture
async def order(shop: Shop) -> Order:
    return await shop.place()


@asynccontextmanager
async def watchers() -> AsyncIterator[Watchers]:
    async with FeedRuntime(QUICK) as live:
        made = Watchers(live)
        yield made
        for watcher in made.all:
            watcher.task.cancel()
        await asyncio.gather(*(each.task for each in made.all), return_exceptions=True)
        assert live.hub.topics == {}


async def test_equal_documents_and_variables_are_sent_the_same_bytes(
    shop: Shop, order: Order
) -> None:
    async with watchers() as all_of:
        first = await all_of.add(ALL, where={})
        others = [await all_of.add(ALL, where={}) for _ in range(4)]
        assert (len(all_of.live.hub.topics), all_of.groups()) == (1, [5])
        for _ in range(3):
            await shop.note(order)
        assert [each["data"]["orderUpdates"]["event"] for each in await first.outlet.count(3)] == [
            {"kind": "NOTE_ADDED"}
        ] * 3
        for other in others:
            await other.outlet.count(3)
            assert [id(body) for body in other.outlet.bodies] == [
                id(body) for body in first.outlet.bodies
            ]


async def test_where_a_stream_began_keeps_nothing_apart(shop: Shop, order: Order) -> None:
    await shop.note(order)
    async with watchers() as all_of:
        await all_of.add(ALL, where={})
        resumed = await all_of.add(ALL, where={}, after=SEALER.feed_cursor(1))
        assert all_of.groups() == [2]
        replayed = [(each.data or {})["orderUpdates"]["event"]["kind"] for each in resumed.own]
        assert replayed[-1] == "NOTE_ADDED"
        await shop.note(order)
        await resumed.outlet.count(1)


async def test_what_changes_an_answer_keeps_streams_apart(shop: Shop, order: Order) -> None:
    async with watchers() as all_of:
        plain = await all_of.add(ALL, where={})
        noted = await all_of.add(ALL, where={}, notes=True)
        web = await all_of.add(ALL, where={"channel": ["default"]})
        other = await all_of.add(NUMBER)
        narrow = await all_of.add(ALL, NARROW, where={})
        assert all_of.groups() == [1, 1, 1, 1, 1]
        # two actors and two filters, and three documents or variables of one of them
        assert len(all_of.live.hub.topics) == 3
        await shop.note(order)
        found = {
            name: (await watcher.outlet.count(1))[0]["data"]["orderUpdates"]
            for name, watcher in {
                "plain": plain,
                "noted": noted,
                "web": web,
                "other": other,
                "narrow": narrow,
            }.items()
        }
        event = {"kind": "NOTE_ADDED"}
        cursor = found["plain"]["cursor"]
        assert found == {
            "plain": {"cursor": cursor, "event": event, "order": {"number": order.number}},
            "noted": {
                "cursor": cursor,
                "event": event,
                "order": {"number": order.number, "note": (await Order.get(id=order.id)).note},
            },
            "web": {"cursor": cursor, "event": event, "order": {"number": order.number}},
            "other": {"order": {"number": order.number}},
            "narrow": {"cursor": cursor, "event": None, "order": {"number": order.number}},
        }


async def test_an_event_reaches_the_streams_of_its_order_and_no_others(
    shop: Shop, order: Order
) -> None:
    other = await shop.place()
    async with watchers() as all_of:
        mine = [await all_of.add(ONE, id=to_global("Order", order.id)) for _ in range(2)]
        others = await all_of.add(ONE, id=to_global("Order", other.id))
        every = await all_of.add(ALL, where={})
        assert (len(all_of.live.hub.topics), all_of.groups()) == (3, [1, 1, 2])
        await shop.note(order)
        await shop.note(other)
        await every.outlet.count(2)
        for watcher in (*mine, others):
            number = other.number if watcher is others else order.number
            (answer,) = await watcher.outlet.count(1)
            assert answer == {"data": {"orderUpdates": {"order": {"number": number}}}}


async def test_a_topic_that_fails_ends_its_streams_and_no_others(
    shop: Shop, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watchers() as all_of:
        failing = await all_of.add(ALL, where={})
        working = await all_of.add(ONE, id=to_global("Order", order.id))
        (topic,) = (each for each in all_of.live.hub.topics.values() if not each.watch.order_id)

        async def fail(*_: object) -> None:
            raise LookupError(order.number)

        monkeypatch.setattr(topic, "_send_round", fail)
        with capture_logs() as logged:
            await shop.note(order)
            await asyncio.wait_for(failing.task, WAIT_SECONDS)
        await working.outlet.count(1)
    (error,) = failing.own[-1].errors
    assert error["extensions"]["code"] == "INTERNAL"
    assert order.number not in error["message"]
    assert [each["event"] for each in logged if each["log_level"] == "error"] == ["unexpected"]


def keyed(text: str, **variables: Any) -> tuple[str, str, bytes]:
    node = parse(text)
    (operation,) = node.definitions
    assert isinstance(operation, OperationDefinitionNode)
    return key_of(node, operation, variables, free_variables(node, operation))


def test_variables_are_compared_as_they_are_written() -> None:
    text = "subscription($a: Float) { ticks(to: $a) { number } }"
    assert keyed(text, a=1) == keyed(text, a=1)
    assert len({keyed(text, a=1), keyed(text, a=1.0), keyed(text, a=True)}) == 3
    assert keyed(text, a={"b": 1, "c": 2}) == keyed(text, a={"c": 2, "b": 1})


@pytest.mark.parametrize(
    ("text", "is_free"),
    [
        ("subscription($c: Cursor) { ticks(after: $c) { number } }", True),
        ("subscription($c: Cursor = null) { a: ticks(after: $c) { number } }", True),
        ("subscription($c: Cursor) { ticks(to: $c) { number } }", False),
        ("subscription($c: Cursor) { ticks(after: $c) { number(after: $c) } }", False),
        ("subscription($c: Cursor) { ticks(after: $c) { number @skip(if: $c) } }", False),
        ("subscription($c: Cursor) { ticks(after: {a: $c}) { number } }", False),
    ],
)
def test_a_variable_is_free_that_only_says_where_a_stream_begins(text: str, is_free: bool) -> None:
    assert (keyed(text, c="a") == keyed(text, c="b")) is is_free


async def test_a_client_that_is_full_ends_alone_with_its_last_cursor(
    shop: Shop, order: Order
) -> None:
    async with watchers() as all_of:
        slow = await all_of.add(ALL, room=2, where={})
        quick = await all_of.add(ALL, where={})
        for _ in range(4):
            await shop.note(order)
        answers = await quick.outlet.count(4)
        await asyncio.wait_for(slow.task, WAIT_SECONDS)
        assert all_of.groups() == [1]
    (error,) = slow.own[-1].errors
    assert error["message"] == SlowConsumer.message
    assert error["extensions"]["code"] == "OVERLOADED"
    assert error["extensions"]["cursor"] == answers[1]["data"]["orderUpdates"]["cursor"]
    assert len(slow.outlet.bodies) == 2


async def test_a_server_that_stops_ends_shared_streams_with_their_last_cursor(
    shop: Shop, order: Order
) -> None:
    async with watchers() as all_of:
        watcher = await all_of.add(ALL, where={})
        await shop.note(order)
        (answer,) = await watcher.outlet.count(1)
        await all_of.live.stop()
        await asyncio.wait_for(watcher.task, WAIT_SECONDS)
    (error,) = watcher.own[-1].errors
    assert error["message"] == StreamClosed.message
    assert error["extensions"]["cursor"] == answer["data"]["orderUpdates"]["cursor"]


async def test_streams_that_come_and_go_leave_nothing(shop: Shop, order: Order) -> None:
    async with watchers() as all_of:

        async def watch() -> None:
            watcher = await all_of.add(ALL, where={})
            await shop.note(order)
            await watcher.outlet.count(1)
            watcher.task.cancel()
            await asyncio.wait((watcher.task,))
            del watcher.task  # whose error has the watcher's frame
            all_of.all.remove(watcher)

        assert await left_by(watch, times=20) == 0


async def test_a_group_that_fails_ends_alone() -> None:
    async def fails(_: object) -> Answer:
        raise LookupError("for the test")

    async def answers(item: object) -> Answer:
        return Answer({"item": item}, [])

    failing, working = Group(fails), Group(answers)
    endings = []
    outlets = []
    for group in (failing, working):
        ending: asyncio.Future[StreamClosed] = asyncio.get_running_loop().create_future()
        outlet = Unread()
        group.members.add(Member(0, outlet, ending))
        endings.append(ending)
        outlets.append(outlet)
    await asyncio.gather(*(group.send([Sent(1, "first")]) for group in (failing, working)))
    assert isinstance(endings[0].exception(), LookupError)
    assert not endings[1].done()
