"""Lots and serial numbers when many want them at once, and after anything that may happen."""

import asyncio
import random
from collections import Counter
from typing import Any, Final

import pytest

from tests.support.api import ask
from tests.support.audit.auditor import audit
from tests.support.company import (
    ACT,
    PLACE,
    RECEIVE,
    RETURN,
    SHIPMENT,
    STOCK,
    TRACK,
    Company,
    found_company,
)
from tests.support.databases import Database
from tests.support.tracked import adjust, correction, kinds, named, second_warehouse, wish

RIVALS: Final = 6
STEPS: Final = 150
LOTS: Final = ("L1", "L2", "L3")

TRANSFER: Final = """
mutation($from: ID!, $to: ID!, $lines: [TransferLine!]!) {
  stockTransfer(fromId: $from, toId: $to, lines: $lines) {
    items { onHand } userErrors { code message path } } }"""
ORDER: Final = """query($id: ID!) { order(id: $id) {
  id version lines { id sku quantity } shipments { id status }
  returns { id version lines { quantity received orderLine { id sku } } } } }"""
LEDGER: Final = """query($code: String!) { trace(code: $code) { genuine steps { kind } } }"""


async def answer(document: str, **variables: Any) -> str:
    """`done`, or the code of the first refusal."""
    (payload,) = (await ask(document, **variables)).values()
    errors = payload["userErrors"]
    return errors[0]["code"] if errors else "done"


async def test_two_shipments_want_the_same_serial_number(database: Database) -> None:
    company = await found_company()
    await company.product("PHONE", tracking="SERIAL")
    codes = [f"SN-{number}" for number in range(RIVALS)]
    await adjust(company, "PHONE", RIVALS, *codes)
    orders = [await company.order(("PHONE", 1)) for _ in range(RIVALS)]
    answers = await asyncio.gather(
        *(answer(SHIPMENT, **wish(company, order, 1, "SN-0")) for order in orders)
    )
    assert Counter(answers) == {"done": 1, "INVALID": RIVALS - 1}
    assert await audit() == []


