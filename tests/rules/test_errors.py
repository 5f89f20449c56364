"""Refusals: one reason or several, each with a code and a place in the input."""

from typing import Any

import pytest

from models.rules.errors import (
    CreditExceeded,
    DomainError,
    Forbidden,
    IllegalTransition,
    Refused,
    StockShortage,
    UnusableText,
    VersionConflict,
    duplicate,
    invalid,
    not_found,
    required,
)


@pytest.mark.parametrize(
    ("error", "code", "message", "path"),
    [
        (required("Which?", "a", "b"), "REQUIRED", "Which?", ("a", "b")),
        (invalid("No.", "a"), "INVALID", "No.", ("a",)),
        (not_found("None.", "a"), "NOT_FOUND", "None.", ("a",)),
        (duplicate("Taken.", "a"), "DUPLICATE", "Taken.", ("a",)),
        (UnusableText(), "INVALID", "A text has no control characters.", ()),
        (Forbidden("x:y"), "FORBIDDEN", "You are not permitted to do this.", ()),
        (
            StockShortage("CUP", 3, 1, ("lines", "0")),
            "INSUFFICIENT_STOCK",
            "Only 1 of 3 CUP can be promised.",
            ("lines", "0"),
        ),
        (
            VersionConflict(1, 2, None),
            "VERSION_CONFLICT",
            "It has changed: you saw version 1, it is now 2.",
            ("version",),
        ),
        (
            IllegalTransition(None, "SHIP", "ON_HOLD", ("RELEASE", "CANCEL")),
            "ILLEGAL_TRANSITION",
            "SHIP is not possible in ON_HOLD; possible: RELEASE, CANCEL.",
            (),
        ),
        (
            IllegalTransition(None, "SHIP", "CANCELLED", ()),
            "ILLEGAL_TRANSITION",
            "SHIP is not possible in CANCELLED; possible: nothing.",
            (),
        ),
        (
            CreditExceeded(100, 90, 20),
            "CREDIT_EXCEEDED",
            "The customer may not owe more.",
            ("customerId",),
        ),
    ],
)
def test_one_reason(error: DomainError, code: str, message: str, path: tuple[Any, ...]) -> None:
    assert (error.code.value, error.message, error.path) == (code, message, path)
    assert error.errors == [error]
    assert str(error) == message


def test_several_reasons() -> None:
    reasons: list[DomainError] = [invalid("No.", "a"), required("Which?", "b")]
    assert Refused(reasons).errors == reasons
    assert str(Refused(reasons)) == "No.; Which?"
