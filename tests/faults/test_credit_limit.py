"""Two hundred orders at once, at several servers, against one limit: the confirmed ones keep it."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from models.customers import Customer
from models.orders import Order
from tests.support.audit.auditor import audit
from tests.support.company import PLACE, Company, found_company
from tests.support.databases import Database
from tests.support.processes import Server, started

ORDERS: Final = 200
LIMIT_MINOR: Final = 50_500


async def buys_on_credit() -> Company:
    """A customer who may owe 505.00, and tea at 10.00."""
    company = await found_company()
    await company.product("TEA", stock=100_000)
    await company.limit("505.00")
    return company


async def rush(server: Server, company: Company, quantities: list[int]) -> Counter[str]:
    """How many orders, of so many units each, got which status."""

    async def place(quantity: int) -> str:
        # They become loyal on the way, and then it would be cheaper.
        line: dict[str, Any] = {"sku": "TEA", "quantity": quantity, "discountRate": "0"}
        placed = await server.change(PLACE, input={"customerId": company.customer, "lines": [line]})
        assert placed["userErrors"] == []
        status: str = placed["order"]["status"]
        return status

    return Counter(await asyncio.gather(*(place(each) for each in quantities)))


async def confirmed_minor() -> int:
    """What all confirmed orders come to."""
    return sum(order.total_gross_minor for order in await Order.filter(status="CONFIRMED"))


async def test_a_limit_is_kept_by_all_servers(database: Database, tmp_path: Path) -> None:
    company = await buys_on_credit()
    async with started(database, tmp_path, workers=4, run_seconds=60) as server:
        statuses = await rush(server, company, [1] * ORDERS)
    assert statuses == {"CONFIRMED": 50, "AWAITING_APPROVAL": 150}
    assert await confirmed_minor() == 50_000
    assert (await Customer.get()).credit_used_minor == ORDERS * 1_000
    assert await audit() == []


@pytest.mark.soak
async def test_a_limit_is_kept_whatever_is_ordered(database: Database, tmp_path: Path) -> None:
    """The limit grows; in the end it is all used up but for less than any order comes to."""
    company = await buys_on_credit()
    quantities = [1 + place % 7 for place in range(ORDERS)]
    async with started(database, tmp_path, workers=4, run_seconds=60) as server:
        for _ in range(10):
            owed = (await Customer.get()).credit_used_minor
            before = await confirmed_minor()
            await Customer.all().update(credit_limit_minor=owed + LIMIT_MINOR)
            await rush(server, company, quantities)
            more = await confirmed_minor() - before
            assert LIMIT_MINOR - 7_000 < more <= LIMIT_MINOR
    assert await audit() == []


async def test_a_planted_fault_is_seen(database: Database, tmp_path: Path) -> None:
    company = await buys_on_credit()
    app = "tests.support.faulty_servers:generous"
    async with started(database, tmp_path, workers=4, app=app, run_seconds=60) as server:
        statuses = await rush(server, company, [1] * ORDERS)
    assert statuses["CONFIRMED"] > 50
    assert await confirmed_minor() > LIMIT_MINOR
