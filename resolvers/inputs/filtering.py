"""Inputs of filter operations."""

from datetime import datetime
from decimal import Decimal

import strawberry


@strawberry.input(
    description="Conditions on a text. All given conditions must hold. Each text has at "
    "most 500 characters."
)
class StringOp:
    eq: str | None = strawberry.field(
        default=None, description="Equal to this text, case included."
    )
    in_: list[str] | None = strawberry.field(
        default=None,
        name="in",
        description="Equal to one of these texts, at most 500; an empty list matches none.",
    )
    starts_with: str | None = strawberry.field(
        default=None, description="Starts with this text, case included."
    )
    words: str | None = strawberry.field(
        default=None,
        description="Has words that start with each of these words, at most 10. Case and "
        "accents do not count.",
    )


@strawberry.input(
    description="Conditions on an instant. All given conditions must hold. An object "
    "without the instant never matches."
)
class DateTimeOp:
    gte: datetime | None = strawberry.field(default=None, description="At or after this instant.")
    lt: datetime | None = strawberry.field(default=None, description="Before this instant.")


@strawberry.input(description="Conditions on a decimal number. All given conditions must hold.")
class DecimalOp:
    eq: Decimal | None = strawberry.field(default=None, description="Equal to this number.")
    gte: Decimal | None = strawberry.field(default=None, description="At least this number.")
    lt: Decimal | None = strawberry.field(default=None, description="Below this number.")


@strawberry.input(description="An external reference: an object's key in another system.")
class ExternalRefInput:
    system: str = strawberry.field(description="The other system's name, 1 to 64 characters.")
    key: str = strawberry.field(description="The object's key in that system, 1 to 200 characters.")
