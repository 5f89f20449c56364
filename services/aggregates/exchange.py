"""The rate of a currency on a day."""

from bisect import bisect_right
from collections.abc import Collection
from datetime import date
from decimal import Decimal

from tortoise.backends.base.client import BaseDBAsyncClient

from models.exchange import ExchangeRate
from services.work.work import Work


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
