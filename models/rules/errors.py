"""Refusals of use cases. Each error has a stable code and the path of its input."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any
from uuid import UUID

Path = tuple[str, ...]


class ErrorCode(StrEnum):
    REQUIRED = "REQUIRED"
    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    DUPLICATE = "DUPLICATE"
    FORBIDDEN = "FORBIDDEN"
    INSUFFICIENT_STOCK = "INSUFFICIENT_STOCK"
    CREDIT_EXCEEDED = "CREDIT_EXCEEDED"
    ILLEGAL_TRANSITION = "ILLEGAL_TRANSITION"
    VERSION_CONFLICT = "VERSION_CONFLICT"
    KEY_REUSED = "KEY_REUSED"
    IN_PROGRESS = "IN_PROGRESS"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"


class Refused(Exception):
    """A use case was refused for one or more reasons and changed nothing."""

    def __init__(self, errors: "list[DomainError]") -> None:
        super().__init__("; ".join(error.message for error in errors))
        self._errors = errors

    @property
    def errors(self) -> "list[DomainError]":
        """The reasons."""
        return self._errors


def refuse(errors: "Iterable[DomainError]") -> None:
    """Passes if there are no errors.

    Raises:
        Refused: with all errors.
    """
    if found := list(errors):
        raise Refused(found)


class DomainError(Refused):
    """One reason of a refusal. `path` is the place in the input that it concerns."""

    def __init__(self, code: ErrorCode, message: str, path: Path = ()) -> None:
        self.code = code
        self.message = message
        self.path = path
        Exception.__init__(self, message)

    @property
    def errors(self) -> "list[DomainError]":
        """Itself. A stored list would be a cycle, left for the garbage collector."""
        return [self]


class InputError(DomainError):
    """Input that is not acceptable."""


class UnusableText(InputError, ValueError):
    """Text with control characters or lone surrogates, which databases refuse."""

    def __init__(self, message: str = "A text has no control characters.") -> None:
        super().__init__(ErrorCode.INVALID, message)


def required(message: str, *path: str) -> InputError:
    return InputError(ErrorCode.REQUIRED, message, path)


def invalid(message: str, *path: str) -> InputError:
    return InputError(ErrorCode.INVALID, message, path)


def not_found(message: str, *path: str) -> InputError:
    return InputError(ErrorCode.NOT_FOUND, message, path)


def duplicate(message: str, *path: str) -> InputError:
    return InputError(ErrorCode.DUPLICATE, message, path)


class Forbidden(DomainError):
    """The actor lacks a permission."""

    def __init__(self, permission: str) -> None:
        super().__init__(ErrorCode.FORBIDDEN, "You are not permitted to do this.")
        self.permission = permission


class StockShortage(DomainError):
    """A line asks for more units than are available. Nothing was reserved."""

    def __init__(
        self,
        sku: str,
        requested: int,
        available: int,
        path: Path = (),
        warehouse_id: UUID | None = None,
    ) -> None:
        message = f"Only {available} of {requested} {sku} can be promised."
        super().__init__(ErrorCode.INSUFFICIENT_STOCK, message, path)
        self.sku = sku
        self.requested = requested
        self.available = available
        self.warehouse_id = warehouse_id


class VersionConflict(DomainError):
    """The object has changed since the caller read it; `current` is its present state."""

    def __init__(self, expected: int, actual: int, current: Any) -> None:
        message = f"It has changed: you saw version {expected}, it is now {actual}."
        super().__init__(ErrorCode.VERSION_CONFLICT, message, ("version",))
        self.expected = expected
        self.actual = actual
        self.current = current


class IllegalTransition(DomainError):
    """The subject's state does not allow the step."""

    def __init__(
        self, subject: Any, attempted: str, state: str, allowed: tuple[str, ...], path: Path = ()
    ) -> None:
        steps = ", ".join(allowed) or "nothing"
        message = f"{attempted} is not possible in {state}; possible: {steps}."
        super().__init__(ErrorCode.ILLEGAL_TRANSITION, message, path)
        self.subject = subject
        self.attempted = attempted
        self.state = state
        self.allowed = allowed


class CreditExceeded(DomainError):
    """The order would exceed the customer's credit limit. Amounts in minor units.

    They are in the company's currency, except that `requested_minor` is in `currency` if given.
    """

    def __init__(
        self,
        limit_minor: int | None,
        used_minor: int,
        requested_minor: int,
        currency: str | None = None,
    ) -> None:
        super().__init__(
            ErrorCode.CREDIT_EXCEEDED, "The customer may not owe more.", ("customerId",)
        )
        self.limit_minor = limit_minor
        self.used_minor = used_minor
        self.requested_minor = requested_minor
        self.currency = currency


class BadRequest(Exception):
    """A request that no correct client sends: a foreign cursor, an id of another type."""

    code = "BAD_REQUEST"


class Overloaded(Exception):
    """Too many transactions changed the same rows at once. A later retry succeeds."""

    code = "OVERLOADED"
