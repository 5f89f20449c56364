"""Rates of exchange: what other currencies are worth in the company's, day by day."""

import csv
from bisect import bisect_right
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from tortoise.backends.base.client import BaseDBAsyncClient

from models.exchange import ExchangeRate
from models.rules.access import Permission
from models.rules.errors import DomainError, Refused, invalid
from models.rules.money import UnknownCurrency, exponent
from services import policy
from services.transaction import Work, use_case

PLACES: Final = 8
MAX_RATE: Final = Decimal(10) ** 8
COLUMNS: Final = ("day", "currency", "rate")
MAX_ERRORS: Final = 100


@dataclass(frozen=True, slots=True)
class Quote:
    """One unit of the currency is worth so much of the company's, from the day on."""

    day: date
    currency: str
    rate: Decimal


async def rate_on(work: Work, currency: str, day: date) -> Decimal | None:
    """The rate that holds on a day; None where none is known from that day or before."""
    rows = ExchangeRate.filter(currency=currency, day__lte=day).using_db(work.connection)
    found = await rows.order_by("-day").first()
    return found.rate if found else None


async def rates_on(
    days: Collection[tuple[str, date]], connection: BaseDBAsyncClient | None = None
) -> dict[tuple[str, date], Decimal]:
    """The rates that hold on those days, by currency and day; days without one are left out."""
    found: dict[tuple[str, date], Decimal] = {}
    for currency in {currency for currency, _ in days}:
        wanted = sorted(day for name, day in days if name == currency)
        rows = ExchangeRate.filter(currency=currency).using_db(connection)
        before = await rows.filter(day__lte=wanted[0]).order_by("-day").first()
        known = await rows.filter(day__gt=wanted[0], day__lte=wanted[-1]).order_by("day")
        quotes = [*([before] if before else []), *known]
        for day in wanted:
            place = bisect_right(quotes, day, key=lambda quote: quote.day)
            if place:
                found[currency, day] = quotes[place - 1].rate
    return found


def read(lines: Iterable[str]) -> list[Quote]:
    """The quotes of a CSV file with the columns day, currency and rate.

    Raises:
        Refused: naming each line that cannot be read, at most 100 of them.
    """
    rows = csv.DictReader(lines)
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise invalid(f"The file has no column {', '.join(missing)}.")
    quotes: list[Quote] = []
    errors: list[DomainError] = []
    for number, row in enumerate(rows, start=2):
        try:
            quotes.append(_quote(row["day"] or "", row["currency"] or "", row["rate"] or ""))
        except ValueError as error:
            errors.append(invalid(f"line {number}: {error}", str(number)))
    if errors:
        raise Refused(errors[:MAX_ERRORS])
    return quotes


def _quote(day: str, currency: str, rate: str) -> Quote:
    currency = currency.strip().upper()
    try:
        exponent(currency)
    except UnknownCurrency:
        raise ValueError(f"{currency or 'nothing'} is no currency") from None
    if currency == policy.current().currency:
        raise ValueError(f"{currency} is the company's own currency")
    try:
        value = Decimal(rate.strip())
    except InvalidOperation:
        raise ValueError(f"{rate!r} is no number") from None
    if not value.is_finite() or not 0 < value < MAX_RATE or value != round(value, PLACES):
        raise ValueError(f"a rate is above 0 and has at most {PLACES} decimals")
    return Quote(date.fromisoformat(day.strip()), currency, value)


@use_case(Permission.IMPORT)
async def save_rates(work: Work, quotes: list[Quote]) -> int:
    """Keep the quotes; those of a day that has one take its place. How many were new or other.

    Orders that were placed keep the rate that they were placed with.
    """
    wanted = {(each.currency, each.day): each.rate for each in quotes}
    currencies = {currency for currency, _ in wanted}
    rows = ExchangeRate.filter(currency__in=list(currencies)).using_db(work.connection)
    known = {(row.currency, row.day): row for row in await rows}
    changed = 0
    fresh = []
    for (currency, day), rate in wanted.items():
        row = known.get((currency, day))
        if row is None:
            fresh.append(ExchangeRate(currency=currency, day=day, rate=rate))
        elif row.rate != rate:
            row.rate = rate
            await row.save(update_fields=["rate"], using_db=work.connection)
            changed += 1
    await work.insert(fresh)
    return changed + len(fresh)
