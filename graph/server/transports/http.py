"""GraphQL over HTTP: one answer for each request, malformed ones included."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from functools import partial
from time import perf_counter
from typing import Any, Final

import structlog
from graphql import OperationType
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from graph.execution.documents.cost import cost_extensions
from graph.execution.engine import Answer, Ask, Engine
from graph.execution.failures import Code, Malformed, Rejected
from graph.execution.incremental.parts import Part
from graph.execution.sizing import encode
from graph.server import media
from graph.server.contexts import COST_HEADER, Contexts
from graph.server.correlation import HEADER, correlation_id_of
from graph.server.origins import Refused, log_refused
from graph.server.settings import Settings
from graph.server.transports import bodies
from graph.server.transports.bodies import TooLarge, TooSlow
from graph.server.transports.compression import Compression
from graph.server.transports.multipart import Multipart

Parts = AsyncGenerator[Answer | Part, None]

# Failures of the server, which a client must not take for an answer.
FAILURES: Final = {Code.INTERNAL: 500, Code.OVERLOADED: 503, Code.DEADLINE: 504}

FOREIGN: Final = frozenset({"cross-site", "same-site"})
"""Values of `Sec-Fetch-Site` for requests caused by a page of another origin."""

FOR_NO_CACHE: Final = {"cache-control": "no-store"}
FOR_ONE_CLIENT: Final = {
    "cache-control": "private",
    "vary": "Authorization, Cookie, Origin, Accept, GraphQL-Cost",
}

log = structlog.get_logger("ordergraph.request")


class WrongMethod(Rejected):
    """The operation is not possible by this method; `allowed` lists the methods that are."""

    def __init__(self, message: str, allowed: str) -> None:
        super().__init__(Code.BAD_REQUEST, message)
        self.allowed = allowed


class WrongType(Rejected):
    """The body is not declared as JSON."""


class NoSuchAnswer(Rejected):
    """The client accepts no media type that the server offers."""


STATUS: Final[dict[type[Rejected], int]] = {
    Refused: 403,
    WrongMethod: 405,
    NoSuchAnswer: 406,
    TooSlow: 408,
    TooLarge: 413,
    WrongType: 415,
}


class View:
    """The ASGI application behind `/graphql` for HTTP requests."""

    def __init__(
        self,
        engine: Engine,
        contexts: Contexts,
        settings: Settings,
        page: Callable[[], Response] | None,
    ) -> None:
        self.engine = engine
        self.contexts = contexts
        self.settings = settings
        self.page = page
        self.compression = Compression(
            settings.compression_min_bytes if settings.compression else None
        )
        self.running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        if (
            self.page
            and scope["method"] in {"GET", "HEAD"}
            and media.wants_html(headers.get("accept"))
        ):
            response = self.page()
        else:
            response = await self.answer(scope, headers, receive)
        coding = headers.get("accept-encoding")
        await self.compression.of(response, coding)(scope, receive, send)

    async def answer(self, scope: Scope, sent: Mapping[str, str], receive: Receive) -> Response:
        """The response to a request; writes one line of the log."""
        began = perf_counter()
        correlation_id = correlation_id_of(sent)
        context = self.contexts.make(
            correlation_id, sent.get("idempotency-key"), shows_cost=sent.get(COST_HEADER) == "1"
        )
        accept = sent.get("accept")
        kind = media.answer_type(accept)
        by_get = scope["method"] == "GET"
        allow = None
        name: str | None = None
        parts: Parts | None = None
        answer: Answer | Part
        self.running += 1
        try:
            ask = await self._ask(scope, sent, receive, kind)
            executor = self.engine.prepare(ask, context, in_parts=media.takes_parts(accept))
            operation = executor.operation
            name = operation.name.value if operation.name else None
            if by_get and operation.operation is not OperationType.QUERY:
                raise WrongMethod("GET answers queries and nothing else.", "POST")
            if operation.operation is OperationType.SUBSCRIPTION:
                raise Malformed("Subscriptions need a WebSocket (graphql-transport-ws).")
            if executor.in_parts:
                parts = self.engine.in_parts(executor)
            answer = await (anext(parts) if parts else self.engine.execute(executor))
            status = _status_of(answer)
        except Rejected as rejected:
            errors = rejected.written(correlation_id)
            answer = Answer(None, errors, executed=False, extensions=cost_extensions(context))
            status = _status(rejected, kind)
            allow = rejected.allowed if isinstance(rejected, WrongMethod) else None
        finally:
            self.running -= 1
        headers = {HEADER: correlation_id, **(FOR_ONE_CLIENT if by_get else FOR_NO_CACHE)}
        if allow:
            headers["allow"] = allow
        written = partial(_log, began, operation=name, correlation_id=correlation_id)
        if parts:
            if isinstance(answer, Part):
                return Multipart(self._counted(answer, parts, written), headers)
            await parts.aclose()
        written(code=answer.code, status=status)
        return _response_of(answer, kind, status, headers)

    async def _counted(self, first: Part, rest: Parts, written: Callable[..., None]) -> Parts:
        """The parts of an answer; after the last one it writes the request's log line."""
        code, count = first.code, 1
        self.running += 1
        try:
            async with aclosing(rest):
                yield first
                async for part in rest:
                    code, count = code or part.code, count + 1
                    yield part
        finally:
            self.running -= 1
            written(code=code, status=200, parts=count)

    async def _ask(
        self, scope: Scope, sent: Mapping[str, str], receive: Receive, kind: str | None
    ) -> Ask:
        method = scope["method"]
        if method not in {"GET", "POST"}:
            raise WrongMethod("Send a POST with a JSON body, or a query by GET.", "GET, POST")
        if kind is None:
            raise NoSuchAnswer(
                Code.BAD_REQUEST, f"Answers are {media.JSON} or {media.GRAPHQL}: accept one."
            )
        if method == "GET":
            self._check_page(sent)
            self._check_load()
            return bodies.parse_query(scope["query_string"], self.settings.max_json_depth)
        # Browsers send a preflight before this type to another origin: a foreign page cannot.
        if not media.is_json(sent.get("content-type")):
            raise WrongType(Code.BAD_REQUEST, f"The body is {media.JSON} in UTF-8.")
        self._check_load()
        body = await bodies.read(
            sent, receive, self.settings.max_body_bytes, self.settings.receive_seconds
        )
        return bodies.to_ask(bodies.parse_json(body, self.settings.max_json_depth))

    def _check_load(self) -> None:
        if self.running > self.settings.max_requests:
            raise Rejected(Code.OVERLOADED, "Too many requests are being answered. Try again.")

    def _check_page(self, sent: Mapping[str, str]) -> None:
        """Refuses the GET of a foreign page, which browsers send without a preflight."""
        origin = sent.get("origin")
        if sent.get("sec-fetch-site") in FOREIGN and not (
            origin and self.settings.origins.allow(origin)
        ):
            refused = Refused()
            log_refused(origin, refused, correlation_id_of(sent))
            raise refused


