"""A preview of an order tells to the cent what placing it does, and leaves no trace."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from unittest.mock import ANY

import pytest
from tortoise.transactions import in_transaction

from graph.execution.engine import Ask, Engine
from models.catalog import Product
from models.customers import Customer
from models.inventory import StockItem
from models.numbering import NumberCounter
from models.orders import Order, OrderLine
from models.rules.access import EVERYTHING, OPEN, Permission
from models.rules.money import to_text
from resolvers.context import Context
from services.aggregates.amounts import parts_of
from services.work import clock
from tests.support.agreement import engines
from tests.support.api import SEALER, ask, change, failure
from tests.support.company import PLACE, Company, found_company
from tests.support.databases import Database
from tests.support.order_inputs import (
    FOREIGN,
    HELD,
    LATER,
    SKUS,
    Input,
    drawn,
    drawn_policy,
    open_market,
)
from tests.support.repository import ROOT
from tests.support.statements import counted
from tests.support.trade import nothing_written

TAXED: Final = "net { amount currencyCode } tax { amount } gross { amount }"
SUMS: Final = f"""subtotal {{ {TAXED} }} discount {{ amount }} shipping {{ {TAXED} }}
  total {{ {TAXED} }} status"""
LINE: Final = f"""sku name quantity unitPrice {{ amount currencyCode }} discountRate taxRate
  total {{ {TAXED} }}"""
REASONS: Final = """userErrors { __typename code message path
  ... on StockShortage { sku requested available warehouse { code } }
  ... on CreditExceeded { limit { amount } used { amount } requestedAmount { amount } } }"""
PREVIEW: Final = f"""query($input: OrderInput!) {{ orderPreview(input: $input) {{ {SUMS}
  taxes {{ rate net {{ amount currencyCode }} tax {{ amount }} }}
  lines {{ {LINE} available earliest }} {REASONS} }} }}"""
PLACED: Final = f"""mutation($input: OrderInput!) {{ orderPlace(input: $input) {{
  order {{ number {SUMS} lines {{ {LINE} reserved }} }} {REASONS} }} }}"""
AVAILABLE: Final = """query($lines: [LineInput!]!) { availability(lines: $lines) {
  sku available earliest } }"""
SHORT: Final = """query($input: OrderInput!) { orderPreview(input: $input) {
  total { gross { amount currencyCode } } status taxes { rate }
  lines { sku available earliest } userErrors { code path } } }"""


async def preview(document: str = PREVIEW, **wish: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await ask(document, input=wish))["orderPreview"]
    return found


async def seen(engine: Engine, wish: Input) -> dict[str, Any]:
    """The preview of a wish, as one of the two engines answers it."""
    answer = await engine.execute(
        engine.prepare(Ask(PREVIEW, {"input": wish}), Context(OPEN, SEALER))
    )
    assert not answer.errors
    assert answer.data is not None
    found: dict[str, Any] = answer.data["orderPreview"]
    return found


async def taxes_written(number: str) -> list[dict[str, Any]]:
    """What bears which rate in an order, by its rows."""
    order = await Order.get(number=number)
    net: Counter[Decimal] = Counter()
    tax: Counter[Decimal] = Counter()
    for line in await OrderLine.filter(order_id=order.id):
        net[line.tax_rate] += line.net_minor
        tax[line.tax_rate] += line.tax_minor
    for part in parts_of(order):
        net[part.rate] += part.net_minor
        tax[part.rate] += part.tax_minor
    code = order.currency
    return [
        {
            "rate": f"{rate.normalize() + 0:f}",
            "net": {"amount": to_text(net[rate], code), "currencyCode": code},
            "tax": {"amount": to_text(tax[rate], code)},
        }
        for rate in sorted(net)
    ]


async def compare(wish: Input, ours: Engine, reference: Engine) -> str:
    """Preview a wish by both engines, and place it; the status, or why it was refused."""
    first, other = await seen(ours, wish), await seen(reference, wish)
    assert first == other
    days = await days_told(wish)
    told = first.pop("userErrors")
    placed = (await ask(PLACED, input=wish))["orderPlace"]
    assert told == placed["userErrors"]
    order = placed["order"]
    if order is None:
        assert told
        assert first["status"] is None
        return ", ".join(sorted({each["code"] for each in told}))
    assert first.pop("taxes") == await taxes_written(order.pop("number"))
    assert [line.pop("earliest") for line in first["lines"]] == (days or ANY)
    for line in first["lines"]:
        line["reserved"] = line.pop("available")
    assert first == order
    return str(order["status"])


async def days_told(wish: Input) -> list[str | None] | None:
    """When each line could leave, as `availability` answers it.

    None where drafts hold some for a time that is over: it does not know yet that they end.
    """
    if any(line["sku"] in HELD for line in wish["lines"]):
        return None
    known = {*SKUS, *FOREIGN}
    skus = (line["sku"] if line["sku"] in known else "NONE" for line in wish["lines"])
    lines = [
        {"sku": sku, "quantity": line["quantity"]}
        for sku, line in zip(skus, wish["lines"], strict=True)
    ]
    return [each["earliest"] for each in (await ask(AVAILABLE, lines=lines))["availability"]]


async def test_a_preview_equals_what_placing_writes(database: Database) -> None:
    dice = random.Random(5)
    outcomes: Counter[str] = Counter()
    both = engines()
    with clock.frozen(LATER):
        market = await open_market()
        for number in range(200):
            if number % 15 == 14:
                await market.restock()
            with drawn_policy(dice):
                outcomes[await compare(drawn(dice, market), *both)] += 1
    usual = {"CONFIRMED", "AWAITING_APPROVAL", "INVALID", "NOT_FOUND", "DUPLICATE"}
    assert outcomes.keys() >= usual | {"CREDIT_EXCEEDED", "INSUFFICIENT_STOCK"}


async def test_previews_leave_no_trace(database: Database) -> None:
    dice = random.Random(6)
    with clock.frozen(LATER):
        market = await open_market()
        first = await market.trade.place(("TEA", 1))
        counters = await NumberCounter.all().order_by("scope").values()
        async with nothing_written():
            with counted() as statements:
                for _ in range(60):
                    await preview(**drawn(dice, market))
        second = await market.trade.place(("TEA", 1))
    assert {text.split()[0] for text in statements} == {"SELECT"}
    assert [text for text in statements if "FOR UPDATE" in text] == []
    assert await NumberCounter.all().order_by("scope").values() == counters
    assert int(second.number[-6:]) == int(first.number[-6:]) + 1


async def test_a_preview_waits_for_nobody(database: Database) -> None:
    held, done = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        """Keep every row locked that placing an order locks."""
        async with in_transaction():
            await Customer.all().update(credit_used_minor=1)
            await Product.all().update(name="changed")
            await StockItem.all().update(reserved=0)
            held.set()
            await done.wait()

    company = await found_company()
    for sku, backorder in (("TEA", "DENY"), ("CUP", "UNTIL_EXPECTED")):
        await company.product(sku, stock=2, backorder=backorder)
    holding = asyncio.create_task(hold())
    try:
        await held.wait()
        async with asyncio.timeout(30):
            found = await preview(**cart(company, ("TEA", 2), ("CUP", 3)))
    finally:
        done.set()
        await holding
    assert [(each["name"], each["available"]) for each in found["lines"]] == [
        ("Product TEA", 2),
        ("Product CUP", 2),
    ]


def cart(company: Company, *lines: tuple[str, int], **more: Any) -> Input:
    items = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
    return {"customerId": company.customer, "lines": items} | more


async def stocked() -> Company:
    """A company with 10 of TEA at 7 % and of CUP at 19 %, 10.00 EUR each."""
    company = await found_company()
    await company.product("TEA", stock=10, taxRate="0.07")
    await company.product("CUP", stock=10, taxRate="0.19")
    return company


def shown(found: dict[str, Any]) -> tuple[str, list[tuple[str, int]], list[tuple[str, str]]]:
    """Total, lines with what of them is available, and why it would be refused."""
    return (
        found["total"]["gross"]["amount"],
        [(line["sku"], line["available"]) for line in found["lines"]],
        [(each["code"], ".".join(each["path"])) for each in found["userErrors"]],
    )


TEA, CUP = ("TEA", 10), ("CUP", 1)


@pytest.mark.parametrize(
    ("odd", "total", "lines", "error"),
    [
        ({"reserveUntil": "2036-05-01T12:00:00Z"}, "118.90", [TEA, CUP], "INVALID reserveUntil"),
        ({"channel": "a b"}, "118.90", [TEA, CUP], "INVALID channel"),
        (
            {"externalRef": {"system": "", "key": "1"}},
            "118.90",
            [TEA, CUP],
            "INVALID externalRef",
        ),
        ({"customerId": "x"}, "0.00", [], "NOT_FOUND customerId"),
        ({"attributes": [1]}, "0.00", [], "INVALID attributes"),
        ({"shipping": "-1"}, "0.00", [], "INVALID shipping"),
        ({"currencyCode": "USD"}, "0.00", [], "INVALID currencyCode"),
        ({"lines": []}, "0.00", [], "INVALID lines"),
    ],
)
async def test_what_is_refused_is_reckoned_as_far_as_it_can_be(
    sqlite_database: Database,
    odd: Input,
    total: str,
    lines: list[tuple[str, int]],
    error: str,
) -> None:
    company = await stocked()
    found = await preview(SHORT, **(cart(company, ("TEA", 10), ("CUP", 1)) | odd))
    code, _, path = error.partition(" ")
    told = [(code, f"input.{path}")] * (2 if path == "currencyCode" else 1)
    assert shown(found) == (total, lines, told)
    assert found["status"] is None


async def test_lines_that_are_refused_are_left_out(database: Database) -> None:
    company = await stocked()
    await company.product("OLD", stock=5, discontinued=True)
    wish = cart(company, ("NONE", 1), ("TEA", 12), ("OLD", 1), ("CUP", 0), ("CUP", 2))
    assert shown(await preview(SHORT, **wish)) == (
        "152.20",
        [("TEA", 10), ("CUP", 2)],
        [
            ("NOT_FOUND", "input.lines.0.sku"),
            ("INVALID", "input.lines.2.sku"),
            ("INVALID", "input.lines.3.quantity"),
        ],
    )


async def test_who_is_short_or_blocked_sees_what_it_would_come_to(database: Database) -> None:
    company = await stocked()
    wish = cart(company, ("TEA", 12), ("CUP", 11), shipping="10.00")
    shortages = [
        ("INSUFFICIENT_STOCK", "input.lines.0.quantity"),
        ("INSUFFICIENT_STOCK", "input.lines.1.quantity"),
    ]
    lines = [("TEA", 10), ("CUP", 10)]
    found = await preview(SHORT, **wish)
    assert shown(found) == ("270.58", lines, shortages)
    assert [(each["rate"]) for each in found["taxes"]] == ["0.07", "0.19"]
    assert [each["earliest"] for each in found["lines"]] == [None, None]
    await Customer.all().update(blocked=True)
    assert shown(await preview(SHORT, **wish)) == (
        "270.58",
        lines,
        [("CREDIT_EXCEEDED", "input.customerId")],
    )


async def test_what_drafts_hold_too_long_goes_to_those_who_wait_first(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=9, backorder="ALLOW")
    with clock.frozen(LATER - timedelta(hours=1)):
        until = (LATER - timedelta(minutes=1)).isoformat()
        draft = PLACE.replace("orderPlace", "orderDraft")
        await change(draft, input=cart(company, ("TEA", 8), reserveUntil=until))
        await company.order(("TEA", 4))
    with clock.frozen(LATER):
        wish = cart(company, ("TEA", 9))
        told = await preview(SHORT, **wish)
        placed = (await ask(PLACED, input=wish))["orderPlace"]["order"]
    assert shown(told)[1:] == ([("TEA", 5)], [])
    assert [line["reserved"] for line in placed["lines"]] == [5]


async def test_a_refusal_lists_a_hundred_errors(sqlite_database: Database) -> None:
    company = await stocked()
    wish = cart(company, *[("NONE", 1)] * 150, ("TEA", 1))
    total, lines, told = shown(await preview(SHORT, **wish))
    assert (total, lines, len(told)) == ("10.70", [("TEA", 1)], 100)


async def test_whoever_may_not_place_orders_previews_none(sqlite_database: Database) -> None:
    company = await stocked()
    reader = replace(OPEN, permissions=EVERYTHING - {Permission.ORDERS_WRITE})
    code, _ = await failure(PREVIEW, reader, input=cart(company, ("TEA", 1)))
    assert code == "FORBIDDEN"


async def test_the_example_is_answered_as_the_papers_say(sqlite_database: Database) -> None:
    company = await stocked()
    text = (ROOT / "docs/orders.md").read_text()
    query, answer = (
        text.split(f"```{language}\n")[1].split("```")[0] for language in ("graphql", "json")
    )
    with clock.frozen(LATER):
        assert await ask(query, customer=company.customer) == json.loads(answer)
