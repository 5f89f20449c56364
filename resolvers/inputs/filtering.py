"""Operations that filters are made of."""

from datetime import datetime
from decimal import Decimal

import strawberry


@strawberry.input(description="Conditions on a text; all that are given must hold.")
class StringOp:
    eq: str | None = strawberry.field(default=None, description="Is exactly this.")
    in_: list[str] | None = strawberry.field(
        default=None, name="in", description="Is exactly one of these."
    )
    starts_with: str | None = strawberry.field(default=None, description="Begins with this.")
    words: str | None = strawberry.field(
        default=None,
        description="Has words that begin with these; case and accents are equal.",
    )


@strawberry.input(description="Conditions on an instant; all that are given must hold.")
class DateTimeOp:
    gte: datetime | None = strawberry.field(default=None, description="At or after this.")
    lt: datetime | None = strawberry.field(default=None, description="Before this.")


@strawberry.input(description="Conditions on a decimal; all that are given must hold.")
class DecimalOp:
    eq: Decimal | None = strawberry.field(default=None, description="Equals this.")
    gte: Decimal | None = strawberry.field(default=None, description="At least this.")
    lt: Decimal | None = strawberry.field(default=None, description="Less than this.")


@strawberry.input(description="The key by which another system knows an object.")
class ExternalRefInput:
    system: str = strawberry.field(description="The other system's name.")
    key: str = strawberry.field(description="The object's key there.")
