"""A database that is away, full or overloaded: 503, a line an outage, and honest about commits."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Final

import asyncpg
import httpx
import pytest
import strawberry
from asyncmy import errors as mysql_errors
from structlog.testing import capture_logs
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.transactions import in_transaction

from graph.execution.documents.limits import Limits
from graph.execution.engine import Ask, Engine
from graph.schema import schema
from models.rules.access import OPEN
from resolvers.context import Context
from services.storage import database as service
from services.storage.engines.pool import NoConnection
from services.storage.outages import MYSQL_CODES, QUIET_SECONDS, Outages, is_outage
from subscriptions.feed.runtime import FeedRuntime
from subscriptions.streams.items import Heartbeat, OrderUpdate
from tests.support.databases import Database
from tests.support.serving import application, client, served, talking
from tests.support.shop import open_shop
from tests.support.stoppable_servers import Away
from tests.support.watching import QUICK, SEALER, take, watching

NAMES: Final = "{ warehouses { name } }"
SAVE: Final = """mutation($name: String!) {
  categorySave(input: {name: $name}) { category { name } userErrors { code } }
}"""
TWO: Final = """mutation {
  supplierSave(input: {code: "S", name: "First"}) { supplier { code } }
  categorySave(input: {name: "second"}) { category { name } }
}"""
Losing = Callable[..., Awaitable[None]]

AWAY: Final = "The database cannot be used at the moment. Try again."
UNKNOWN: Final = " Whether the change was made is unknown: look before you send it again."
KEPT: Final = " What was changed before this is kept: do not send it again."

TRIGGER: Final = """
CREATE FUNCTION lose() RETURNS trigger AS
  'BEGIN PERFORM {does}; RETURN NULL; END' LANGUAGE plpgsql;
