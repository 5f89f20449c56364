"""Two servers, one database: a watcher of one sees what the other does, and outlives the first."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from models.events import Event
from resolvers.identifiers import key_of
from tests.support.company import ACT, Company, found_company
from tests.support.databases import Database
from tests.support.processes import Server, started

WATCH = """subscription($id: ID!, $after: Cursor) { orderUpdates(id: $id, after: $after) {
    ... on OrderUpdate { cursor event { id } order { version } }
    ... on Heartbeat { cursor } } }"""
SECONDS = 30


@asynccontextmanager
async def watching(
    server: Server, order: str, after: str | None = None
) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """The items of a stream on the order."""
    async with connect(server.socket_url, subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item]
        await socket.send(json.dumps({"type": "connection_init"}))
        payload = {"query": WATCH, "variables": {"id": order, "after": after}}
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))

        async def items() -> AsyncIterator[dict[str, Any]]:
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "next":
                    yield message["payload"]["data"]["orderUpdates"]

        yield items()


async def take(items: AsyncIterator[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """The next updates, without heartbeats."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(SECONDS):
        async for item in items:
            if "order" in item:
                found.append(item)
            if len(found) == count:
                return found
    raise AssertionError("The stream ended.")


async def hold_and_release(server: Server, order: dict[str, Any], times: int) -> None:
    """Each time one event more."""
    for number in range(times):
        action = "RELEASE" if order["status"] == "ON_HOLD" else "HOLD"
        step = {"id": order["id"], "version": order["version"], "action": action}
        answer = await server.change(ACT, **step)
        assert answer["userErrors"] == [], number
        order.update(answer["order"])


async def an_order(company: Company) -> dict[str, Any]:
    await company.product("TEA", stock=1)
    return await company.order(("TEA", 1))


@pytest.mark.parametrize("kill", [False, True], ids=["closed", "killed"])
async def test_a_watcher_goes_on_at_another_server(
    postgres_database: Database, tmp_path: Path, kill: bool
) -> None:
    order = await an_order(await found_company())
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    async with (
        started(postgres_database, tmp_path / "one") as one,
        started(postgres_database, tmp_path / "two") as two,
    ):
        async with watching(one, order["id"]) as items:
            snapshot, *first = await take(items, 1)
            await hold_and_release(two, order, 4)
            first = await take(items, 4)
            if kill:
                one.process.kill()
        await hold_and_release(two, order, 6)
        async with watching(two, order["id"], first[1]["cursor"]) as items:
            again = await take(items, 8)
    assert snapshot["event"] is None
    seen = [item["event"]["id"] for item in first[:2] + again]
    key = key_of("Order", order["id"])
    happened = await Event.filter(order_id=key, subject_seq__gt=1).order_by("position")
    assert [key_of("Event", each) for each in seen] == [event.id for event in happened]
    assert len(seen) == 10
