"""`ordergraph doctor`."""

import typer

from graph.commands import session
from graph.server.settings_shown import listed
from services.operations import migrations
from services.storage import database


def doctor() -> None:
    """Show the settings with their sources, and check the database."""
    settings = session.settings()
    for name, value, origin in listed(settings):
        typer.echo(f"{name:36} {value}  ({origin})")
    server, missing = session.run(_state, settings, migrated=False)
    typer.echo(f"\nThe database answers: {server}.")
    if missing:
        session.fail(f"{len(missing)} migrations are pending. Run: ordergraph migrate")
    typer.echo("Its schema is up to date.")
    session.check_documents(settings)
    if settings.trusted_documents:
        typer.echo("The trusted documents can be run.")


async def _state() -> tuple[str, list[str]]:
    return await database.server(), await migrations.pending()
