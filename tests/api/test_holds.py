"""Drafts that hold stock for a time: extended, shortened, ended, and begun by an edit."""

import asyncio
from datetime import timedelta

from services.orders.expiry import sweep_expired
from services.work import clock
from tests.support.api import ask, change
from tests.support.audit.auditor import audit
from tests.support.databases import Database
from tests.support.edits import (
    EDIT,
    HOUR,
    NOON,
    at,
    draft,
    edit,
    line,
    refused,
    seen,
    stocked,
    told,
)


async def test_a_hold_is_extended_shortened_and_ended(database: Database) -> None:
    company = await stocked()
    with clock.frozen(NOON):
        order = await draft(company, line("TEA", 2), reserveUntil=at(NOON + HOUR))
        assert order["reserveUntil"] == at(NOON + HOUR)
        later = await edit(order, reserveUntil=at(NOON + 3 * HOUR))
        assert (later["reserveUntil"], later["lines"][0]["reserved"]) == (at(NOON + 3 * HOUR), 2)
        data = await told()
        assert data["changes"] == {
            "reserveUntil": ["2026-03-09T13:00:00+00:00", "2026-03-09T15:00:00+00:00"]
        }
        grown = [*({"lineId": each["id"], "quantity": 2} for each in later["lines"])]
        wish = {"lines": [*grown, line("CUP", 4)], "reserveUntil": at(NOON + 2 * HOUR)}
        both = await edit(later, **wish)
        assert [each["reserved"] for each in both["lines"]] == [2, 4]
        assert both["reserveUntil"] == at(NOON + 2 * HOUR)
    with clock.frozen(NOON + 2 * HOUR - timedelta(seconds=1)):
        assert await sweep_expired() == 0
        ended = await edit(both, reserveUntil=None)
    assert [each["reserved"] for each in ended["lines"]] == [0, 0]
    assert (ended["reserveUntil"], ended["fulfillmentStatus"]) == (None, "UNFULFILLED")
    assert await audit() == []


async def test_a_draft_that_held_nothing_holds_from_now_on(database: Database) -> None:
    company = await stocked()
    with clock.frozen(NOON):
        order = await draft(company, line("TEA", 2), line("CUP", 3))
        assert order["reserveUntil"] is None
        rival = await draft(company, line("CUP", 8), reserveUntil=at(NOON + HOUR))
        assert await refused(order, reserveUntil=at(NOON + 2 * HOUR)) == (
            *("INSUFFICIENT_STOCK", "lines.1.quantity"),
        )
    with clock.frozen(NOON + HOUR):  # what the rival held is free for whoever needs it
        held = await edit(order, reserveUntil=at(NOON + 2 * HOUR))
        assert [each["reserved"] for each in held["lines"]] == [2, 3]
        assert (await seen(rival))["reserveUntil"] is None
    with clock.frozen(NOON + 3 * HOUR):
        assert await sweep_expired() == 1
        assert (await seen(order))["reserveUntil"] is None
        again = await edit(await seen(order), reserveUntil=at(NOON + 4 * HOUR))
        assert [each["reserved"] for each in again["lines"]] == [2, 3]
        placed = await edit(await company.act(again, "SUBMIT"), note="placed")
    assert (placed["reserveUntil"], placed["status"]) == (None, "CONFIRMED")
    assert await audit() == []


async def test_what_waited_for_a_draft_is_looked_for_anew(database: Database) -> None:
    company = await stocked(backorder="ALLOW")
    with clock.frozen(NOON):
        order = await draft(company, line("TEA", 12), reserveUntil=at(NOON + HOUR))
        assert (order["lines"][0]["reserved"], order["lines"][0]["backordered"]) == (10, 2)
        ended = await edit(order, reserveUntil=None)
        assert (ended["lines"][0]["reserved"], ended["lines"][0]["backordered"]) == (0, 0)
        await company.receive("TEA", 2)
        held = await edit(ended, reserveUntil=at(NOON + HOUR))
        assert (held["lines"][0]["reserved"], held["lines"][0]["backordered"]) == (12, 0)
    assert await audit() == []


async def test_times_that_no_order_holds_its_stock_until(database: Database) -> None:
    company = await stocked()
    with clock.frozen(NOON):
        order = await draft(company, line("TEA", 2), reserveUntil=at(NOON + HOUR))
        for past in (NOON, NOON - HOUR):
            assert await refused(order, reserveUntil=at(past)) == ("INVALID", "reserveUntil")
        placed = await company.act(order, "SUBMIT")
        soon = at(NOON + HOUR)
        assert await refused(placed, reserveUntil=soon) == ("INVALID", "reserveUntil")
        assert (await edit(placed, reserveUntil=None))["lines"][0]["reserved"] == 2


async def test_a_draft_of_what_is_sold_no_more_holds_none(database: Database) -> None:
    company = await stocked()
    order = await draft(company, line("CUP", 1), line("TEA", 2))
    await change(
        """mutation($id: ID!) { productSave(id: $id, input: {discontinued: true}) {
          product { id } userErrors { code } } }""",
        id=(await ask('{ product(sku: "TEA") { id } }'))["product"]["id"],
    )
    with clock.frozen(NOON):
        wish = {"reserveUntil": at(NOON + HOUR)}
        assert await refused(order, **wish) == ("INVALID", "lines.1.sku")


async def test_a_hold_that_is_over_is_extended_or_freed(database: Database) -> None:
    """Whoever comes first: the edit finds a newer version, or the sweep nothing that is over."""
    company = await stocked()
    with clock.frozen(NOON):
        order = await draft(company, line("TEA", 2), reserveUntil=at(NOON + HOUR))
    with clock.frozen(NOON + HOUR):
        wish = {"reserveUntil": at(NOON + 2 * HOUR)}
        known = {"id": order["id"], "version": order["version"]}
        answer, _ = await asyncio.gather(ask(EDIT, **known, input=wish), sweep_expired())
        after = await seen(order)
    codes = [error["code"] for error in answer["orderEdit"]["userErrors"]]
    held = (after["lines"][0]["reserved"], after["reserveUntil"])
    assert (codes, held) in (([], (2, at(NOON + 2 * HOUR))), (["VERSION_CONFLICT"], (0, None)))
    assert after["version"] == 2
    assert await audit() == []


async def test_what_waited_when_the_time_was_over_is_looked_for_anew(database: Database) -> None:
    company = await stocked(backorder="ALLOW")
    with clock.frozen(NOON):
        order = await draft(company, line("TEA", 12), reserveUntil=at(NOON + HOUR))
    with clock.frozen(NOON + HOUR):
        assert await sweep_expired() == 1
        await company.receive("TEA", 2)
        held = await edit(await seen(order), reserveUntil=at(NOON + 2 * HOUR))
    assert (held["lines"][0]["reserved"], held["lines"][0]["backordered"]) == (12, 0)
    assert await audit() == []
