"""Statements that are written out send and find what Tortoise's own would."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

import pytest
from tortoise.models import Model

from models.catalog import Product
from models.columns import new_id
from models.customers import Customer, CustomerGroup
from models.inventory import StockItem
from models.orders import Order, OrderLine
from models.rules.access import OPEN
from models.rules.customers import CreditRating
from models.rules.errors import InputError
from models.rules.order_states import OrderStatus
from models.tables import TABLES
from services.storage.conversions import from_any_database
from services.storage.rows import fresh, insert_new
from services.storage.statements import Query, Statement
from services.use_case import perform
from services.work.work import Work
from tests.support.databases import Database
from tests.support.statements import counted
from tests.support.trade import Trade, open_trade

ODD: Final = 'ä"\\ \N{SNOWMAN} 👩‍🚀 \t%s $1 ? {x}'


async def an_order(trade: Trade) -> tuple[Order, OrderLine]:
    """An order and its line, as they are stored."""
    placed = await trade.place(("CUP", 2))
    return await Order.get(id=placed.id), await OrderLine.get(order_id=placed.id)


def values_of(row: Model) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row._meta.fields_db_projection}


def odd_copies(order: Order, line: OrderLine) -> tuple[Order, OrderLine]:
    """New ones with whatever a column can hold."""
    order_id = new_id()
    berlin = timezone(timedelta(hours=2))
    other = {
        "id": order_id,
        "number": "ODD-1",
        "status": OrderStatus.ON_HOLD,
        "company_rate": Decimal("0.00000001"),
        "promised_at": datetime(2026, 7, 1, 9, 30, 0, 123456, tzinfo=berlin),
        "note": ODD,
        "shipping_address": {"name": ODD, "lines": [], "region": None, "n": [1, 2.5, True]},
        "billing_address": None,
        "attributes": {"": {"deep": [None, {}]}},
        "has_shipment": True,
        "lifetime_minor": 2**53,
    }
    rates = {"discount_rate": Decimal("0.333333"), "tax_rate": Decimal(0)}
    return (
        fresh(Order, **(values_of(order) | other)),
        fresh(OrderLine, **(values_of(line) | rates | {"id": new_id(), "order_id": order_id})),
    )


async def stored(*groups: Sequence[Model]) -> None:
    async def store(work: Work) -> None:
        await work.insert(*groups)

    await perform(OPEN, store)


@pytest.mark.parametrize("together", [True, False])
async def test_what_is_inserted_is_read_back(database: Database, together: bool) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=9)
    order, line = odd_copies(*await an_order(trade))
    wanted = values_of(order) | {"promised_at": datetime(2026, 7, 1, 7, 30, 0, 123456, tzinfo=UTC)}
    if together:
        await stored([order], [line])
    else:
        await stored([order])
        await stored([line])
    assert values_of(await Order.get(id=order.id)) == wanted
    assert values_of(await OrderLine.get(id=line.id)) == values_of(line)


async def test_more_rows_than_a_batch(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=9)
    order, line = await an_order(trade)
    lines = [
        fresh(OrderLine, **(values_of(line) | {"id": new_id(), "position": position}))
        for position in range(1, 452)
    ]
    await stored(lines)
    assert await OrderLine.filter(order_id=order.id).count() == 452


@pytest.mark.parametrize("together", [True, False])
async def test_a_text_that_is_too_long_is_refused(database: Database, together: bool) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=9)
    order, line = odd_copies(*await an_order(trade))
    order.channel = "c" * 33
    with pytest.raises(InputError, match="longer than what is kept"):
        await stored([order], *([[line]] if together else []))
    assert await Order.filter(number="ODD-1").count() == 0


async def test_new_instances_are_as_their_tables_make_them(sqlite_database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=9)
    order, line = await an_order(trade)
    for row in (order, line):
        given = values_of(row)
        assert vars(fresh(type(row), **given)) == vars(type(row)(**given))
    for table in TABLES:
        made = fresh(table)
        required = {
            name
            for name, field in table._meta.fields_map.items()
            if field.default is None and not field.null
        }
        assert {
            name
            for name in table._meta.fields_db_projection
            if getattr(made, name) is None and name not in required
        } <= {name for name, field in table._meta.fields_map.items() if field.null}


async def test_lists_of_keys(database: Database) -> None:
    trade = await open_trade()
    for sku in ("CUP", "POT", "cup"):
        await trade.product(sku)
    names = Query(str, "SELECT sku FROM product WHERE sku IN ? ORDER BY sku")
    ids = Query(str, "SELECT sku FROM product WHERE id IN ?")

    async def look(work: Work) -> list[list[str]]:
        cup = await Product.get(sku="CUP")
        return [
            await names.rows(work.connection, []),
            await names.rows(work.connection, ["CUP"]),
            await names.rows(work.connection, ["CUP", "POT", "gone", "%"]),
            await ids.rows(work.connection, [cup.id, new_id()]),
        ]

    assert await perform(OPEN, look) == [[], ["CUP"], ["CUP", "POT"], ["CUP"]]


class Rating(NamedTuple):
    id: UUID
    credit_rating: CreditRating
    tags: tuple[str, ...]
    blocked: bool
    credit_limit_minor: int | None


class Joined(NamedTuple):
    customer: Rating
    customer_group: CustomerGroup | None
    stock_item: StockItem
    tax_rate: Decimal


async def test_a_join_gives_a_part_of_each_table(database: Database) -> None:
    trade = await open_trade()
    for sku in ("CUP", "POT"):
        await trade.product(sku, near=9)
    await Customer.all().update(blocked=True, tags=["new"])
    joined = Query(
        Joined,
        """SELECT {columns} FROM customer
        LEFT JOIN customer_group ON customer_group.id = customer.group_id
        JOIN stock_item ON stock_item.warehouse_id = ?
        JOIN product ON product.id = product_id WHERE customer.id = ?""",
    )

    async def look(work: Work) -> list[Joined]:
        return await joined.rows(work.connection, trade.near_id, trade.customer_id)

    first, second = await perform(OPEN, look)
    whole = await Customer.get(id=trade.customer_id)
    assert first.customer == Rating(whole.id, whole.credit_rating, ("new",), True, None)
    assert first.customer is second.customer
    assert first.customer_group is None
    items = {item.id: item async for item in StockItem.all()}
    assert len(items) == 2
    for row in (first, second):
        stored_item = items[row.stock_item.id]
        assert values_of(row.stock_item) == values_of(stored_item)
        assert row.stock_item._saved_in_db
        assert row.tax_rate == (await Product.get(id=row.stock_item.product_id)).tax_rate


async def test_sums_are_whole_numbers(database: Database) -> None:
    trade = await open_trade()
    for sku in ("CUP", "POT"):
        await trade.product(sku, near=9)
    total = Query(int, "SELECT SUM(on_hand) FROM stock_item WHERE id <> ?")

    async def look(work: Work) -> list[int]:
        return await total.rows(work.connection, new_id())

    (found,) = await perform(OPEN, look)
    assert (found, type(found)) == (18, int)


def test_a_type_that_no_column_has_is_refused() -> None:
    with pytest.raises(TypeError, match="no column is read as complex"):
        from_any_database(complex)


async def test_a_new_instance_has_the_columns_of_its_table(sqlite_database: Database) -> None:
    with pytest.raises(TypeError, match="Order has no column statuss"):
        fresh(Order, statuss=OrderStatus.DRAFT)


async def test_changed_rows_are_counted(database: Database) -> None:
    trade = await open_trade()
    block = Statement("UPDATE customer SET blocked = ? WHERE id IN ?")

    async def change(work: Work) -> list[int]:
        keys = [[trade.customer_id], [new_id()], []]
        return [await block.change(work.connection, True, each) for each in keys]

    assert await perform(OPEN, change) == [1, 0, 0]


async def test_what_is_there_already_is_not_stored_again(database: Database) -> None:
    await open_trade()
    now = datetime(2026, 3, 9, tzinfo=UTC)

    def group(rate: str) -> CustomerGroup:
        return fresh(
            CustomerGroup,
            name="Friends",
            discount_rate=Decimal(rate),
            created_at=now,
            updated_at=now,
        )

    async def store(work: Work) -> list[bool]:
        return [await insert_new(work.connection, group(rate)) for rate in ("0.1", "0.2")]

    assert await perform(OPEN, store) == [True, False]
    assert [row.discount_rate for row in await CustomerGroup.all()] == [Decimal("0.1")]


async def test_an_order_takes_as_few_statements_as_it_can(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=9)
    await trade.product("POT", near=9)
    await trade.place(("CUP", 1))  # takes a block of numbers
    with counted() as one:
        await trade.place(("CUP", 1))
    with counted() as three:
        await trade.place(("CUP", 1), ("POT", 1), ("CUP", 2))
    expected = {
        "postgres": (6, 7),
        "mariadb": (11, 11),
        "mysql": (11, 11),
        "sqlite": (13, 13),
    }
    assert (len(one), len(three)) == expected[database.dialect]
