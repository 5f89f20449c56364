"""Lots past their last good day: nothing sends them out, and refusals say what to write off."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from services.work import clock, policy
from tests.support.api import ask, change, refusal
from tests.support.audit.auditor import audit
from tests.support.company import ACT, SHIPMENT, STOCK, TRACK, Company, found_company
from tests.support.databases import Database
from tests.support.tracked import (
    TRANSFER,
    adjust,
    correction,
    kinds,
    pack,
    second_warehouse,
    send,
    wish,
)

SEEN = """query($id: ID!) { order(id: $id) { id version fulfillmentStatus } }"""
TOLD = """mutation($id: ID!, $at: DateTime!) {
  shipmentTrack(id: $id, status: SHIPPED, at: $at) { order { id } userErrors { code message } } }"""
OLD, YOUNG = "2026-03-08", "2026-03-09"
LAST_GOOD_DAY = datetime(2026, 3, 9, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_new_york() -> Iterator[None]:
    """There the days begin five or four hours later than in UTC."""
    usual = policy.current()
    policy.use(replace(usual, time_zone="America/New_York"))
    yield
    policy.use(usual)


async def teas(*lots: tuple[str, int, str]) -> Company:
    """A company with tea of these lots: code, quantity, and the last day on which it is good."""
    company = await found_company()
    await company.product("TEA", tracking="LOT")
    for lot in lots:
        await adjust(company, "TEA", lot[1], lot)
    return company


async def seen(order: dict[str, Any]) -> dict[str, Any]:
    """The order as it is now."""
    found: dict[str, Any] = (await ask(SEEN, id=order["id"]))["order"]
    return found


async def not_done(order: dict[str, Any], action: str) -> dict[str, Any]:
    """Why an action is refused."""
    now = await seen(order)
    (error,) = await refusal(ACT, id=now["id"], version=now["version"], action=action)
    return error


async def test_what_has_expired_is_left_on_the_shelf(database: Database) -> None:
    with clock.frozen(LAST_GOOD_DAY):
        company = await teas(("OLD", 4, OLD), ("YOUNG", 4, YOUNG))
        await company.act(await company.order(("TEA", 3)), "SHIP")
    assert [await kinds(code) for code in ("OLD", "YOUNG")] == [["ADJUST"], ["ADJUST", "SHIP"]]
    assert await audit() == []


async def test_too_few_fresh_ones_say_what_to_write_off(database: Database) -> None:
    with clock.frozen(LAST_GOOD_DAY):
        company = await teas(("OLD", 4, OLD), ("YOUNG", 4, YOUNG))
        order = await company.order(("TEA", 5))
        for action in ("PREPARE", "SHIP"):
            assert await not_done(order, action) == {
                "code": "INVALID",
                "message": "Too few units of TEA are free. Write off what has expired: OLD.",
                "path": ["lines"],
            }
        # Written off, they are promised to nobody: one unit waits, and the others leave.
        gone = [
            correction(company, "TEA", 4, ("OLD", 4), kind="DAMAGE"),
            correction(company, "TEA", -4, ("OLD", 4), kind="SCRAP"),
        ]
        await change(STOCK, changes=gone)
        await company.act(await seen(order), "SHIP")
        assert (await seen(order))["fulfillmentStatus"] == "PARTLY_SHIPPED"
    assert await audit() == []


async def test_nobody_picks_what_has_expired(database: Database) -> None:
    with clock.frozen(LAST_GOOD_DAY):
        company = await teas(("OLD", 4, OLD), ("YOUNG", 4, YOUNG))
        order = await company.order(("TEA", 2))
        (error,) = await refusal(SHIPMENT, **wish(company, order, 2, "YOUNG", "OLD"))
        assert error == {
            "code": "INVALID",
            "message": "OLD expired after 2026-03-08.",
            "path": ["input", "lines", "0", "units", "1", "code"],
        }
        await send(await pack(company, order, 2, ("YOUNG", 2)))
    assert await audit() == []


@pytest.mark.parametrize(
    ("now", "leaves"),
    [
        (datetime(2026, 3, 10, 3, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 10, 4, 0, tzinfo=UTC), False),
    ],
)
async def test_the_day_is_the_company_s(
    sqlite_database: Database, now: datetime, leaves: bool
) -> None:
    with clock.frozen(now):
        company = await teas(("YOUNG", 4, YOUNG))
        order = await company.order(("TEA", 1))
        if leaves:
            await company.act(order, "SHIP")
        else:
            assert (await not_done(order, "SHIP"))["code"] == "INVALID"


async def test_what_expires_while_it_is_packed_does_not_leave(database: Database) -> None:
    with clock.frozen(LAST_GOOD_DAY):
        company = await teas(("YOUNG", 2, YOUNG), ("NEXT", 2, "2026-03-20"))
        late, told_late = await company.order(("TEA", 1)), await company.order(("TEA", 1))
        packed = [await pack(company, order, 1) for order in (late, told_late)]
    with clock.frozen(datetime(2026, 3, 11, 9, tzinfo=UTC)):
        (error,) = await refusal(TRACK, id=packed[0], status="SHIPPED")
        assert error == {
            "code": "INVALID",
            "message": "YOUNG expired after 2026-03-09: cancel the shipment and pack anew.",
            "path": [],
        }
        await change(TRACK, id=packed[0], status="CANCELLED")
        await company.act(await seen(late), "SHIP")
        assert await kinds("NEXT") == ["ADJUST", "SHIP"]
        # It left in time, and somebody tells it afterwards.
        await change(TOLD, id=packed[1], at="2026-03-09T18:00:00Z")
        assert await kinds("YOUNG") == ["ADJUST", "SHIP"]
    assert await audit() == []


async def test_what_has_expired_moves_last(database: Database) -> None:
    with clock.frozen(LAST_GOOD_DAY):
        company = await teas(("OLD", 2, OLD), ("YOUNG", 2, YOUNG))
        shop = await second_warehouse()
        moved: dict[str, Any] = {"from": company.warehouse, "to": shop}
        for quantity, old in ((2, ["ADJUST"]), (1, ["ADJUST", "TRANSFER_OUT", "TRANSFER_IN"])):
            await change(TRANSFER, **moved, lines=[{"sku": "TEA", "quantity": quantity}])
            assert await kinds("OLD") == old
    assert await audit() == []
