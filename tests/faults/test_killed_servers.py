"""Requests that are sent again while servers are killed: what is under one key is done once."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from models.idempotency import IdempotencyKey
from models.orders import Order
from tests.support.audit.auditor import audit
from tests.support.company import ERRORS, Company, found_company
from tests.support.databases import Database
from tests.support.processes import Server, started
from tests.support.wire import Insistent

WORKERS: Final = 4
KEYS_AT_ONCE: Final = 8
MOST_RETRIES: Final = 20

PLACE: Final = f"""
mutation($input: OrderInput!, $key: String!) {{
  orderPlace(input: $input) @idempotent(key: $key) {{ order {{ id number }} replayed {ERRORS} }}
}}"""


@dataclass
class Told:
    """All answers to one key, and how many were lost."""

    answers: list[dict[str, Any]] = field(default_factory=list)
    lost: int = 0

    @property
    def orders(self) -> set[str]:
        return {each["order"]["id"] for each in self.answers}

    @property
    def first(self) -> int:
        """How many answers say that they are not a repetition."""
        return sum(not each["replayed"] for each in self.answers)


class Storm:
    """Keys that are each sent several times at once, while servers are killed."""

    def __init__(self, server: Server, company: Company, seed: int) -> None:
        self.server = server
        self.company = company
        self.dice = random.Random(seed)
        self.told: dict[str, Told] = {}

    async def run(self, keys: int, kills: int) -> None:
        """Send every key, and kill a server at as many of them as there are kills."""
        names = [f"cart-{number}" for number in range(keys)]
        deadly = set(self.dice.sample(names, kills))
        waiting = iter(names)
        clients = [Insistent(self.server.url) for _ in range(KEYS_AT_ONCE * MOST_RETRIES)]

        async def work(mine: list[Insistent]) -> None:
            for key in waiting:
                await self._send(key, mine, deadly)

        async with asyncio.TaskGroup() as group:
            for place in range(KEYS_AT_ONCE):
                group.create_task(work(clients[place::KEYS_AT_ONCE]))
        for client in clients:
            client.close()

    async def _send(self, key: str, clients: list[Insistent], deadly: set[str]) -> None:
        retries = clients[: self.dice.randint(1, MOST_RETRIES)]
        before = sum(client.lost for client in retries)
        sending: list[Awaitable[dict[str, Any]]] = [self.place(each, key) for each in retries]
        if key in deadly:
            asyncio.get_running_loop().call_later(self.dice.random() / 20, self._kill)
        answers = list(await asyncio.gather(*sending))
        self.told[key] = Told(answers, sum(client.lost for client in retries) - before)

    async def place(self, client: Insistent, key: str, quantity: int = 1) -> dict[str, Any]:
        line = {"sku": "TEA", "quantity": quantity}
        wish = {"customerId": self.company.customer, "lines": [line]}
        return await client.change(PLACE, input=wish, key=key)

    def _kill(self) -> None:
        self.server.workers.kill_one(self.dice)


async def storm(
    database: Database, folder: Path, keys: int, kills: int, app: str | None = None
) -> Storm:
    """What clients were told who sent so many keys."""
    company = await found_company()
    await company.product("TEA", stock=100_000)
    async with started(database, folder, workers=WORKERS, app=app) as server:
        sent = Storm(server, company, seed=keys)
        await sent.run(keys, kills)
        if app is None:
            await _refused(sent)
            await server.workers.all_serve(WORKERS)
    return sent


async def _refused(sent: Storm) -> None:
    """The same key with other input is refused, at whichever server."""
    client = Insistent(sent.server.url)
    for key in list(sent.told)[:20]:
        answer = await sent.place(client, key, quantity=2)
        assert [each["code"] for each in answer["userErrors"]] == ["KEY_REUSED"]
        client.close()


async def _check(sent: Storm, keys: int) -> None:
    assert len(sent.told) == keys
    assert {len(told.orders) for told in sent.told.values()} == {1}
    firsts = Counter((told.first, told.lost > 0) for told in sent.told.values())
    # Who did it has said so, unless just that answer was lost.
    assert set(firsts) <= {(1, False), (1, True), (0, True)}
    placed = set().union(*(told.orders for told in sent.told.values()))
    assert len(placed) == keys == await Order.all().count() == await IdempotencyKey.all().count()
    assert await audit() == []


async def test_what_is_sent_again_is_done_once(database: Database, tmp_path: Path) -> None:
    sent = await storm(database, tmp_path, keys=60, kills=4)
    await _check(sent, 60)
    assert sum(told.lost for told in sent.told.values()) > 0
    assert sent.server.workers.killed


@pytest.mark.soak
async def test_what_is_sent_again_is_done_once_for_long(database: Database, tmp_path: Path) -> None:
    sent = await storm(database, tmp_path, keys=2_000, kills=50)
    await _check(sent, 2_000)
    assert len(sent.server.workers.killed) >= 25


async def test_a_planted_fault_is_seen(database: Database, tmp_path: Path) -> None:
    app = "tests.support.faulty_servers:forgetful"
    sent = await storm(database, tmp_path, keys=10, kills=0, app=app)
    assert max(len(told.orders) for told in sent.told.values()) > 1
    assert await Order.all().count() > 10


async def test_a_dead_server_is_replaced_while_another_hangs(
    sqlite_database: Database, tmp_path: Path
) -> None:
    async with started(sqlite_database, tmp_path, workers=2) as server:
        hung, dead = server.workers.serving
        os.kill(hung, signal.SIGSTOP)
        try:
            os.kill(dead, signal.SIGKILL)
            server.workers.killed.add(dead)
            await server.workers.all_serve(2)
            assert hung in server.workers.serving
        finally:
            os.kill(hung, signal.SIGCONT)


async def test_processes_end_with_a_parent_that_is_killed(
    sqlite_database: Database, tmp_path: Path
) -> None:
    async with started(sqlite_database, tmp_path, workers=2) as server:
        serving = server.workers.serving
        server.process.kill()
        await server.process.wait()
        await server.workers.all_end()
        stopped = server.log.read_text().count("stopping")
    assert (len(serving), stopped) == (2, 2)
