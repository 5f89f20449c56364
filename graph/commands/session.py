"""What every command needs: settings that are good, and the database open while it runs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NoReturn, TypeVar

import typer

from graph.server import logs
from graph.server.settings import BadSettings, Settings, load
from graph.server.settings_shown import unknown, without_password
from services.operations import migrations
from services.storage import database
from services.work import policy

T = TypeVar("T")


def fail(message: str, status: int = 1) -> NoReturn:
    """End the command: the message on standard error, and an exit status."""
    typer.secho(message, fg=typer.colors.RED, err=True)
    raise typer.Exit(status)


def settings() -> Settings:
    """The settings, already followed by this process; a command with bad ones ends by status 2."""
    try:
        loaded = load()
    except BadSettings as error:
        fail(str(error), status=2)
    logs.configure(loaded)
    policy.use(loaded.policy)
    for name in unknown():
        typer.secho(f"{name} is no setting; is it misspelled?", fg=typer.colors.YELLOW, err=True)
    return loaded


def check_documents(loaded: Settings) -> None:
    """Pass where every trusted document can be run; else the command ends by status 2."""
    if loaded.trusted_documents:
        # They bring the schema, which few commands need.
        from graph.execution.documents.persisted import BadManifest
        from graph.server.app import engine_of

        try:
            engine_of(loaded)
        except BadManifest as error:
            fail(f"ORDERGRAPH_TRUSTED_DOCUMENTS: {error}", status=2)


def run(command: Callable[[], Awaitable[T]], loaded: Settings, *, migrated: bool = True) -> T:
    """What the command returns, run with the database open, and up to date where asked for."""

    async def opened() -> T:
        if migrated and not database.exists(loaded.database_url.get_secret_value()):
            fail("There is no such database file. Run: ordergraph migrate")
        async with connected(loaded):
            if migrated and await migrations.pending():
                fail("The database is not up to date. Run: ordergraph migrate")
            return await command()

    return asyncio.run(opened())


@asynccontextmanager
async def connected(loaded: Settings) -> AsyncIterator[None]:
    """Within the block the database is open; a command that cannot reach it ends by status 1."""
    url = loaded.database_url.get_secret_value()
    try:
        await database.connect(url, loaded.database_pool_size, loaded.database_wait_seconds)
        await database.connection().execute_query("SELECT 1")
    except Exception as error:  # noqa: BLE001 - each driver has its own errors
        await database.disconnect()
        fail(f"{without_password(url)} cannot be opened: {reason(error)}")
    try:
        yield
    finally:
        await database.disconnect()


def reason(error: BaseException) -> str:
    """What a driver's error says, without what surrounds it."""
    inner: Any = error.args[0] if error.args else None
    return reason(inner) if isinstance(inner, BaseException) else str(error) or type(error).__name__
