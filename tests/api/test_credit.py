"""What customers may owe: limits, approval, and counters that follow every step."""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any, Final

import pytest

from models.customers import Customer
from models.orders import Order
from models.rules.access import EVERYTHING, OPEN, SYSTEM, Permission
from services.aggregates import credit
from services.use_case import perform
from tests.support.api import ask, change, refusal
from tests.support.company import ACT, ERRORS, PAY, PLACE, Company, found_company
from tests.support.databases import Database

CREDIT: Final = f"""
mutation($id: ID!, $version: Int!, $limit: Decimal, $blocked: Boolean, $days: Int = 30) {{
  customerCreditSet(
    id: $id, version: $version, rating: B, limit: $limit, termsDays: $days, blocked: $blocked
  ) {{ customer {{ version }} {ERRORS} }}
}}"""
SHOWN: Final = """query($id: ID!) { customer(id: $id) {
  version lifetimeValue { amount }
  credit { rating limit { amount } used { amount } available { amount } termsDays blocked } } }"""


async def shown(company: Company) -> dict[str, Any]:
    found: dict[str, Any] = (await ask(SHOWN, id=company.customer))["customer"]
    return found


async def owes(company: Company) -> tuple[str, str]:
    """What the customer owes, and all they ever bought."""
    found = await shown(company)
    return found["credit"]["used"]["amount"], found["lifetimeValue"]["amount"]


async def with_limit(limit: str | None, **more: Any) -> Company:
    """A company whose one customer may owe so much. Tea is 10.00, and there are 1,000."""
    company = await found_company()
    await company.product("TEA", stock=1_000)
    await change(CREDIT, id=company.customer, version=1, limit=limit, **more)
    return company


async def test_credit_is_set_and_shown(database: Database) -> None:
    company = await with_limit("250.00", days=14)
    assert (await shown(company)) == {
        "version": 2,
        "lifetimeValue": {"amount": "0.00"},
        "credit": {
            "rating": "B",
            "limit": {"amount": "250.00"},
            "used": {"amount": "0.00"},
            "available": {"amount": "250.00"},
            "termsDays": 14,
            "blocked": False,
        },
    }


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"limit": "-1"}, ["limit"]),
        ({"limit": "1.001"}, ["limit"]),
        ({"days": -1}, ["termsDays"]),
        ({"days": 3_651}, ["termsDays"]),
    ],
)
async def test_no_credit_of_another_kind(
    sqlite_database: Database, given: dict[str, Any], path: list[str]
) -> None:
    company = await found_company()
    (error,) = await refusal(CREDIT, id=company.customer, version=1, **given)
    assert (error["code"], error["path"]) == ("INVALID", path)


async def test_an_order_over_the_limit_waits_for_approval(database: Database) -> None:
    company = await with_limit("25.00")
    first = await company.order(("TEA", 2))
    second = await company.order(("TEA", 1))
    assert (first["status"], second["status"]) == ("CONFIRMED", "AWAITING_APPROVAL")
    assert await owes(company) == ("30.00", "30.00")
    approved = await company.act(second, "APPROVE")
    assert approved["status"] == "CONFIRMED"
    assert await owes(company) == ("30.00", "30.00")


async def test_a_customer_who_is_blocked_orders_nothing(database: Database) -> None:
    company = await with_limit(None, blocked=True)
    document = PLACE.replace(
        ERRORS,
        """userErrors { code path ... on CreditExceeded {
        limit { amount } used { amount } requestedAmount { amount } } }""",
    )
    order = {"customerId": company.customer, "lines": [{"sku": "TEA", "quantity": 3}]}
    (error,) = await refusal(document, input=order)
    assert error == {
        "code": "CREDIT_EXCEEDED",
        "path": ["input", "customerId"],
        "limit": None,
        "used": {"amount": "0.00"},
        "requestedAmount": {"amount": "30.00"},
    }
    assert await Order.all().count() == 0


async def test_approving_needs_a_permission_of_its_own(sqlite_database: Database) -> None:
    company = await with_limit("5.00")
    order = await company.order(("TEA", 1))
    clerk = replace(OPEN, permissions=EVERYTHING - {Permission.ORDERS_APPROVE})
    document = "query($id: ID!) { order(id: $id) { availableActions } }"
    for actor, offered in ((clerk, False), (OPEN, True)):
        found = await ask(document, actor, id=order["id"])
        assert ("APPROVE" in found["order"]["availableActions"]) is offered
    answer = await ask(ACT, clerk, id=order["id"], version=1, action="APPROVE")
    (error,) = answer["orderAct"]["userErrors"]
    assert error["code"] == "FORBIDDEN"


async def test_the_counters_follow_an_order_through_its_life(database: Database) -> None:
    company = await with_limit("100.00")
    order = await company.order(("TEA", 4))
    assert await owes(company) == ("40.00", "40.00")
    charge = {"kind": "CHARGE", "amount": "15.00", "method": "card"}
    paid = (await change(PAY, orderId=order["id"], input=charge))["order"]
    assert await owes(company) == ("25.00", "40.00")
    refund = {"kind": "REFUND", "amount": "5.00", "method": "card"}
    paid = (await change(PAY, orderId=order["id"], input=refund))["order"]
    assert await owes(company) == ("30.00", "40.00")
    line = order["lines"][0]["id"]
    rest = await company.act(paid, "CANCEL", lines=[{"lineId": line, "quantity": 1}])
    assert await owes(company) == ("20.00", "30.00")
    await company.act(rest, "CANCEL")
    assert await owes(company) == ("0.00", "0.00")


async def test_parallel_orders_never_pass_the_limit(database: Database) -> None:
    company = await with_limit("255.00")
    line = {"sku": "TEA", "quantity": 1, "discountRate": "0"}  # they become loyal on the way
    orders = await asyncio.gather(*(company.order(lines=[line]) for _ in range(200)))
    counted = Counter(order["status"] for order in orders)
    assert counted == {"CONFIRMED": 25, "AWAITING_APPROVAL": 175}
    assert await owes(company) == ("2000.00", "2000.00")


async def test_counters_are_counted_anew(database: Database) -> None:
    company = await with_limit("100.00")
    await company.order(("TEA", 4))
    assert await perform(SYSTEM, credit.recount) == 0
    await Customer.all().update(credit_used_minor=7, lifetime_minor=7)
    await Order.all().update(credit_minor=7)
    assert await perform(SYSTEM, credit.recount) == 2
    assert await owes(company) == ("40.00", "40.00")
