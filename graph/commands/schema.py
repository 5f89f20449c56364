"""`ordergraph schema`."""

from pathlib import Path
from typing import Annotated

import typer


def schema(
    output: Annotated[
        Path | None, typer.Option(help="Write to this file.", dir_okay=False, writable=True)
    ] = None,
) -> None:
    """Print the schema in GraphQL's schema definition language."""
    from graph.schema import schema as served

    text = served.as_str() + "\n"
    if output:
        output.write_text(text, encoding="utf-8")
    else:
        typer.echo(text, nl=False)
