"""Pages of which origins may ask, and what the others are answered."""

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
"""Pages that a developer's own machine serves."""

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
    """A page of this origin may not ask; status 403."""

    def __init__(self) -> None:
        super().__init__(
            Code.FORBIDDEN, f"Pages of this origin may not ask; {SETTING} lists those that may."
        )


class Origins:
    """The origins of the setting; with `local` also those of the machine that a browser runs on."""

    def __init__(self, listed: Iterable[str], *, local: bool) -> None:
        self.listed = frozenset(listed)
        self.local = local

    def allow(self, origin: str) -> bool:
        """Whether pages of this origin may ask and read the answers, though they are not ours."""
        return origin in self.listed or (self.local and LOCAL.fullmatch(origin) is not None)

    def allow_or_own(self, origin: str | None, host: str | None) -> bool:
        """The same, and whether they are ours; programs, which send no Origin, are no pages."""
        return origin is None or self.allow(origin) or _authority(origin) == host


class Cors(CORSMiddleware):
    """As Starlette's; a page that may not ask learns why, and so does the log."""

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
        """Pass requests of programs and of our own page on as they are: they name no origin."""
        if any(name == b"origin" for name, _ in scope.get("headers", ())):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def is_allowed_origin(self, origin: str) -> bool:
        """Whether pages of this origin may ask."""
        return self.origins.allow(origin)

    def preflight_response(self, request_headers: Headers) -> Response:
        """What a browser asks before it sends a page's request."""
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
    """The answer to a page that may not ask; the log has a line with its origin and the setting."""
    correlation_id = correlation_id_of(sent)
    log_refused(sent.get("origin"), rejected, correlation_id)
    kept = {name: text for name, text in (headers or {}).items() if name.startswith("access-")}
    return Response(
        encode({"errors": rejected.written(correlation_id)}),
        403 if isinstance(rejected, Refused) else 400,
        headers={**kept, "vary": "Origin", HEADER: correlation_id, "cache-control": "no-store"},
        media_type=media.JSON,
    )


def log_refused(origin: str | None, rejected: Rejected, correlation_id: str) -> None:
    """Tell the operator which origin was refused, and where others are listed."""
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
