"""The errors that a client reads: a stable code, and never the text of an unknown exception."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import structlog
from graphql import GraphQLError
from tortoise.exceptions import ValidationError

from models.rules.errors import BadRequest, ErrorCode, Overloaded, Refused
from resolvers.metering import Exhausted
from services.storage import outages
from services.work.commits import Commits
from subscriptions.feed.closed import StreamClosed

MAX_ERRORS: Final = 5
HIDDEN_MESSAGE: Final = "Something went wrong here. Its details were logged."

UNAVAILABLE: Final = "The database cannot be used at the moment. Try again."
UNKNOWN: Final = " Whether the change was made is unknown: look before you send it again."
COMMITTED: Final = " What was changed before this is kept: do not send it again."
NONE: Final = Commits()

log = structlog.get_logger("ordergraph.execution")


class Code(StrEnum):
    """The codes of top-level errors; there are no others.

    Those of persisted queries are words of Apollo's protocol: clients send the text when they read
    them. DOCUMENT_NOT_TRUSTED is no matter of permissions: the document is refused to each caller.
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

# Refusals of use cases have their own codes, which belong in `userErrors`. For a refused query
# they are mapped to the codes above.
OF_REFUSALS: Final = {
    ErrorCode.FORBIDDEN: Code.FORBIDDEN,
    ErrorCode.LIMIT_EXCEEDED: Code.LIMIT_EXCEEDED,
}


# Errors of any access to the database.
EXPECTED: Final[dict[type[Exception], tuple[Code, str]]] = {
    ValidationError: (Code.BAD_REQUEST, "A text is longer than any that is kept there."),
    Overloaded: (Code.OVERLOADED, "Too many are changing the same thing. Try again."),
}


class Rejected(Exception):
    """A request that is answered by errors alone: no part of it was executed."""

    def __init__(
        self,
        code: Code,
        message: str,
        errors: Sequence[GraphQLError] = (),
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.errors = errors
        self.extensions = extensions or {}

    def written(self, correlation_id: str | None) -> list[dict[str, Any]]:
        """The errors as clients read them, at most `MAX_ERRORS`."""
        if not self.errors:
            written = write(self.code, self.message, correlation_id)
            written["extensions"] |= self.extensions
            return [written]
        return [
            write(self.code, error.message, correlation_id, error)
            for error in self.errors[:MAX_ERRORS]
        ]


class Malformed(Rejected):
    """A request that cannot be run, whatever its document."""

    def __init__(self, message: str) -> None:
        super().__init__(Code.BAD_REQUEST, message)


def write(
    code: Code,
    message: str,
    correlation_id: str | None,
    error: GraphQLError | None = None,
    commits: Commits = NONE,
) -> dict[str, Any]:
    """An error as it stands in an answer; `commits` are those that its operation has made."""
    retryable = code in RETRYABLE
    if retryable and (commits.unknown or commits.kept):
        retryable = False
        message += UNKNOWN if commits.unknown else COMMITTED
    written: dict[str, Any] = {"message": message}
    if error and error.locations:
        written["locations"] = [
            {"line": place.line, "column": place.column} for place in error.locations
        ]
    if error and error.path:
        written["path"] = list(error.path)
    written["extensions"] = {
        "code": code,
        "retryable": retryable,
        "correlationId": correlation_id,
    }
    return written


def write_all(
    errors: Sequence[GraphQLError],
    correlation_id: str | None,
    logged: dict[int, Exception] | None = None,
    commits: Commits = NONE,
) -> list[dict[str, Any]]:
    """The errors of an execution as clients read them, at most `MAX_ERRORS`.

    Unknown errors are logged, each exception once, at most `MAX_ERRORS` of an answer. `logged` are
    those of the answer's earlier parts, by id().
    """
    logged = {} if logged is None else logged
    written = []
    for error in errors[:MAX_ERRORS]:
        code, message = _code_and_message(error)
        cause = cause_of(error)
        if code is Code.INTERNAL and id(cause) not in logged and len(logged) < MAX_ERRORS:
            logged[id(cause)] = cause
            log.error("unexpected", correlation_id=correlation_id, exc_info=cause)
        entry = write(code, message, correlation_id, error, commits)
        if isinstance(cause, StreamClosed) and cause.cursor:
            entry["extensions"]["cursor"] = cause.cursor
        if isinstance(cause, Exhausted):
            entry["extensions"] |= {"requested": cause.requested, "allowed": cause.allowed}
        written.append(entry)
    for error in errors:
        forget_frames(error)
    return written


def forget_frames(error: BaseException | None) -> None:
    """Removes the tracebacks of an error that was logged, and of its causes.

    A traceback's frames refer to the error again: a cycle, which would keep all rows of its
    operation until the garbage collector runs.
    """
    while error is not None and error.__traceback__ is not None:
        error.__traceback__ = None
        error = getattr(error, "original_error", None) or error.__cause__ or error.__context__


def cause_of(error: GraphQLError) -> Exception:
    """The original exception; the error itself if it broke a rule of GraphQL."""
    cause: Exception = error
    while isinstance(cause, GraphQLError) and cause.original_error:
        cause = cause.original_error
    return cause


def raise_unforeseen(errors: Sequence[GraphQLError]) -> None:
    """Passes if all errors were written for clients.

    graphql-core copies the text of any exception of a scalar into the error for clients.

    Raises:
        Exception: the first original exception that was not written for clients.
    """
    for error in errors:
        cause = cause_of(error)
        if not isinstance(cause, GraphQLError | Refused | BadRequest):
            # The frames of validation lead nowhere; the log gets those of the cause.
            for each in errors:
                link: BaseException | None = each
                while isinstance(link, GraphQLError):
                    link.__traceback__ = None
                    link = link.original_error
            raise cause


def _code_and_message(error: GraphQLError) -> tuple[Code, str]:
    """The code and the message for an error of a field."""
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
            # graphql-core's messages describe the client's own arguments and variables.
            return Code.BAD_REQUEST, error.message
        case _:
            away = outages.notice(cause)
            return (Code.OVERLOADED, UNAVAILABLE) if away else (Code.INTERNAL, HIDDEN_MESSAGE)
