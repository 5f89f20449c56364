"""How databases give a list's first page: they follow an index, and sort and scan nothing."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from tortoise.transactions import in_transaction

from models.catalog import Product, Supplier
from models.customers import Customer
from models.fulfillment import Return, Shipment
from models.inventory import StockItem
from models.orders import Order
from models.payments import Invoice, Payment
from models.rules.access import OPEN
from models.tables import TABLES
from resolvers import inventory
from resolvers.inputs.filtering import StringOp
from resolvers.inputs.inventory import StockWhere
from resolvers.listing import Listing, PageRequest, ordering
from services.storage.database import connection, fetch
from services.storage.select import Select
from tests.house.test_list_indexes import sorted_lists
from tests.support.api import change
from tests.support.bulk_rows import copies
from tests.support.company import CATEGORY, PAY, RETURN, SUPPLIER, found_company
from tests.support.databases import Database

ROWS: Final = 400
PAGE: Final = PageRequest()
UNTIDY: Final = ("seqscan", "bitmapscan", "sort", "incremental_sort")
"""What PostgreSQL may find cheap for few rows; without it an index is taken, where one serves."""
BAD_ON_SQLITE: Final = r"USE TEMP B-TREE|SCAN (?!json_each)(?!.* USING INDEX )"
"""An index that is read in its order is scanned, too; the parents' ids are a table of their own."""


async def fill() -> None:
    """Of each table that is listed a row that the API made, and many copies of it."""
    company = await found_company()
    shelf = await change(CATEGORY, input={"name": "Drinks"})
    await change(SUPPLIER, input={"name": "Maker", "code": "M"})
    await company.product("TEA", stock=9, categoryId=shelf["category"]["id"])
    order = await company.order(("TEA", 2))
    order["version"] = await company.ship(order, ("TEA", 2))
    pay = {"kind": "CHARGE", "amount": "1.00", "method": "card"}
    await change(PAY, orderId=order["id"], input=pay)
    line = {"lineId": order["lines"][0]["id"], "quantity": 1}
    await change(RETURN, orderId=order["id"], lines=[line], reason="broken")
    for table, name in (
        *((Customer, "code"), (Supplier, "code"), (Order, "number")),
        *((Return, "number"), (Shipment, "number")),
    ):
        await copies(await table.get(), [{name: f"{name}-{place}"} for place in range(ROWS)])
    shipments = await Shipment.filter(number__startswith="number")
    bills = [{"number": each.number, "shipment_id": each.id} for each in shipments]
    await copies(await Invoice.get(), bills)
    await copies(await Payment.get(), [{} for _ in range(ROWS)])
    products = await copies(await Product.get(), [{"sku": f"P{place}"} for place in range(ROWS)])
    changes = [
        {"product_id": made.id, "sort_sku": made.sku, "available": place, "is_low": place % 2 == 0}
        for place, made in enumerate(products)
    ]
    await copies(await StockItem.get(), changes)


async def gather_statistics(dialect: str) -> None:
    tables = ", ".join(table._meta.db_table for table in TABLES)
    text = f"ANALYZE TABLE {tables}" if dialect in ("mariadb", "mysql") else "ANALYZE"
    await connection().execute_query(text)


async def first_page(listing: Listing) -> tuple[str, list[Any]]:
    """The statement that reads the list's first page, with its values."""
    columns = tuple(listing.table._meta.fields_db_projection)
    select = Select(listing.table, columns)
    if listing.by:
        some = await listing.table.all().first().values(listing.by)
        select.among(listing.by, [some[listing.by]])
    select.matching(listing.where)
    return select.text(ordering(listing, PAGE), PAGE.size + 1), select.values


async def sorts_or_scans(listing: Listing, dialect: str) -> list[str]:
    """The steps of the plan of the list's first page that are not what an index does."""
    text, values = await first_page(listing)
    match dialect:
        case "postgres":
            async with in_transaction() as session:
                await session.execute_script(
                    "".join(f"SET LOCAL enable_{way} = off;" for way in UNTIDY)
                )
                text = f"EXPLAIN (FORMAT JSON) {text}"
                (row,) = await session.execute_query_dict(text, values)
            bad = {"Sort", "Incremental Sort", "Seq Scan"}
            return [step for step in steps(json.loads(row["QUERY PLAN"])[0]["Plan"]) if step in bad]
        case "mariadb" | "mysql":
            text = await without_scans(text, listing.table._meta.db_table)
            explained = f"EXPLAIN FORMAT=TRADITIONAL {text}"
            found = await connection().execute_query_dict(explained, values)
            plans = [f"{row['type']} {row['Extra']}" for row in found]
            return [plan for plan in plans if plan.startswith("ALL") or "filesort" in plan]
        case _:
            rows = await fetch(f"EXPLAIN QUERY PLAN {text}", values)
            plans = [row[-1] for row in rows]
            return [plan for plan in plans if re.match(BAD_ON_SQLITE, plan)]


async def without_scans(text: str, table: str) -> str:
    """The statement for a server that reads small tables by an index, too, where one serves."""
    rows = await fetch(f"SHOW INDEX FROM {table}", [])
    names = ", ".join(sorted({f"`{row[2]}`" for row in rows}))
    return text.replace(f"FROM `{table}`", f"FROM `{table}` FORCE INDEX ({names})", 1)


def steps(tree: dict[str, Any]) -> Iterator[str]:
    yield tree["Node Type"]
    for below in tree.get("Plans", ()):
        yield from steps(below)


async def test_a_first_page_is_read_in_the_order_of_an_index(database: Database) -> None:
    await fill()
    await gather_statistics(database.dialect)
    lists = {str(each.id): each.values[0] for each in sorted_lists()}
    lists["Warehouse.stock lowOnly"] = inventory.stock_of_warehouse(low_only=True)
    found = {name: await sorts_or_scans(each, database.dialect) for name, each in lists.items()}
    assert {name: plan for name, plan in found.items() if plan} == {}
    unsorted = Listing(table=Order, scope="", sort="line_count", descending=False)
    assert await sorts_or_scans(unsorted, database.dialect) != []


async def test_stock_of_skus_is_found_by_an_index_of_its_own(sqlite_database: Database) -> None:
    await fill()
    await gather_statistics(sqlite_database.dialect)
    places = {
        "sort_sku=?": StringOp(eq="P7"),
        "sort_sku>? AND sort_sku<?": StringOp(starts_with="P7"),
    }
    for place, sku in places.items():
        text, values = await first_page(inventory.stock_items(OPEN, StockWhere(sku=sku)))
        plans = await fetch(f"EXPLAIN QUERY PLAN {text}", values)
        assert [each[-1] for each in plans] == [
            f"SEARCH stock_item USING INDEX stock_by_sku ({place})"
        ]
