"""`ordergraph migrate`."""

import typer

from graph.commands import progress, session
from services.operations import migrations


def migrate() -> None:
    """Bring the database to this release's schema. Safe to repeat and to run several at once."""
    settings = session.settings()
    try:
        with progress.shown() as show:
            applied = session.run(lambda: migrations.migrate(show), settings, migrated=False)
    except migrations.MigrationLocked as error:
        session.fail(str(error))
    if not applied:
        typer.echo("The database is up to date.")
    for name in applied:
        typer.echo(f"Applied {name}.")
