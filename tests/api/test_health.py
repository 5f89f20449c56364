"""What an orchestrator is told, and what stops the start."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from starlette.applications import Starlette

from graph.server import health
from graph.server.app import NotMigrated
from services.operations.migrations import migrate
from services.storage import database as service
from tests.support.databases import Database
from tests.support.serving import application


@contextmanager
def app_on(database: Database) -> Iterator[Starlette]:
    with application(database_url=database.url) as app:
        yield app


async def get(app: Starlette, path: str) -> tuple[int, dict[str, str]]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
        answer = await http.get(path)
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()


async def test_a_migrated_database_makes_it_ready(empty_database: Database) -> None:
    await service.connect(empty_database.url)
    try:
        await migrate()
    finally:
        await service.disconnect()
    with app_on(empty_database) as app:
        async with app.router.lifespan_context(app):
            assert await get(app, "/healthz") == (200, {"status": "alive"})
            assert await get(app, "/readyz") == (200, {"status": "ready"})


async def test_a_database_without_tables_stops_the_start(empty_database: Database) -> None:
    with (
        app_on(empty_database) as app,
        pytest.raises(NotMigrated, match="Run: ordergraph migrate"),
    ):
        async with app.router.lifespan_context(app):
            pass


async def test_a_process_whose_database_lacks_a_migration_is_not_ready(
    empty_database: Database,
) -> None:
    await service.connect(empty_database.url)
    try:
        with app_on(empty_database) as app:
            assert await get(app, "/readyz") == (503, {"status": "migrations are pending"})
            assert await get(app, "/healthz") == (200, {"status": "alive"})
    finally:
        await service.disconnect()


async def test_a_process_whose_database_is_gone_is_alive_but_not_ready(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*arguments: object) -> None:
        raise ConnectionResetError("postgres://me:hunter2@db.internal")

    monkeypatch.setitem(vars(service.connection()), "execute_query", gone)
    with app_on(sqlite_database) as app:
        assert await get(app, "/readyz") == (503, {"status": "the database cannot be reached"})
        assert await get(app, "/healthz") == (200, {"status": "alive"})


async def test_a_database_that_does_not_answer_is_not_waited_for(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "DEADLINE_SECONDS", 0.05)

    async def silent(*arguments: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setitem(vars(service.connection()), "execute_query", silent)
    with app_on(sqlite_database) as app:
        assert await get(app, "/readyz") == (
            503,
            {"status": "the database does not answer in time"},
        )
