"""The origins whose pages may send requests, and the refusal of others."""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from graph.execution.failures import Code, Rejected
from graph.execution.sizing import encode
from graph.server import media
from graph.server.correlation import HEADER, correlation_id_of

SETTING: Final = "ORDERGRAPH_ALLOWED_ORIGINS"
MAX_SHOWN: Final = 100

LOCAL: Final = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.ASCII)
"""Pages served by a developer's own machine."""

METHODS: Final = ("GET", "POST")
REQUEST_HEADERS: Final = (
    *("authorization", "content-type", "idempotency-key", "graphql-cost", HEADER),
    *("traceparent", "tracestate", "baggage"),
    *("apollographql-client-name", "apollographql-client-version", "apollo-require-preflight"),
    *("x-apollo-operation-id", "x-apollo-operation-name", "x-apollo-operation-type"),
    "x-requested-with",
)
MAX_AGE_SECONDS: Final = 600

log = structlog.get_logger("ordergraph.connection")


class Refused(Rejected):
    """Pages of this origin may not send requests; status 403."""

    def __init__(self) -> None:
        super().__init__(
            Code.FORBIDDEN, f"Pages of this origin may not ask; {SETTING} lists those that may."
        )


class Origins:
    """The origins of the setting; with `local` also those of the browser's own machine."""

    def __init__(self, listed: Iterable[str], *, local: bool) -> None:
        self.listed = frozenset(listed)
        self.local = local

    def allow(self, origin: str) -> bool:
        """Whether pages of this other origin may send requests and read answers."""
        return origin in self.listed or (self.local and LOCAL.fullmatch(origin) is not None)

    def allow_or_own(self, origin: str | None, host: str | None) -> bool:
        """Also allows our own pages, and programs, which send no Origin."""
        return origin is None or self.allow(origin) or _authority(origin) == host


class Cors(CORSMiddleware):
    """As Starlette's; the answer and the log name the reason of a refusal."""

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        super().__init__(
            app,
            allow_methods=METHODS,
            allow_headers=REQUEST_HEADERS,
            expose_headers=[HEADER],
            max_age=MAX_AGE_SECONDS,
        )
        self.origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes requests without Origin on: those of programs and of our own page."""
        if any(name == b"origin" for name, _ in scope.get("headers", ())):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def is_allowed_origin(self, origin: str) -> bool:
        """Whether pages of this origin may send requests."""
        return self.origins.allow(origin)

    def preflight_response(self, request_headers: Headers) -> Response:
        """The answer to a browser's preflight."""
        response = super().preflight_response(request_headers)
        if response.status_code == 200:
            return response
        if not self.is_allowed_origin(request_headers["origin"]):
            rejected: Rejected = Refused()
        else:
            known = f"{', '.join(METHODS)} with {', '.join(REQUEST_HEADERS)}"
            rejected = Rejected(Code.BAD_REQUEST, f"A page may send {known}.")
        return refusal(rejected, request_headers, dict(response.headers))


def refusal(rejected: Rejected, sent: Headers, headers: dict[str, str] | None = None) -> Response:
    """The answer to a refused page; the log gets its origin and the setting's name."""
    correlation_id = correlation_id_of(sent)
    log_refused(sent.get("origin"), rejected, correlation_id)
    cors_headers = {
        name: text for name, text in (headers or {}).items() if name.startswith("access-")
    }
    return Response(
        encode({"errors": rejected.written(correlation_id)}),
        403 if isinstance(rejected, Refused) else 400,
        headers={
            **cors_headers,
            "vary": "Origin",
            HEADER: correlation_id,
            "cache-control": "no-store",
        },
        media_type=media.JSON,
    )


def log_refused(origin: str | None, rejected: Rejected, correlation_id: str) -> None:
    """Logs the refused origin and the setting that lists allowed ones."""
    log.warning(
        "origin refused",
        origin=(origin or "")[:MAX_SHOWN],
        reason=rejected.message,
        setting=SETTING,
        correlation_id=correlation_id,
    )


def _authority(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None
