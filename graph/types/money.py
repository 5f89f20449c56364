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
        to_text,
        "minor",
        "currency",
        description="The amount, with as many decimals as the currency has: `12.00` EUR, `1200` "
        "JPY.",
    )
    currency_code: CurrencyCode = computed_by(CurrencyCode, "currency", description="The currency.")


@strawberry.type(description="An amount of money without and with tax.")
class TaxedMoney:
    net: Money = strawberry.field(description="The amount without tax.")
    tax: Money = strawberry.field(description="The tax.")
    gross: Money = strawberry.field(description="The amount with tax: net and tax together.")


@strawberry.type(description="The net amount and the tax of one tax rate.")
class TaxByRate:
    rate: Decimal = strawberry.field(description="The tax rate as a fraction: 0.19 is 19 %.")
    net: Money = strawberry.field(description="The net amount at this rate.")
    tax: Money = strawberry.field(description="The tax at this rate.")


def money(column: str, description: str, *, needs: Permission | None = None) -> Any:
    """A field with the amount of a column."""
    return computed_by(amount_or_none, column, "currency", description=description, needs=needs)


def taxed(prefix: str, description: str) -> Any:
    """A field with the amount in the columns `<prefix>net_minor` and `<prefix>tax_minor`."""
    columns = f"{prefix}net_minor", f"{prefix}tax_minor", "currency"
    return computed_by(TaxedAmount, *columns, description=description)


def taxes_by_rate(description: str) -> Any:
    """A field with the total of each tax rate, from the parts in the column `taxes`."""
    return computed_by(by_rate, "taxes", "currency", description=description)