def _response_of(
    answer: Answer | Part, kind: str | None, status: int, headers: dict[str, str]
) -> Response:
    response = Response(
        encode(answer.body()),
        status,
        headers=headers,
        media_type=f"{kind or media.JSON}; charset=utf-8",
    )
    if status in {408, 413}:
        response.headers["connection"] = "close"  # the rest of the body is not read
    return response


def _log(began: float, **more: Any) -> None:
    log.info("request", **more, milliseconds=round((perf_counter() - began) * 1000, 1))


def _headers(scope: Scope) -> dict[str, str]:
    """The headers of a request; the first one of each name."""
    return {
        name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"][::-1]
    }


def _status_of(answer: Answer | Part) -> int:
    """The status of an answer; 503 if the database was out for any part of it."""
    if any(error["extensions"]["code"] is Code.OVERLOADED for error in answer.errors):
        return FAILURES[Code.OVERLOADED]
    return 200 if answer.executed or not answer.code else FAILURES[answer.code]


def _status(rejected: Rejected, kind: str | None) -> int:
    """The status of a refused request.

    Clients of application/json read errors in the body, and expect 200 for a well-formed request.
    Clients of application/graphql-response+json read the status.
    """
    if type(rejected) in STATUS:
        return STATUS[type(rejected)]
    if rejected.code in FAILURES:
        return FAILURES[rejected.code]
    return 400 if kind == media.GRAPHQL or isinstance(rejected, Malformed) else 200
