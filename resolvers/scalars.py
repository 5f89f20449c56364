"""The scalars of the API: strict input, plain output."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from models.rules.errors import UnusableText
from models.rules.text import clean

Cursor = NewType("Cursor", str)
CurrencyCode = NewType("CurrencyCode", str)
BigInt = NewType("BigInt", int)
JSON = NewType("JSON", object)

MAX_JSON_DEPTH: Final = 16

_DECIMAL: Final = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,10})?", re.ASCII)
_DATE_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def parse_decimal(value: Any) -> Decimal:
    """A decimal from a text such as `12.50`, or from a JSON number, which is read as written."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise GraphQLError("A decimal is text such as 12.50.")
    text = str(value)
    if not _DECIMAL.fullmatch(text):
        raise GraphQLError("A decimal is up to 20 digits, a point and up to 10 digits.")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise GraphQLError("This is no decimal.") from None


def write_decimal(value: Any) -> str:
    """The decimal in plain digits, without an exponent."""
    return format(Decimal(value), "f")


def parse_date_time(value: Any) -> datetime:
    """An instant in UTC from RFC 3339 text with a time zone."""
    if not isinstance(value, str) or not _DATE_TIME.fullmatch(value):
        raise GraphQLError("A time is RFC 3339 with a time zone: 2026-03-01T09:30:00Z.")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise GraphQLError("There is no such time.") from None


def write_date_time(value: datetime) -> str:
    """The instant in UTC, ending in Z."""
    instant = value if value.tzinfo is UTC else value.astimezone(UTC)
    return f"{instant.isoformat()[: -len('+00:00')]}Z"


def parse_date(value: Any) -> date:
    """A calendar date from a text such as 2026-03-01."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise GraphQLError("A date is written 2026-03-01.")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise GraphQLError("There is no such date.") from None


def parse_big_int(value: Any) -> int:
    """A whole number of at most 18 digits, from text or a JSON number."""
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,18}", text, re.ASCII):
        raise GraphQLError("This is no whole number of at most 18 digits.")
    return int(text)


def parse_text(value: Any) -> str:
    """The text of an opaque scalar."""
    if not isinstance(value, str):
        raise GraphQLError("This is text.")
    return value


def parse_currency(value: Any) -> str:
    """Three capital letters; the use case decides whether they are a currency."""
    if not isinstance(value, str) or not re.fullmatch("[A-Z]{3}", value, re.ASCII):
        raise GraphQLError("A currency is three capital letters, such as EUR.")
    return value


def parse_json(value: Any) -> Any:
    """Any JSON value up to `MAX_JSON_DEPTH` levels deep."""
    _check_json(value, MAX_JSON_DEPTH)
    return value


def _check_json(value: Any, left: int) -> None:
    if left == 0:
        raise GraphQLError(f"JSON is nested at most {MAX_JSON_DEPTH} deep.")
    match value:
        case str():
            try:
                clean(value)
            except UnusableText as error:
                raise GraphQLError(error.message) from None
        case dict():
            for key, child in value.items():
                _check_json(key, left)
                _check_json(child, left - 1)
        case list():
            for child in value:
                _check_json(child, left - 1)


SCALARS: Final[dict[object, ScalarDefinition]] = {
    Decimal: strawberry.scalar(
        name="Decimal",
        specified_by_url="https://www.w3.org/TR/xmlschema11-2/#decimal",
        description="An exact decimal number, written as text without an exponent: `12.50`. "
        "Input has at most 20 digits before the point and 10 after it, as text or as a JSON "
        "number.",
        serialize=write_decimal,
        parse_value=parse_decimal,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        description="An instant in the form of RFC 3339: `2026-03-01T09:30:00Z`. Input has a "
        "time zone and at most 9 digits of a second's fraction; microseconds are kept. "
        "Output is in UTC and ends in Z.",
        serialize=write_date_time,
        parse_value=parse_date_time,
    ),
    date: strawberry.scalar(
        name="Date",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
        description="A calendar date in the form YYYY-MM-DD: `2026-03-01`.",
        serialize=date.isoformat,
        parse_value=parse_date,
    ),
    Cursor: strawberry.scalar(
        name="Cursor",
        description="An opaque place in a list or in the feed, sealed by the server. Send it "
        "back unchanged, at most 4096 characters. A cursor is valid only for the list, "
        "order and filter that it came from.",
        serialize=str,
        parse_value=parse_text,
    ),
    CurrencyCode: strawberry.scalar(
        name="CurrencyCode",
        specified_by_url="https://www.iso.org/iso-4217-currency-codes.html",
        description="An ISO 4217 currency code of three capital letters: `EUR`.",
        serialize=str,
        parse_value=parse_currency,
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A whole number of at most 18 digits, beyond 32 bits.",
        serialize=int,
        parse_value=parse_big_int,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        description="Any JSON value, at most 16 levels deep. Each text inside has at most 20000 "
        "characters and no control characters.",
        serialize=lambda value: value,
        parse_value=parse_json,
    ),
}
