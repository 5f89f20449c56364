"""What a client reads of what went wrong: a stable code, never an exception's own text."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

import structlog
from graphql import GraphQLError
from tortoise.exceptions import ValidationError

from models.rules.errors import BadRequest, ErrorCode, Overloaded, Refused
from subscriptions.bus import StreamClosed

MAX_ERRORS: Final = 5
HIDDEN_MESSAGE: Final = "Something went wrong here. Its details were logged."

log = structlog.get_logger("ordergraph.execution")


class Code(StrEnum):
    """The codes of top-level errors. There are no others.

    The two of persisted queries are words of Apollo's protocol: clients send the text when they
    read them. A document that is not trusted is no matter of permissions: nobody may run it, and
    no other login will help.
    """

    PARSE_FAILED = "PARSE_FAILED"
    VALIDATION_FAILED = "VALIDATION_FAILED"
    BAD_REQUEST = "BAD_REQUEST"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    DOCUMENT_NOT_TRUSTED = "DOCUMENT_NOT_TRUSTED"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    COST_EXCEEDED = "COST_EXCEEDED"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    RATE_LIMITED = "RATE_LIMITED"
    DEADLINE = "DEADLINE"
    OVERLOADED = "OVERLOADED"
    INTERNAL = "INTERNAL"


RETRYABLE: Final = frozenset({Code.RATE_LIMITED, Code.DEADLINE, Code.OVERLOADED})

# What a use case refuses has codes of its own, which belong into `userErrors`. Where a query meets
# such a refusal it becomes one of ours.
OF_REFUSALS: Final = {
    ErrorCode.FORBIDDEN: Code.FORBIDDEN,
    ErrorCode.LIMIT_EXCEEDED: Code.LIMIT_EXCEEDED,
}


# What may come up wherever the database is asked.
EXPECTED: Final[dict[type[Exception], tuple[Code, str]]] = {
    ValidationError: (Code.BAD_REQUEST, "A text is longer than any that is kept there."),
    Overloaded: (Code.OVERLOADED, "Too many are changing the same thing. Try again."),
}


class Rejected(Exception):
    """A request that is answered by errors alone: nothing of it was executed."""

    def __init__(self, code: Code, message: str, errors: Sequence[GraphQLError] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.errors = errors

    def written(self, correlation_id: str | None) -> list[dict[str, Any]]:
        """The errors as a client reads them, at most `MAX_ERRORS`."""
        if not self.errors:
            return [write(self.code, self.message, correlation_id)]
        return [
            write(self.code, error.message, correlation_id, error)
            for error in self.errors[:MAX_ERRORS]
        ]


class Malformed(Rejected):
    """A request that says nothing which could be run, whatever its document."""

    def __init__(self, message: str) -> None:
        super().__init__(Code.BAD_REQUEST, message)


def write(
    code: Code, message: str, correlation_id: str | None, error: GraphQLError | None = None
) -> dict[str, Any]:
    """One error as it stands in an answer."""
    written: dict[str, Any] = {"message": message}
    if error and error.locations:
        written["locations"] = [
            {"line": place.line, "column": place.column} for place in error.locations
        ]
    if error and error.path:
        written["path"] = list(error.path)
    written["extensions"] = {
        "code": code,
        "retryable": code in RETRYABLE,
        "correlationId": correlation_id,
    }
    return written


def write_all(
    errors: Sequence[GraphQLError],
    correlation_id: str | None,
    logged: dict[int, Exception] | None = None,
) -> list[dict[str, Any]]:
    """The errors of an execution as a client reads them, at most `MAX_ERRORS`.

    What nobody foresaw is logged here, each exception once, however many fields it took down, and
    at most `MAX_ERRORS` of an answer; `logged` are those of its earlier parts, by their id().
    """
    logged = {} if logged is None else logged
    written = []
    for error in errors[:MAX_ERRORS]:
        code, message = _told(error)
        cause = cause_of(error)
        if code is Code.INTERNAL and id(cause) not in logged and len(logged) < MAX_ERRORS:
            logged[id(cause)] = cause
            log.error("unexpected", correlation_id=correlation_id, exc_info=cause)
        told = write(code, message, correlation_id, error)
        if isinstance(cause, StreamClosed) and cause.cursor:
            told["extensions"]["cursor"] = cause.cursor
        written.append(told)
    return written


def cause_of(error: GraphQLError) -> Exception:
    """What an error goes back to; itself where GraphQL's own rules were broken."""
    cause: Exception = error
    while isinstance(cause, GraphQLError) and cause.original_error:
        cause = cause.original_error
    return cause


def raise_unforeseen(errors: Sequence[GraphQLError]) -> None:
    """Pass where all errors are made for clients to read.

    graphql-core writes the text of whatever a scalar raises into the error that clients get.

    Raises:
        Exception: what one of them goes back to, and nobody foresaw.
    """
    for error in errors:
        cause = cause_of(error)
        if not isinstance(cause, GraphQLError | Refused | BadRequest):
            raise cause


def _told(error: GraphQLError) -> tuple[Code, str]:
    """The code and the message for an error that came up while fields were resolved."""
    cause = cause_of(error)
    match cause:
        case Refused():
            return OF_REFUSALS.get(cause.errors[0].code, Code.BAD_REQUEST), str(cause)
        case BadRequest() | StreamClosed():
            return Code(cause.code), str(cause)
        case ValidationError() | Overloaded():
            return EXPECTED[type(cause)]
        case Rejected():
            return cause.code, cause.message
        case GraphQLError():
            # graphql-core speaks of the client's own arguments and variables.
            return Code.BAD_REQUEST, error.message
        case _:
            return Code.INTERNAL, HIDDEN_MESSAGE
