"""What customers order most, and what those order who order the same."""

from dataclasses import replace

from tests.support.api import ask, change
from tests.support.company import CUSTOMER, found_company
from tests.support.databases import Database

ASKED = """{ customer(code: "ADA") {
  frequentProducts(first: 2) { product { sku } score reason }
  recommendations(first: 2) { product { sku } score reason }
} }"""


async def test_what_goes_with_what_a_customer_orders(database: Database) -> None:
    ada = await found_company()
    made = await change(CUSTOMER, input={"code": "BOB", "name": "Bob Brandt"})
    bob = replace(ada, customer=made["customer"]["id"])
    for sku in ("CUP", "TEA", "JAM", "PIE"):
        await ada.product(sku, stock=100)
    await ada.order(("CUP", 1))
    await ada.order(("CUP", 1), ("TEA", 1))
    await bob.order(("CUP", 1), ("JAM", 1))
    await bob.order(("CUP", 1), ("JAM", 1), ("TEA", 1))
    await bob.order(("PIE", 1))
    found = (await ask(ASKED))["customer"]
    assert found["frequentProducts"] == [
        {"product": {"sku": "CUP"}, "score": 1.0, "reason": "In 2 of 2 orders."},
        {"product": {"sku": "TEA"}, "score": 0.5, "reason": "In 1 of 2 orders."},
    ]
    # Of the four orders of CUP two have JAM, of the two of TEA one: half each.
    assert found["recommendations"] == [
        {
            "product": {"sku": "JAM"},
            "score": 0.5,
            "reason": "In 3 orders with what they order.",
        }
    ]
