"""Amounts of money."""

from decimal import Decimal
from typing import Any

import strawberry

from graph.fields import computed_by
from models.rules.access import Permission
from models.rules.money import TaxedAmount, to_text
from resolvers.money import amount_or_none, by_rate
from resolvers.scalars import CurrencyCode


@strawberry.type(description="An exact amount of money.")
class Money:
    amount: Decimal = computed_by(
        to_text, "minor", "currency", description="With all decimals that the currency has."
    )
    currency_code: CurrencyCode = computed_by(CurrencyCode, "currency", description="Which money.")


@strawberry.type(description="An amount before tax, its tax, and both together.")
class TaxedMoney:
    net: Money = strawberry.field(description="Before tax.")
    tax: Money = strawberry.field(description="The tax.")
    gross: Money = strawberry.field(description="With tax.")


@strawberry.type(description="What bears one tax rate, and its tax.")
class TaxByRate:
    rate: Decimal = strawberry.field(description="0.19 is 19 %.")
    net: Money = strawberry.field(description="What bears it, before tax.")
    tax: Money = strawberry.field(description="The tax.")


def money(column: str, description: str, *, needs: Permission | None = None) -> Any:
    """A field with the amount that a column holds."""
    return computed_by(amount_or_none, column, "currency", description=description, needs=needs)


def taxed(prefix: str, description: str) -> Any:
    """A field with the amount in the columns `<prefix>net_minor` and `<prefix>tax_minor`."""
    columns = f"{prefix}net_minor", f"{prefix}tax_minor", "currency"
    return computed_by(TaxedAmount, *columns, description=description)


def taxes_by_rate(description: str) -> Any:
    """A field with what bears each tax rate, by the parts in the column `taxes`."""
    return computed_by(by_rate, "taxes", "currency", description=description)
