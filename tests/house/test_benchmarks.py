"""What the benchmarks measure is real: their company is one that the product could have made."""

import json
from typing import Any
from uuid import UUID

from benchmarks import company, plans, postgraphile
from benchmarks.queries import differences, scalars
from models.customers import Customer
from models.orders import Order
from models.references import SearchToken
from models.rules.access import SYSTEM
from resolvers.identifiers import to_global
from services.search import words_of
from services.stock_audit import verify_stock
from tests.support.databases import Database, connected

KEY = "018cbd2b-9800-70c0-8000-000000000001"


async def test_the_company_is_found_and_stocked_as_if_the_product_had_made_it(
    postgres_database: Database,
) -> None:
    await company.fill(postgres_database.url, company.FEWEST_ORDERS)
    async with connected(postgres_database):
        assert await Order.all().count() == company.FEWEST_ORDERS
        greatest = await Customer.get(code=company.GREATEST_CUSTOMER)
        assert await Order.filter(customer_id=greatest.id).count() >= 1_000
        for customer in await Customer.all().order_by("code").limit(50):
            named = {"name": customer.name, "code": customer.code, "email": customer.email}
            assert await _tokens(customer) == set(words_of(named))
        for order in await Order.all().order_by("id").limit(50).prefetch_related("customer"):
            named = {"number": order.number, "customer": order.customer.name}
            assert await _tokens(order) == set(words_of(named))
        assert (await verify_stock(SYSTEM)).found == 0


async def _tokens(subject: Customer | Order) -> set[tuple[str, str]]:
    rows = await SearchToken.filter(subject_id=subject.id)
    return {(row.field, row.token) for row in rows}


def test_every_place_where_two_answers_differ_is_named() -> None:
    one = {"orders": [{"id": "a", "total": "1.00"}, {"id": "b", "total": "2.00"}]}
    other = {"orders": [{"id": "a", "total": "1.01"}]}
    assert list(differences(one, one)) == []
    assert list(differences(one, other)) == [
        "data.orders[0].total: '1.00', and '1.01'",
        "data.orders[1]: {'id': 'b', 'total': '2.00'}, and 'nothing'",
    ]
    assert scalars(one) == 4


def test_postgraphile_is_read_in_the_words_of_the_others() -> None:
    found: dict[str, Any] = {
        "order": {
            "id": KEY,
            "placedAt": "2024-02-15T00:59:02.000000+00:00",
            "totalGrossMinor": "5",
            "customer": {"id": KEY, "name": "Ada"},
            "lines": {"nodes": [{"quantity": "3", "unitPriceMinor": "1250"}]},
        }
    }
    assert postgraphile.common(found) == {
        "order": {
            "id": to_global("Order", UUID(KEY)),
            "placedAt": "2024-02-15T00:59:02Z",
            "total": {"gross": {"amount": "0.05"}},
            "customer": {"id": to_global("Customer", UUID(KEY)), "name": "Ada"},
            "lines": [{"quantity": 3, "unitPrice": {"amount": "12.50"}}],
        }
    }


def test_a_plan_that_reads_all_of_a_growing_table_is_found() -> None:
    scan = {"Node Type": "Seq Scan", "Plan Rows": 9}
    small = scan | {"Relation Name": "warehouse"}
    great = scan | {"Relation Name": "order_line"}
    text = "".join(
        _logged(statement, {"Node Type": "Hash Join", "Plan Rows": 9, "Plans": [node]})
        for statement, node in (("SELECT 1 IN ($1,$2,$3,$4)", small), ("SELECT 2", great))
    )
    found = list(plans.read("report", text))
    assert [(plan.statement, plan.scanned) for plan in found] == [
        ("SELECT 1 IN ($1,...)", ()),
        ("SELECT 2", ("order_line",)),
    ]
    assert plans.summary(found) == ["- report reads all of order_line: `SELECT 2`"]


def _logged(statement: str, tree: dict[str, Any]) -> str:
    """A plan as auto_explain writes it into the log."""
    told = json.dumps({"Query Text": statement, "Plan": tree}, indent=2)
    lines = "".join(f"\t{line}\n" for line in told.splitlines())
    return f"2026-01-01 00:00:00 UTC [1] LOG:  duration: 0.028 ms  plan:\n{lines}"
