"""Amounts of money, from the columns that hold them in minor units."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import strawberry

from models.rules.money import Amount, TaxedAmount, to_decimal
from resolvers.scalars import CurrencyCode


def amount(money: strawberry.Parent[Amount]) -> Decimal:
    return to_decimal(money.minor, money.currency)


def currency_code(money: strawberry.Parent[Amount]) -> CurrencyCode:
    return CurrencyCode(money.currency)


def amount_of(column: str) -> Callable[..., Amount | None]:
    """A resolver of the amount in one column of a row that has a currency."""

    def resolve(row: strawberry.Parent[Any]) -> Amount | None:
        minor = getattr(row, column)
        return None if minor is None else Amount(minor, row.currency)

    return resolve


def taxed_amount_of(prefix: str) -> Callable[..., TaxedAmount]:
    """A resolver of the amount in the columns `<prefix>net_minor` and `<prefix>tax_minor`."""

    def resolve(row: strawberry.Parent[Any]) -> TaxedAmount:
        net_minor, tax_minor = (
            getattr(row, f"{prefix}net_minor"),
            getattr(row, f"{prefix}tax_minor"),
        )
        return TaxedAmount(net_minor, tax_minor, row.currency)

    return resolve
