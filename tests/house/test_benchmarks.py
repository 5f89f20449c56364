"""What the benchmarks measure is real: their company is one that the product could have made."""

import asyncio
import dataclasses
import json
import subprocess
import sys
from collections import Counter
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from benchmarks import alone, company, market, plans, postgraphile, same_rows, worst
from benchmarks.queries import differences, scalars
from models.customers import Customer
from models.orders import Order
from models.references import SearchToken
from models.rules.access import SYSTEM
from resolvers.identifiers import to_global
from services.operations.audits.stock import verify_stock
from services.storage.database import connection
from services.work.search import customer_texts, order_texts, words_of
from tests.support.company import found_company
from tests.support.databases import Database, connected
from tests.support.repository import ROOT

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
            assert await _tokens(customer) == set(words_of(customer_texts(customer)))
        for order in await Order.all().order_by("id").limit(50):
            assert await _tokens(order) == set(words_of(order_texts(order)))
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


async def test_an_order_by_hand_leaves_the_rows_that_the_product_leaves(
    postgres_database: Database,
) -> None:
    open_market = await market.open_market(market.plenty(1))
    buyer, (sku,) = open_market.customers[0], open_market.skus
    looking = await asyncpg.connect(postgres_database.url)
    async with alone.hands(postgres_database.url) as by_hand:
        places = (alone.by_service, alone.by_service, by_hand)
        rows = [await same_rows.left_by(looking, await place(buyer, sku)) for place in places]
    assert list(same_rows.unlike(*rows)) == []
    order_id = await looking.fetchval("SELECT id FROM customer_order ORDER BY id DESC LIMIT 1")
    assert [len(rows[2][table]) for table in ("customer_order", "search_token", "event")] == [
        1,
        6,
        1,
    ]
    await looking.execute("UPDATE event SET data = '{}' WHERE order_id = $1", order_id)
    await looking.execute("UPDATE stock_item SET event_seq = event_seq - 1")
    spoiled = await same_rows.left_by(looking, order_id)
    await looking.close()
    assert list(same_rows.unlike(rows[0], rows[1], spoiled)) == [
        "rows.event[0].data: {'lines': 1, 'totalMinor': 1488}, and {}",
        "rows.stock_item[0].event_seq: 4, and 3",
    ]


SPOILED = {
    "UPDATE stock_item SET reserved = 4": ["HOT-0: 4 reserved, and reservations of 3"],
    "DELETE FROM reservation": ["HOT-0: 3 reserved, and reservations of 0", "0 reservations"],
    "DELETE FROM event WHERE kind = 'ORDER_PLACED'": [
        "0 events that an order was placed",
        "the feed has",
    ],
    "UPDATE customer SET credit_used_minor = 1": ["customer C-0 owes another sum"],
    "UPDATE customer_order SET id = '018cbd2b-9800-70c0-8000-000000000001' "
    "WHERE id = (SELECT MIN(id) FROM customer_order)": [
        "1 orders were acknowledged and are not there",
        "1 orders are there that nobody was told of",
    ],
}


@pytest.mark.parametrize("spoil", SPOILED)
async def test_whatever_is_wrong_with_orders_is_told(sqlite_database: Database, spoil: str) -> None:
    open_market = await market.open_market({"HOT-0": 5})
    told = [("HOT-0", await alone.by_service(open_market.customers[0], "HOT-0")) for _ in range(3)]
    demand = Counter({"HOT-0": 3})
    assert await market.broken(open_market, demand, told) == []
    await connection().execute_script(f"PRAGMA foreign_keys = OFF; {spoil}")
    found = "; ".join(await market.broken(open_market, demand, told))
    assert all(words in found for words in SPOILED[spoil]), found


async def test_an_order_that_was_refused_without_need_is_told(sqlite_database: Database) -> None:
    open_market = await market.open_market({"HOT-0": 2})
    told = [("HOT-0", await alone.by_service(open_market.customers[0], "HOT-0"))]
    found = await market.broken(open_market, Counter({"HOT-0": 7}), [*told, *told])
    assert found == [
        "1 orders are acknowledged twice",
        "HOT-0: 1 reserved, 1 ordered, 2 possible",
    ]


async def test_the_worst_documents_are_searched_for(sqlite_database: Database) -> None:
    """Whether the search runs, with one document of each family. What it measures says nothing."""
    founded = await found_company()
    for number in range(3):
        await founded.product(f"TEA-{number}", stock=10)
    await founded.order(("TEA-0", 1))
    command = [sys.executable, "-m", "benchmarks", "worst", "--tries", "1"]
    searched = await asyncio.create_subprocess_exec(
        *command, "--database", sqlite_database.url, cwd=ROOT, stdout=subprocess.PIPE
    )
    printed, _ = await searched.communicate()
    lines = [line for line in printed.decode().splitlines() if line.endswith("%")]
    found = {line[:24].strip() for line in lines}
    assert {"availability", "great order", "introspection", "literals", "pages"} <= found
    assert {"place 20", "edit 20", "HOLD 20", "SHIP 20", "CANCEL 20"} <= found
    assert searched.returncode in {0, 1}


def test_what_breaks_a_mark_is_above_it() -> None:
    quick = worst.Cost(hold_ms=50, own_ms=150, answer_bytes=1, accepted=True)
    assert quick.share(worst.QUERY_MS) == 0.5
    assert dataclasses.replace(quick, hold_ms=101).share(worst.QUERY_MS) > 1
    assert dataclasses.replace(quick, own_ms=301).share(worst.QUERY_MS) > 1
    assert dataclasses.replace(quick, own_ms=301).share(worst.MUTATION_MS) < 1
    assert dataclasses.replace(quick, answer_bytes=2**24 + 1).share(worst.QUERY_MS) > 1
