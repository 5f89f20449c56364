"""Amounts that no column can hold are refused in plain words, wherever they would come from."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from models.orders import Order, OrderLine
from models.rules.access import SYSTEM
from models.rules.errors import ErrorCode
from models.rules.inventory import MAX_QUANTITY
from models.rules.money import MAX_MINOR
from services.payments.rates import Quote, save_rates
from tests.support.api import ask, change, refusal
from tests.support.audit.auditor import audit
from tests.support.company import PAY, PLACE, Company, found_company
from tests.support.databases import Database
from tests.support.edits import DRAFT, EDIT, PREVIEW
from tests.support.imported import HEAD, Files, problems_of
from tests.support.trade import nothing_written

SHOWN: Final = (
    "query($input: OrderInput!) { orderPreview(input: $input) { userErrors { code path } } }"
)
LARGEST: Final = "90071992547409.92"
"""The largest amount, in EUR."""
TOO_MUCH: Final = "The order comes to more than can be kept."
WORTH: Final = "The order is worth more than can be kept."
Line = dict[str, Any]


def given_away(quantity: int, price: str = LARGEST, rate: str = "1") -> Line:
    return {"sku": "TEA", "quantity": quantity, "unitPrice": price, "discountRate": rate}


async def sold(**fields: Any) -> Company:
    company = await found_company()
    await company.product("TEA", backorder="ALLOW", **fields)
    return company


async def refused(company: Company, wish: dict[str, Any], message: str = TOO_MUCH) -> None:
    """It is placed, drafted and previewed by nobody, and nothing of it is written."""
    wish = {"customerId": company.customer} | wish
    async with nothing_written():
        for document in (PLACE, DRAFT):
            (error,) = await refusal(document, input=wish)
            known = (error["code"], error["message"], error["path"])
            assert known == ("INVALID", message, ["input", "lines"])
        seen = (await ask(SHOWN, input=wish))["orderPreview"]
    assert seen["userErrors"] == [{"code": "INVALID", "path": ["input", "lines"]}]


@pytest.mark.parametrize(
    "lines",
    [
        [given_away(MAX_QUANTITY)],
        [given_away(MAX_QUANTITY, "50000000.00")],  # beyond an amount, and not beyond a BIGINT
        [given_away(1), given_away(1, "0.01")],
        [given_away(MAX_QUANTITY, rate="0.999999")],
    ],
)
async def test_what_no_order_can_keep_is_not_ordered(database: Database, lines: list[Line]) -> None:
    company = await sold()
    await refused(company, {"lines": lines})
    order = await company.order(("TEA", 1))
    async with nothing_written():
        (error,) = await refusal(EDIT, id=order["id"], version=1, input={"lines": lines})
        seen = (await ask(PREVIEW, id=order["id"], input={"lines": lines}))["orderEditPreview"]
    known = {"code": "INVALID", "path": ["input", "lines"]}
    assert error == known | {"message": TOO_MUCH}
    assert seen == {"difference": {"amount": "0.00"}, "userErrors": [known]}


async def test_the_largest_discount_is_kept(database: Database) -> None:
    company = await sold()
    placed = await change(PLACE, input={"customerId": company.customer, "lines": [given_away(1)]})
    kept = await OrderLine.get()
    assert (kept.discount_minor, kept.net_minor) == (MAX_MINOR, 0)
    assert placed["order"]["status"] == "CONFIRMED"
    assert await audit() == []


async def test_an_order_is_worth_what_the_company_can_keep(database: Database) -> None:
    await save_rates(SYSTEM, [Quote(date(2020, 1, 1), "JPY", Decimal(99_999_999))])
    company = await sold(currencyCode="JPY", price="1")
    await refused(company, {"lines": [{"sku": "TEA", "quantity": 900_720}]}, WORTH)
    await company.order(("TEA", 900_719))
    assert (await Order.get()).credit_minor == 900_719 * 9_999_999_900
    assert await audit() == []


@pytest.mark.parametrize(("kind", "back"), [("CHARGE", "REFUND"), ("AUTHORIZATION", "VOID")])
async def test_payments_come_to_no_more_than_can_be_kept(
    database: Database, kind: str, back: str
) -> None:
    company = await sold()
    order = await company.order(("TEA", 1))
    paid = {"kind": kind, "amount": LARGEST, "method": "card"}
    await change(PAY, orderId=order["id"], input=paid)
    async with nothing_written():
        (error,) = await refusal(PAY, orderId=order["id"], input=paid | {"amount": "0.01"})
    assert (error["code"], error["path"]) == ("INVALID", ["input", "amount"])
    assert error["message"] == "The payments come to more than can be kept."
    await change(PAY, orderId=order["id"], input=paid | {"kind": back})
    assert await audit() == []


async def test_an_import_leaves_out_what_cannot_be_kept(database: Database, tmp_path: Path) -> None:
    await save_rates(SYSTEM, [Quote(date(2020, 1, 1), "JPY", Decimal(99_999_999))])
    files = Files(tmp_path)
    files.write(
        mapping=HEAD.replace("payment: payment}", "payment: payment, currency: money}").replace(
            "unit_price: price}", "unit_price: price, discount_rate: off}"
        ),
        orders=(
            "id,customer,placed,payment,money\nA,1,2025-01-05,,EUR\nB,1,2025-01-05,,EUR\n"
            "C,1,2025-01-05,,JPY\nD,1,2025-01-05,,JPY\n"
        ),
        lines=(
            "order,product,quantity,price,off\n"
            f"A,7,{MAX_QUANTITY},{LARGEST},1\nB,7,1,{LARGEST},1\n"
            "C,7,900720,1,0\nD,7,900719,1,0\n"
        ),
    )
    report = await files.load()
    assert [each for each in problems_of(report) if each[0] == "orders.csv"] == [
        ("orders.csv", 2, None, ErrorCode.INVALID, "it comes to more than can be kept"),
        ("orders.csv", 4, None, ErrorCode.INVALID, "it is worth more than can be kept"),
    ]
    orders = await Order.all().order_by("number").values_list("number", "discount_minor")
    assert orders == [("B", MAX_MINOR), ("D", 0)]
    assert await audit() == []
