"""Probes of an orchestrator: the process runs, and it is ready for requests."""

import asyncio
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import Response

from graph.execution.sizing import encode
from services.operations import migrations
from services.storage import outages
from services.storage.database import connection

DEADLINE_SECONDS: Final = 2.0

log = structlog.get_logger("ordergraph.health")


async def live(_request: Request) -> Response:
    """Answers 200 while the process runs; checks nothing else."""
    return _response(200, "alive")


async def ready(_request: Request) -> Response:
    """Answers 200 if the database answers in time and is migrated, otherwise 503."""
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            await connection().execute_query("SELECT 1")
            missing = await migrations.pending()
    except TimeoutError:
        return _response(503, "the database does not answer in time")
    except Exception as error:
        if not outages.notice(error):
            log.warning("not ready", exc_info=True)
        return _response(503, "the database cannot be reached")
    return _response(503, "migrations are pending") if missing else _response(200, "ready")


def _response(status: int, text: str) -> Response:
    return Response(
        encode({"status": text}),
        status,
        headers={"cache-control": "no-store"},
        media_type="application/json",
    )
