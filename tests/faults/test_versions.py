"""Two hundred writers of one order, at several servers: each version has one author."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from models.events import Event
from models.orders import Order
from tests.support.audit.auditor import audit
from tests.support.company import Company, found_company
from tests.support.databases import Database
from tests.support.processes import Server, started

WRITERS: Final = 200
SEEN: Final = "query($id: ID!) { order(id: $id) { version status } }"
ANSWER: Final = """{
  order { version }
  userErrors { code ... on VersionConflict {
    expected actual current { id ... on Order { version } } } }
}"""
ACT: Final = f"""
mutation($id: ID!, $version: Int!, $action: OrderAction!) {{
  orderAct(id: $id, version: $version, action: $action) {ANSWER}
}}"""
EDIT: Final = f"""
mutation($id: ID!, $version: Int!, $input: OrderEditInput!) {{
  orderEdit(id: $id, version: $version, input: $input, reason: "They called.") {ANSWER}
}}"""
NOTE: Final = f"mutation($id: ID!, $text: String!) {{ orderNote(id: $id, text: $text) {ANSWER} }}"


@dataclass(frozen=True)
class Written:
    """What a writer who saw a version was answered. A note needs to have seen none."""

    saw: int | None
    answer: dict[str, Any]

    @property
    def refused(self) -> bool:
        return bool(self.answer["userErrors"])


async def write(server: Server, order_id: str, dice: random.Random, place: int) -> Written:
    """A look at the order, and then a hold or its release, an edit or a note."""
    seen = (await server.ask(SEEN, id=order_id))["order"]
    known = {"id": order_id, "version": seen["version"]}
    match dice.choice(["act", "edit", "note"]):
        case "act":
            action = "RELEASE" if seen["status"] == "ON_HOLD" else "HOLD"
            return Written(seen["version"], await server.change(ACT, **known, action=action))
        case "edit":
            wish = {"attributes": {"writer": place}}
            return Written(seen["version"], await server.change(EDIT, **known, input=wish))
    return Written(None, await server.change(NOTE, id=order_id, text=f"note {place}."))


async def fight(server: Server, company: Company, writers: int) -> tuple[str, list[Written]]:
    """The id of an order, and what was answered to all its writers."""
    await company.product("TEA", stock=10)
    order = await company.order(("TEA", 2))
    dice = random.Random(writers)
    writing = (write(server, order["id"], dice, place) for place in range(writers))
    return order["id"], await asyncio.gather(*writing)


def wrong(order_id: str, written: Sequence[Written]) -> list[str]:
    """What was answered to a writer and must not be, in words."""
    found = []
    for each in written:
        after = each.answer["order"]
        errors = each.answer["userErrors"]
        if each.saw is None:
            found += [f"a note is refused: {errors}"] if errors else []
        elif not errors:
            if after["version"] != each.saw + 1:
                found.append(f"who saw {each.saw} has written {after['version']}")
        else:
            (error,) = errors
            found += _wrong_refusal(order_id, each.saw, error)
    return found


def _wrong_refusal(order_id: str, saw: int, error: dict[str, Any]) -> list[str]:
    if error["code"] != "VERSION_CONFLICT":
        return [f"who saw {saw} is told {error['code']}"]
    now = error["current"]
    told = (error["expected"], now["id"], now["version"])
    right = told == (saw, order_id, error["actual"]) and error["actual"] > saw
    return [] if right else [f"who saw {saw} is told {error}"]


async def _check(order_id: str, written: Sequence[Written]) -> None:
    assert wrong(order_id, written) == []
    authors = [each for each in written if each.saw is not None and not each.refused]
    losers = [each for each in written if each.refused]
    order = await Order.get()
    assert order.version == 1 + len(authors)
    assert sorted(each.answer["order"]["version"] for each in authors) == list(
        range(2, order.version + 1)
    )
    notes = [each for each in written if each.saw is None]
    assert len(authors) + len(losers) + len(notes) == len(written)
    assert authors
    assert losers
    assert len(notes) == len((order.note or "").splitlines())
    assert await Event.filter(order_id=order.id).count() == 1 + len(authors) + len(notes)
    assert await audit() == []


async def test_each_version_has_one_author(database: Database, tmp_path: Path) -> None:
    company = await found_company()
    async with started(database, tmp_path, workers=4, run_seconds=60) as server:
        order_id, written = await fight(server, company, WRITERS)
    await _check(order_id, written)


@pytest.mark.soak
async def test_each_version_has_one_author_for_long(database: Database, tmp_path: Path) -> None:
    company = await found_company()
    async with started(database, tmp_path, workers=4, run_seconds=60) as server:
        order_id, written = await fight(server, company, 10 * WRITERS)
    await _check(order_id, written)


async def test_a_planted_fault_is_seen(database: Database, tmp_path: Path) -> None:
    company = await found_company()
    app = "tests.support.faulty_servers:blind"
    async with started(database, tmp_path, workers=4, app=app, run_seconds=60) as server:
        order_id, written = await fight(server, company, 60)
    assert wrong(order_id, written) != []
