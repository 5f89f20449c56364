"""Numbers: unique always; of invoices without a gap, even where transactions fail."""

import asyncio
from datetime import UTC, datetime

import pytest

from models.numbering import NumberCounter
from models.rules.access import OPEN
from services import numbering, policy
from services.transaction import Work, run
from tests.support.databases import Database
from tests.support.trade import NOON

ORDERS = "SO-{channel}-{yyyy}{mm}-{seq:6}"


async def next_invoice(work: Work) -> str:
    return await numbering.gapless(work.connection, "invoice", "INV-{yyyy}-{seq:3}", NOON)


async def test_fifty_at_once_get_fifty_numbers(database: Database) -> None:
    wanted = (numbering.reserve("order", ORDERS, NOON, "web") for _ in range(50))
    numbers = await asyncio.gather(*wanted)
    assert len(set(numbers)) == 50
    assert all(number.startswith("SO-WEB-202603-") for number in numbers)


async def test_one_after_the_other_uses_a_block_up(sqlite_database: Database) -> None:
    numbers = [await numbering.reserve("order", "{seq:3}", NOON) for _ in range(21)]
    assert numbers == [f"{n:03}" for n in range(1, 22)]
    assert (await NumberCounter.get()).value == 2 * numbering.BLOCK


async def test_each_channel_and_month_counts_for_itself(sqlite_database: Database) -> None:
    april = datetime(2026, 4, 1, tzinfo=UTC)
    numbers = [
        await numbering.reserve("order", ORDERS, at, channel)
        for at, channel in ((NOON, "web"), (NOON, "shop"), (april, "web"), (NOON, "WEB"))
    ]
    assert numbers == [
        "SO-WEB-202603-000001",
        "SO-SHOP-202603-000001",
        "SO-WEB-202604-000001",
        "SO-WEB-202603-000002",
    ]


async def test_a_month_begins_where_the_business_is(sqlite_database: Database) -> None:
    usual = policy.current()
    policy.use(policy.Policy(time_zone="Pacific/Auckland"))
    try:
        late = datetime(2026, 3, 31, 12, tzinfo=UTC)
        assert await numbering.reserve("order", ORDERS, late, "x") == "SO-X-202604-000001"
    finally:
        policy.use(usual)


async def test_a_failed_transaction_leaves_no_gap(database: Database) -> None:
    async def fail(work: Work) -> None:
        assert await next_invoice(work) == "INV-2026-002"
        raise RuntimeError

    assert await run(OPEN, next_invoice) == "INV-2026-001"
    with pytest.raises(RuntimeError):
        await run(OPEN, fail)
    assert await run(OPEN, next_invoice) == "INV-2026-002"


async def test_thirty_at_once_of_which_a_third_fails_leave_no_gap(database: Database) -> None:
    async def one(index: int) -> str | None:
        async def step(work: Work) -> str:
            number = await next_invoice(work)
            if index % 3 == 0:
                raise RuntimeError
            return number

        try:
            return await run(OPEN, step)
        except RuntimeError:
            return None

    numbers = await asyncio.gather(*(one(index) for index in range(30)))
    taken = sorted(number for number in numbers if number)
    assert taken == [f"INV-2026-{n:03}" for n in range(1, 21)]
