"""The ASGI application: its routes, its middleware, and its background tasks."""

import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from strawberry import Schema

from graph.execution.engine import Engine
from graph.server import graphiql, health, logs, manifest
from graph.server.contexts import Contexts
from graph.server.misdirected import Hosts
from graph.server.origins import Cors
from graph.server.settings import Settings, load
from graph.server.settings_shown import unknown, without_password
from graph.server.tasks import Repeated
from graph.server.transports.http import View
from graph.server.transports.websocket import Sockets
from models.rules.access import SYSTEM
from services.operations import migrations
from services.orders.delays import record_delays
from services.orders.expiry import sweep_expired
from services.storage import database
from services.work import clock, idempotency, policy
from subscriptions.feed.runtime import FeedRuntime

log = structlog.get_logger("ordergraph.server")

EXPIRY_SECONDS: Final = 5.0
"""Seconds between sweeps of expired drafts: the longest time for which one holds stock on."""

KEYS_SECONDS: Final = 3_600.0
"""Seconds between deletions of idempotency keys older than a week."""


class NotMigrated(Exception):
    """The database lacks tables that this release needs."""

    def __init__(self) -> None:
        super().__init__("The database is not up to date. Run: ordergraph migrate")


def create_app(settings: Settings | None = None, schema: Schema | None = None) -> Starlette:
    """The application of one process; uvicorn's workers call this without arguments.

    Raises:
        BadSettings: a variable of the environment has an unusable value.
        BadManifest: a trusted document is invalid.
    """
    settings = settings or load()
    logs.configure(settings)
    for name in unknown():
        log.warning("unknown variable", name=name)
    policy.use(settings.policy)
    redis = settings.redis_url
    live = FeedRuntime(settings.streams, redis.get_secret_value() if redis else None)
    return Starlette(
        routes=_routes(engine_of(settings, schema), Contexts(settings, live), settings),
        middleware=_middleware(settings),
        lifespan=lambda _app: running(settings, live),
    )


def engine_of(settings: Settings, schema: Schema | None = None) -> Engine:
    """The engine; it has checked all trusted documents.

    Raises:
        BadManifest: with the name of the file, or of each invalid document.
    """
    trusted = settings.trusted_documents
    return Engine(
        schema or _schema(),
        settings.document_limits,
        open_schema=settings.open_schema,
        cache_size=settings.document_cache_size,
        persisted_size=settings.persisted_queries,
        trusted=manifest.read(trusted) if trusted else None,
        reference=settings.executor == "reference",
    )


def _schema() -> Schema:
    # Imported here: the schema takes a second to build, and most commands do not need it.
    from graph.schema import schema

    return schema


def _routes(engine: Engine, contexts: Contexts, settings: Settings) -> list[BaseRoute]:
    shown = settings.serves_graphiql
    view = View(engine, contexts, settings, graphiql.page if shown else None)
    browsed: list[BaseRoute] = [Mount("/graphiql", graphiql.assets())] if shown else []
    return [
        Route("/graphql", view),
        *browsed,
        WebSocketRoute("/graphql", Sockets(engine, contexts, settings)),
        Route("/healthz", health.live),
        Route("/readyz", health.ready),
    ]


def _middleware(settings: Settings) -> list[Middleware]:
    return [Middleware(Hosts, settings.served_hosts), Middleware(Cors, settings.origins)]


@asynccontextmanager
async def running(settings: Settings, live: FeedRuntime) -> AsyncIterator[None]:
    """Opens the database and runs the feed and the repeated tasks, while the block lasts.

    Raises:
        NotMigrated: a migration is pending.
    """
    url = settings.database_url.get_secret_value()
    await database.connect(url, settings.database_pool_size, settings.database_wait_seconds)
    try:
        if await migrations.pending():
            raise NotMigrated
        delays = Repeated("delays", lambda: record_delays(SYSTEM), settings.delay_poll_seconds)
        expiry = Repeated("expiry", sweep_expired, EXPIRY_SECONDS)
        keys = Repeated("keys", lambda: idempotency.forget(clock.now()), KEYS_SECONDS)
        async with live, delays, expiry, keys:
            _tune_garbage_collection()
            shown = without_password(url)
            log.info("serving", database=shown, environment=settings.env, process=os.getpid())
            yield
            log.info("stopping")
    finally:
        await database.disconnect()


def _tune_garbage_collection() -> None:
    """Collects less often: a large answer makes many objects, none of them garbage yet."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
