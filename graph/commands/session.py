"""The surroundings of a command: valid settings and an open database."""

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
    """Ends the command with a message on standard error and an exit status."""
    typer.secho(message, fg=typer.colors.RED, err=True)
    raise typer.Exit(status)


def settings() -> Settings:
    """The settings, applied to this process; invalid ones end the command with status 2."""
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
    """Checks the trusted documents; an invalid one ends the command with status 2."""
    if loaded.trusted_documents:
        # Imported here: they need the schema, and few commands do.
        from graph.execution.documents.persisted import BadManifest
        from graph.server.app import engine_of

        try:
            engine_of(loaded)
        except BadManifest as error:
            fail(f"ORDERGRAPH_TRUSTED_DOCUMENTS: {error}", status=2)


def run(command: Callable[[], Awaitable[T]], loaded: Settings, *, migrated: bool = True) -> T:
    """The command's result, run with an open database that is migrated unless stated otherwise."""

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
    """Opens the database for the block; a database out of reach ends the command with status 1."""
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
    """The text of a driver's error, without the exceptions around it."""
    inner: Any = error.args[0] if error.args else None
    return reason(inner) if isinstance(inner, BaseException) else str(error) or type(error).__name__