async def test_shipments_without_a_wish_share_a_lot(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", tracking="LOT")
    await adjust(company, "TEA", RIVALS, ("L1", RIVALS - 1, "2099-01-01"), ("L2", 1))
    orders = [await company.order(("TEA", 1)) for _ in range(RIVALS)]
    answers = await asyncio.gather(
        *(answer(ACT, id=order["id"], version=order["version"], action="SHIP") for order in orders)
    )
    assert Counter(answers) == {"done": RIVALS}
    assert Counter(await kinds("L1")) == {"ADJUST": 1, "SHIP": RIVALS - 1}
    assert Counter(await kinds("L2")) == {"ADJUST": 1, "SHIP": 1}
    assert await audit() == []


@pytest.mark.parametrize("known", [False, True])
async def test_one_serial_number_is_received_in_one_place(database: Database, known: bool) -> None:
    company = await found_company()
    await company.product("PHONE", tracking="SERIAL")
    earlier = ["ADJUST", "ADJUST"] if known else []
    if known:
        await adjust(company, "PHONE", 1, "SN-1")
        await adjust(company, "PHONE", -1, "SN-1")
    places = [company.warehouse, await second_warehouse()]
    answers = await asyncio.gather(
        *(
            answer(STOCK, changes=[correction(company, "PHONE", 1, "SN-1", warehouseId=place)])
            for place in places * 3
        )
    )
    assert Counter(answers) == {"done": 1, "DUPLICATE": 5}
    assert await kinds("SN-1") == [*earlier, "ADJUST"]
    assert await audit() == []


class Chance:
    """Somebody who does anything with a lot, TEA, and serial numbers, PHONE."""

    def __init__(self, company: Company, shop: str, seed: int) -> None:
        self.company = company
        self.places = [company.warehouse, shop]
        self.dice = random.Random(seed)
        self.serials = 0
        self.orders: list[str] = []

    async def step(self) -> str:
        """Something that may well be refused: what came of it."""
        deeds = [self.receive, self.receive, self.take, self.place, self.place, self.transfer]
        if self.orders:
            deeds += [self.ship, self.ship, self.act, self.track, self.track]
            deeds += [self.send_back, self.send_back, self.send_back]
        deed = self.dice.choice(deeds)
        return f"{deed.__name__} {await deed()}"

    def units(self, sku: str, quantity: int, *, new: bool = False) -> list[Any]:
        """Codes for so many units, which may or may not be right."""
        if sku == "TEA":
            lots = self.dice.sample(LOTS, min(quantity, self.dice.randint(1, 2)))
            return [(lots[0], quantity - len(lots) + 1), *((lot, 1) for lot in lots[1:])]
        if new:
            self.serials += quantity
            first = self.serials - quantity
            return [f"SN-{first + number}" for number in range(quantity)]
        known = max(self.serials, quantity)
        return [f"SN-{number}" for number in self.dice.sample(range(known), quantity)]

    async def receive(self) -> str:
        sku, quantity = self.dice.choice(["TEA", "PHONE"]), self.dice.randint(2, 8)
        codes = self.units(sku, quantity, new=self.dice.random() < 0.8)
        return await self.correct(sku, quantity, codes, self.dice.choice(["ADJUST", "COUNT"]))

    async def take(self) -> str:
        sku, quantity = self.dice.choice(["TEA", "PHONE"]), self.dice.randint(1, 2)
        kind = self.dice.choice(["ADJUST", "COUNT", "SCRAP", "DAMAGE", "DAMAGE"])
        sign = self.dice.choice([1, -1]) if kind == "DAMAGE" else -1
        unnamed = kind == "DAMAGE" and self.dice.random() < 0.5
        codes = [] if unnamed else self.units(sku, quantity)
        return await self.correct(sku, sign * quantity, codes, kind)

    async def correct(self, sku: str, delta: int, codes: list[Any], kind: str) -> str:
        where = self.dice.choice(self.places)
        entry = correction(self.company, sku, delta, *codes, kind=kind, warehouseId=where)
        return await answer(STOCK, changes=[entry])

    async def transfer(self) -> str:
        start, end = self.dice.sample(self.places, 2)
        sku = self.dice.choice(["TEA", "PHONE"])
        lines = [{"sku": sku, "quantity": self.dice.randint(1, 3)}]
        return await answer(TRANSFER, **{"from": start}, to=end, lines=lines)

    async def place(self) -> str:
        lines = [
            {"sku": sku, "quantity": self.dice.randint(1, 3)}
            for sku in self.dice.choices(["TEA", "PHONE"], k=2)
        ]
        wished = {"customerId": self.company.customer, "lines": lines}
        placed = (await ask(PLACE, input=wished))["orderPlace"]
        if placed["order"] is None:
            return str(placed["userErrors"][0]["code"])
        self.orders.append(placed["order"]["id"])
        return "done"

    async def order(self) -> dict[str, Any]:
        found: dict[str, Any] = (await ask(ORDER, id=self.dice.choice(self.orders)))["order"]
        return found

    async def ship(self) -> str:
        order = await self.order()
        line = self.dice.choice(order["lines"])
        quantity = self.dice.randint(1, line["quantity"])
        chosen = {"units": named(*self.units(line["sku"], quantity))}
        lines = [{"lineId": line["id"], "quantity": quantity}]
        if self.dice.random() < 0.5:
            lines[0] |= chosen
        wished = {"warehouseId": self.dice.choice(self.places), "lines": lines}
        return await answer(SHIPMENT, id=order["id"], version=order["version"], input=wished)

    async def act(self) -> str:
        order = await self.order()
        action = self.dice.choice(["PREPARE", "SHIP", "SHIP", "CANCEL"])
        return await answer(ACT, id=order["id"], version=order["version"], action=action)

    async def track(self) -> str:
        shipments = (await self.order())["shipments"]
        if not shipments:
            return "nothing to track"
        status = self.dice.choice(["SHIPPED", "SHIPPED", "DELIVERED", "CANCELLED"])
        return await answer(TRACK, id=self.dice.choice(shipments)["id"], status=status)

    async def left(self) -> dict[str, Any] | None:
        """An order of which a shipment has left, if there is one."""
        for key in self.dice.sample(self.orders, len(self.orders)):
            found: dict[str, Any] = (await ask(ORDER, id=key))["order"]
            if {each["status"] for each in found["shipments"]} & {"SHIPPED", "DELIVERED"}:
                return found
        return None

    async def send_back(self) -> str:
        order = await self.left()
        if order is None:
            return "nothing has left"
        line = self.dice.choice(order["lines"])
        announced = [{"lineId": line["id"], "quantity": 1}]
        await ask(RETURN, orderId=order["id"], lines=announced, reason="any")
        requests = (await ask(ORDER, id=order["id"]))["order"]["returns"]
        if not requests:
            return "nothing is announced"
        request = self.dice.choice(requests)
        sku = request["lines"][0]["orderLine"]["sku"]
        back = {
            "lineId": request["lines"][0]["orderLine"]["id"],
            "quantity": 1,
            "disposition": self.dice.choice(["RESTOCK", "QUARANTINE", "SCRAP"]),
        }
        told = "INVALID"
        # Whoever receives it reads the code: it is one of those that are known.
        codes = LOTS if sku == "TEA" else [f"SN-{number}" for number in range(self.serials)]
        for code in codes:
            lines = [{**back, "units": named(code)}]
            told = await answer(RECEIVE, id=request["id"], version=request["version"], lines=lines)
            if told == "done":
                break
        return told


@pytest.mark.parametrize("seed", range(3))
async def test_units_are_what_is_on_hand_after_any_history(database: Database, seed: int) -> None:
    company = await found_company()
    await company.product("TEA", tracking="LOT", backorder="ALLOW")
    await company.product("PHONE", tracking="SERIAL")
    chance = Chance(company, await second_warehouse(), seed)
    told = Counter([await chance.step() for _ in range(STEPS)])
    assert await audit() == []
    deeds = ("receive", "take", "transfer", "place", "ship", "act", "track", "send_back")
    assert {f"{deed} done" for deed in deeds} <= set(told)
