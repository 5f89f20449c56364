"""Exchange rates to the company's currency, day by day."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from models.exchange import ExchangeRate
from models.rules.access import Permission
from models.rules.errors import DomainError, Refused, invalid
from models.rules.money import UnknownCurrency, exponent
from services.use_case import use_case
from services.work.work import Work

PLACES: Final = 8
MAX_RATE: Final = Decimal(10) ** 8
COLUMNS: Final = ("day", "currency", "rate")
MAX_ERRORS: Final = 100


@dataclass(frozen=True, slots=True)
class Quote:
    """The value of one unit of the currency in the company's, from the day on."""

    day: date
    currency: str
    rate: Decimal


def read(lines: Iterable[str], company: str) -> list[Quote]:
    """The quotes of a CSV file with the columns day, currency and rate, in the company's currency.

    Raises:
        Refused: with each line that cannot be read, at most 100 of them.
    """
    rows = csv.DictReader(lines)
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise invalid(f"The file has no column {', '.join(missing)}.")
    quotes: list[Quote] = []
    errors: list[DomainError] = []
    for number, row in enumerate(rows, start=2):
        try:
            quotes.append(
                _quote(row["day"] or "", row["currency"] or "", row["rate"] or "", company)
            )
        except ValueError as error:
            errors.append(invalid(f"line {number}: {error}", str(number)))
    if errors:
        raise Refused(errors[:MAX_ERRORS])
    return quotes


def _quote(day: str, currency: str, rate: str, company: str) -> Quote:
    currency = currency.strip().upper()
    try:
        exponent(currency)
    except UnknownCurrency:
        raise ValueError(f"{currency or 'nothing'} is no currency") from None
    if currency == company:
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
    """Stores the quotes, also in place of earlier ones; returns the number of new or changed ones.

    Placed orders keep the rate of their placing.
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