CREATE CONSTRAINT TRIGGER lose AFTER INSERT ON category {when} FOR EACH ROW EXECUTE FUNCTION lose()
"""
END_OTHERS: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
AT_THE_COMMIT: Final = "DEFERRABLE INITIALLY DEFERRED"
AT_THE_INSERT: Final = "NOT DEFERRABLE"


@pytest.fixture
async def losing(postgres_database: Database) -> AsyncIterator[Losing]:
    """Lets a new category do something at its insert, or at the commit of its transaction."""

    async def lose(when: str, does: str = "pg_terminate_backend(pg_backend_pid())") -> None:
        await run_on(postgres_database, TRIGGER.format(when=when, does=does))

    yield lose
    await run_on(postgres_database, END_OTHERS)  # or the last to sleep would be waited for
    await run_on(postgres_database, "DROP FUNCTION IF EXISTS lose() CASCADE")


async def test_a_database_that_is_away_is_told_as_503_and_once_in_the_log(server: Away) -> None:
    async with client(schema) as http:
        assert (await send(http, NAMES)).status_code == 200
        await server.stop()
        with capture_logs() as logs:
            for document in (NAMES, SAVE, NAMES):
                answer = await send(http, document, name="away")
                assert answer.status_code == 503
                assert told(answer) == ("OVERLOADED", AWAY, True)
            ready = await http.get("/readyz")
            assert (ready.status_code, ready.json()["status"]) == (
                503,
                "the database cannot be reached",
            )
        lines = [line["event"] for line in logs if line["event"] != "request"]
        assert lines == ["database.unavailable"]
        await server.start()
        assert (await send(http, SAVE, name="back")).json()["data"]["categorySave"]["category"]


async def test_a_stream_goes_on_after_an_outage(server: Away) -> None:
    shop = await open_shop()
    order = await shop.place()
    async with FeedRuntime(QUICK) as live, watching(live) as stream:
        await take(stream, Heartbeat)
        await server.stop()
        with pytest.raises(Exception):  # noqa: B017, PT011 - each driver has its own
            await shop.note(order)
        await server.start()
        await shop.note(order)
        update = await take(stream, OrderUpdate)
        while update.event and update.event.kind != "NOTE_ADDED":
            update = await take(stream, OrderUpdate)


async def test_an_outage_between_parts_is_told_in_the_last_one(server: Away) -> None:
    await open_shop()
    engine = Engine(schema, Limits())
    text = "{ warehouses { name ... @defer { stock(first: 1) { totalCount } } } }"
    executor = engine.prepare(Ask(text), Context(OPEN, SEALER), in_parts=True)
    with capture_logs() as logs:
        async with aclosing(engine.in_parts(executor)) as parts:
            first = await anext(parts)
            assert first.body()["hasNext"] is True
            await server.stop()
            (last,) = [part async for part in parts]
    (completed,) = last.body()["completed"]
    (error,) = completed["errors"]
    assert (error["extensions"]["code"], error["message"]) == ("OVERLOADED", AWAY)
    assert (error["extensions"]["retryable"], last.body()["hasNext"]) == (True, False)
    assert [line["event"] for line in logs] == ["database.unavailable"]
    await server.start()


async def test_operations_over_a_socket_outlive_an_outage(server: Away) -> None:
    with application(schema) as app:
        async with served(app) as address, talking(address) as talk:
            await talk.begin()

            async def ask(text: str, **variables: Any) -> dict[str, Any]:
                await talk.subscribe("a", text, **variables)
                heard = await talk.hear()
                if heard["type"] == "next":
                    assert (await talk.hear())["type"] == "complete"
                return heard

            assert "errors" not in (await ask(NAMES))["payload"]
            await server.stop()
            with capture_logs() as logs:
                for text, variables in ((NAMES, {}), (SAVE, {"name": "away"}), (NAMES, {})):
                    (error,) = (await ask(text, **variables))["payload"]["errors"]
                    assert (error["extensions"]["code"], error["message"]) == ("OVERLOADED", AWAY)
                    assert error["extensions"]["retryable"] is True
            lines = [line["event"] for line in logs if line["event"] != "operation"]
            assert lines == ["database.unavailable"]
            await server.start()
            assert "errors" not in (await ask(SAVE, name="back"))["payload"]


async def test_the_fields_of_an_event_are_read_again_until_the_database_is_back() -> None:
    failures = iter([ConnectionResetError(), NoConnection("none"), None])

    @strawberry.type
    class Query:
        nothing: str = ""

    @strawberry.type
    class Number:
        @strawberry.field
        def value(self) -> int:
            if failure := next(failures):
                raise failure
            return 7

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def numbers(self) -> AsyncGenerator[Number, None]:
            yield Number()

    engine = Engine(strawberry.Schema(Query, subscription=Subscription), Limits())
    executor = engine.prepare(Ask("subscription { numbers { value } }"), Context(OPEN, SEALER))
    answers = [each.body() async for each in engine.subscribe(executor)]
    assert answers == [{"data": {"numbers": {"value": 7}}}]


async def test_a_commit_without_an_answer_is_told_as_unknown(losing: Losing) -> None:
    await losing(AT_THE_COMMIT)
    async with client(schema) as http:
        answer = await send(http, SAVE, name="lost")
        assert answer.status_code == 503
        assert told(answer) == ("OVERLOADED", AWAY + UNKNOWN, False)
        keyed = await send(http, SAVE, {"idempotency-key": "k"}, name="lost")
        assert (keyed.status_code, told(keyed)) == (503, ("OVERLOADED", AWAY, True))
        assert told(await send(http, TWO)) == ("OVERLOADED", AWAY + UNKNOWN, False)


async def test_what_was_kept_before_an_outage_is_not_to_be_sent_again(losing: Losing) -> None:
    await losing(AT_THE_INSERT)
    async with client(schema) as http:
        assert told(await send(http, SAVE, name="lost")) == ("OVERLOADED", AWAY, True)
        answer = await send(http, TWO)
    assert answer.status_code == 503
    assert told(answer) == ("OVERLOADED", AWAY + KEPT, False)


async def test_a_run_that_is_stopped_at_its_commit_is_told_as_unknown(losing: Losing) -> None:
    await losing(AT_THE_COMMIT, "pg_sleep(20)")
    async with client(schema, run_seconds=0.5) as http:
        answer = await send(http, SAVE, name="slow")
    assert answer.status_code == 504
    stopped = "This took longer than 0.5 s and was stopped."
    assert told(answer) == ("DEADLINE", stopped + UNKNOWN, False)


async def test_a_full_disk_is_an_outage(sqlite_database: Database) -> None:
    (pages,) = (await service.connection().execute_query("PRAGMA page_count"))[1]
    await service.connection().execute_query(f"PRAGMA max_page_count = {pages[0]}")
    async with client(schema) as http:
        answers = [await send(http, SAVE, name=f"{n} {'x' * 190}") for n in range(100)]
        full = answers[-1]
        assert (full.status_code, told(full)) == (503, ("OVERLOADED", AWAY, True))
        assert (await send(http, NAMES)).status_code == 200


async def test_a_pool_without_a_free_connection_is_not_waited_for_long(database: Database) -> None:
    await service.disconnect()
    await service.connect(database.url, 1, 0.1)
    held, over = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with in_transaction() as one:
            await one.execute_query("SELECT 1")
            held.set()
            await over.wait()

    holding = asyncio.create_task(hold())
    await held.wait()
    async with client(schema) as http:
        answer = await send(http, SAVE, name="late")
    over.set()
    await holding
    assert answer.status_code == 503
    assert told(answer) == ("OVERLOADED", AWAY, True)


def test_an_outage_is_told_at_its_begin_and_at_its_end() -> None:
    now = 100.0
    outages = Outages(lambda: now)
    with capture_logs() as logs:
        outages.over()
        assert not outages.notice(LookupError())
        for _ in range(5):
            assert outages.notice(ConnectionRefusedError("gone"))
        outages.over()  # another connection still works
        assert outages.notice(NoConnection("gone"))
        now += QUIET_SECONDS
        outages.over()
        outages.over()
    begin, end = logs
    assert (begin["event"], begin["log_level"]) == ("database.unavailable", "warning")
    assert (end["event"], end["failures"]) == ("database.available", 6)


OUTAGES: Final = [
    asyncpg.TooManyConnectionsError("53300"),
    asyncpg.DiskFullError("53100"),
    asyncpg.AdminShutdownError("57P01"),
    asyncpg.CannotConnectNowError("57P03"),
    asyncpg.ConnectionDoesNotExistError("08003"),
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
    mysql_errors.OperationalError(1040, "Too many connections"),
    OperationalError(mysql_errors.OperationalError(2013, "Lost connection")),
    OperationalError(mysql_errors.InternalError(1021, "Disk full")),
    mysql_errors.InterfaceError(0, "Not connected"),
    TimeoutError(),
]
FAULTS: Final = [
    asyncpg.UndefinedTableError("42P01"),
    asyncpg.UniqueViolationError("23505"),
    asyncpg.InterfaceError("the server expects 1 argument"),
    asyncpg.InternalClientError("no such thing"),
    OperationalError(mysql_errors.ProgrammingError(1146, "no such table")),
    OperationalError(sqlite3.OperationalError("no such table")),
    ValueError(2013),
    FileNotFoundError(),
]


def test_what_an_outage_is() -> None:
    assert [each for each in OUTAGES if not is_outage(each)] == []
    assert [each for each in FAULTS if is_outage(each)] == []


@pytest.fixture(params=["mariadb", "mysql"])
def coded_database(request: pytest.FixtureRequest) -> Database:
    """Those databases whose errors have numbers."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found


@pytest.mark.usefixtures("coded_database")
async def test_what_an_outage_is_as_a_server_tells_it() -> None:
    """With an SQLSTATE, as every error that a server sends."""
    outages = {code for code in MYSQL_CODES if not 2000 <= code < 3000}  # others are the client's
    told = {}
    for code in (*outages, 1146, 1062):
        with pytest.raises((OperationalError, IntegrityError)) as error:
            await service.fetch(f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {code}", [])
        told[code] = is_outage(error.value)
    assert {code for code, is_told in told.items() if is_told} == outages


async def send(
    http: httpx.AsyncClient, document: str, headers: dict[str, str] | None = None, **variables: Any
) -> httpx.Response:
    sent = {"query": document, "variables": variables if "$" in document else {}}
    return await http.post("/graphql", json=sent, headers=headers)


def told(answer: httpx.Response) -> tuple[str, str, bool]:
    (error,) = answer.json()["errors"]
    return error["extensions"]["code"], error["message"], error["extensions"]["retryable"]


async def run_on(database: Database, statements: str) -> None:
    other = await asyncpg.connect(database.url)
    await other.execute(statements)
    await other.close()
