"""`ordergraph serve`."""

from functools import partial
from typing import Annotated, Final

import typer

from graph.commands import session
from graph.server import workers as processes
from graph.server.hosts import bracketed
from graph.server.settings import Settings, override
from graph.server.transports.http_protocol import HttpProtocol
from graph.server.transports.websocket_protocol import WebSocketProtocol

WORKER_START_SECONDS: Final = 60
"""The longest time in which a starting worker answers no ping. On a busy machine it imports modules
for longer than uvicorn's 5 s, after which uvicorn would replace it, again and again."""


def serve(
    host: Annotated[str | None, typer.Option(help="Where to listen. [ORDERGRAPH_HOST]")] = None,
    port: Annotated[
        int | None, typer.Option(help="Where to listen. [ORDERGRAPH_PORT]", min=1, max=65_535)
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes. [ORDERGRAPH_WORKERS]", min=1, max=64)
    ] = None,
) -> None:
    """Serve GraphQL over HTTP and WebSocket until a signal ends it."""
    override(host=host, port=port, workers=workers)
    settings = session.settings()
    session.check_documents(settings)
    session.run(_nothing, settings)
    _ = settings.secret_bytes  # made before there are several processes
    typer.echo(f"Open http://{bracketed(settings.host)}:{settings.port}/graphql")
    run(settings)


async def _nothing() -> None:
    """Checks only that the database is open and migrated."""


def run(settings: Settings) -> None:
    """Serves until a signal, then ends soon after `shutdown_seconds`."""
    processes.run(
        "graph.server.app:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        log_config=None,
        access_log=False,
        server_header=False,
        http=partial(
            HttpProtocol,
            max_header_bytes=settings.max_header_bytes,
            max_headers=settings.max_headers,
        ),
        ws=WebSocketProtocol,
        ws_max_size=settings.max_frame_bytes,
        ws_per_message_deflate=False,
        ws_ping_interval=settings.socket_ping_seconds,
        ws_ping_timeout=settings.socket_ping_seconds,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        timeout_worker_healthcheck=WORKER_START_SECONDS,
    )
