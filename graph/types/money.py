"""Amounts of money."""

from decimal import Decimal
from typing import Any

import strawberry

from resolvers import money as resolvers
from resolvers.scalars import CurrencyCode


@strawberry.type(description="An exact amount of money.")
class Money:
    amount: Decimal = strawberry.field(
        resolver=resolvers.amount, description="With all decimals that the currency has."
    )
    currency_code: CurrencyCode = strawberry.field(
        resolver=resolvers.currency_code, description="Which money."
    )


@strawberry.type(description="An amount before tax, its tax, and both together.")
class TaxedMoney:
    net: Money = strawberry.field(description="Before tax.")
    tax: Money = strawberry.field(description="The tax.")
    gross: Money = strawberry.field(description="With tax.")


def money(column: str, description: str) -> Any:
    """A field with the amount that a column holds."""
    return strawberry.field(resolver=resolvers.amount_of(column), description=description)


def taxed(prefix: str, description: str) -> Any:
    """A field with the amount that two columns hold, net and tax."""
    return strawberry.field(resolver=resolvers.taxed_amount_of(prefix), description=description)
