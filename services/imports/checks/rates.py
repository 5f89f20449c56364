"""Exchange rates of foreign orders, and warnings of missing rates."""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from tortoise.backends.base.client import BaseDBAsyncClient

from models.rules.errors import ErrorCode
from services.aggregates import amounts
from services.imports.checks.first_pass import Case
from services.imports.checks.staging import StagedRow, State
from services.imports.files.records import Kind, OrderRow
from services.imports.files.report import Outcome
from services.imports.files.values import instant
from services.work.policy import Policy

BATCH = 500


async def rates_of(
    policy: Policy, orders: Iterable[OrderRow], connection: BaseDBAsyncClient
) -> dict[tuple[str, date], Decimal]:
    """The rates of the orders in foreign currencies, by currency and day."""
    days = {
        (each.currency, policy.local(each.placed_at).date())
        for each in orders
        if each.currency != policy.currency
    }
    return await amounts.rates_on(days, connection)


async def rates_of_rows(
    policy: Policy, kind: Kind, rows: list[StagedRow]
) -> dict[tuple[str, date], Decimal]:
    """The rates of rows in foreign currencies, by currency and day."""
    days = {_day(policy, kind, json.loads(staged.payload or "{}")) for staged in rows}
    foreign = {each for each in days if each[0] != policy.currency}
    return await amounts.rates_on(foreign) if foreign else {}


async def check_rates(case: Case) -> None:
    """Warns of orders and products in a currency without a rate, once for each currency."""
    company = case.policy.currency
    first: dict[tuple[Kind, str], StagedRow] = {}
    counts: dict[tuple[Kind, str], int] = defaultdict(int)
    for kind in (Kind.PRODUCT, Kind.ORDER):
        async for batch in case.batches(f"checking {kind} currencies", kind, BATCH, State.NEW):
            known = await rates_of_rows(case.policy, kind, batch)
            for staged in batch:
                currency, day = _day(case.policy, kind, json.loads(staged.payload or "{}"))
                if currency != company and (currency, day) not in known:
                    first.setdefault((kind, currency), staged)
                    counts[kind, currency] += 1
    for (kind, currency), staged in first.items():
        effect = "they count neither for credit nor for lifetime value"
        if kind is Kind.PRODUCT:
            effect = "orders of them will not count for credit"
        reason = (
            f"{counts[kind, currency]:,} {kind} rows from here on are in {currency}, of which no"
            f" rate to {company} is known: {effect}. Load rates before, by ordergraph rates."
        )
        case.add_problem(Outcome.WARNING, staged, ErrorCode.NOT_FOUND, reason)


def _day(policy: Policy, kind: Kind, payload: dict[str, str]) -> tuple[str, date]:
    """The row's currency, and the day of its rate: the latest day for a price."""
    if kind is Kind.PRODUCT:
        return payload["currency"], date.max
    return payload["currency"], policy.local(instant(payload["placed_at"])).date()
