"""Sockets that watch alike get the same bytes under their own ids; one that stalls ends alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Final

import pytest

from graph.schema import schema
from graph.server.transports.websocket_protocol import WebSocketProtocol
from models.orders import Order
from models.rules.access import OPEN
from services.orders.note import note_on_order
from services.storage import database as service
from tests.support.databases import Database
from tests.support.serving import Talk, application, served, talking
from tests.support.shop import Shop, open_shop
from tests.support.watching import WAIT_SECONDS

ALL: Final = """subscription($where: OrderWhere, $after: Cursor) {
  orderUpdates(where: $where, after: $after) {
    ... on OrderUpdate { cursor event { kind } order { number } } ... on Heartbeat { at }
  }
}"""


@pytest.fixture
async def shop(sqlite_database: Database) -> Shop:
    return await open_shop()


@pytest.fixture
async def order(shop: Shop) -> Order:
    return await shop.place()


@asynccontextmanager
async def serving(
    database: Database, protocol: type[WebSocketProtocol] = WebSocketProtocol, **settings: Any
) -> AsyncIterator[str]:
    """The product at an address, with its feed; this process stays connected to the database."""
    await service.disconnect()
    try:
        with application(schema, database_url=database.url, **settings) as app:
            async with app.router.lifespan_context(app), served(app, ws=protocol) as address:
                yield address
    finally:
        await service.connect(database.url)


async def opened(talk: Talk, key: str, **variables: Any) -> None:
    await talk.subscribe(key, ALL, where={}, **variables)
    first = await talk.hear()
    assert (first["id"], first["type"]) == (key, "next")


class Counting(WebSocketProtocol):
    """Counts the times that frames were written as they are."""

    written: ClassVar[int] = 0

    def write_frames(self, frames: bytes) -> bool:
        Counting.written += 1
        return super().write_frames(frames)


async def test_each_socket_gets_its_own_ids(
    sqlite_database: Database, shop: Shop, order: Order
) -> None:
    async with (
        serving(sqlite_database, Counting) as at,
        talking(at) as one,
        talking(at) as other,
    ):
        for talk, keys in ((one, ("a", "b")), (other, ("a", 'a "quoted" ä'))):
            await talk.begin()
            for key in keys:
                await opened(talk, key)
        for _ in range(3):
            await shop.note(order)
        for talk, keys in ((one, ("a", "b")), (other, ("a", 'a "quoted" ä'))):
            heard = [await talk.hear() for _ in range(6)]
            for key in keys:
                mine = [
                    each["payload"]["data"]["orderUpdates"] for each in heard if each["id"] == key
                ]
                assert [each["event"]["kind"] for each in mine] == ["NOTE_ADDED"] * 3
                cursors = [each["cursor"] for each in mine]
                assert len(set(cursors)) == 3
    assert Counting.written >= 4


async def test_a_client_that_reads_nothing_is_closed_and_others_are_not(
    sqlite_database: Database, shop: Shop, order: Order, capsys: pytest.CaptureFixture[str]
) -> None:
    """What waits for it takes no more than 8 MiB, whatever the deadline."""
    wide = "subscription { orderUpdates(where: {}) { ... on OrderUpdate { %s } } }"
    document = wide % " ".join(f"a{number}: order {{ note }}" for number in range(30))
    for _ in range(4):
        await note_on_order(OPEN, order.id, "x" * 1_900)
    async with (
        serving(sqlite_database, socket_send_seconds=600) as at,
        talking(at, max_queue=1, close_timeout=0.1) as slow,
        talking(at) as quick,
    ):
        await slow.begin()
        await slow.subscribe("s", document)
        await slow.hear()
        slow.connection.transport.pause_reading()
        await quick.begin()
        await opened(quick, "q")
        for count in range(1, 61):
            await shop.note(order)
            assert (await quick.hear())["id"] == "q", count
        await until_logged(capsys, "The client reads too slowly.")
        await shop.note(order)
        assert (await quick.hear())["id"] == "q"


async def until_logged(capsys: pytest.CaptureFixture[str], text: str) -> None:
    found = ""
    async with asyncio.timeout(WAIT_SECONDS):
        while text not in found:
            await asyncio.sleep(0.01)
            found += capsys.readouterr().err
