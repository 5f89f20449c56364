"""The bakery of the papers, and what becomes of imported orders afterwards."""

import asyncio
from collections.abc import Sequence
from typing import Final

import pytest
from tortoise.models import Model

from models.catalog import Category, Product
from models.customers import CustomerAddress
from models.inventory import StockItem
from models.orders import Order, OrderLine
from models.references import ExternalRef
from models.rules.access import SYSTEM
from models.rules.errors import ErrorCode
from models.rules.order_states import FulfillmentStatus, OrderAction, OrderStatus
from models.tables import TABLES
from services.imports.files.records import Kind
from services.imports.files.report import Count, Problem, Report
from services.imports.rows import second_pass
from services.imports.run import import_files
from services.operations.audits.stock import verify_stock
from services.orders.act import ActOnOrder, act_on_order
from services.work.work import Work
from tests.support.audit.auditor import IMPORTED_PAST, audit
from tests.support.databases import Database
from tests.support.samples import EXAMPLES

FOLDER: Final = EXAMPLES / "bakery"
NEW: Final = {
    Kind.WAREHOUSE: Count(read=1, new=1),
    Kind.CUSTOMER: Count(read=5, new=5),
    Kind.CATEGORY: Count(read=4, new=4),
    Kind.PRODUCT: Count(read=8, new=8),
    Kind.STOCK: Count(read=8, new=8),
    Kind.ORDER: Count(read=12, new=12),
    Kind.SHIPMENT: Count(read=8, new=8),
    Kind.LINE: Count(read=22, new=22),
}
KNOWN: Final = {kind: Count(read=count.read, unchanged=count.read) for kind, count in NEW.items()}


async def import_bakery() -> Report:
    return await import_files(SYSTEM, EXAMPLES / "bakery.yaml", FOLDER)


async def rows() -> dict[str, int]:
    return {table.__name__: await table.all().count() for table in TABLES}


async def test_the_bakery_comes_in_once(database: Database) -> None:
    report = await import_bakery()
    assert (report.counts, report.rejected, report.written) == (NEW, [], True)
    assert [(each.line, each.column) for each in report.warnings] == [(4, "E-mail")]
    before = await rows()
    assert (await import_bakery()).counts == KNOWN
    assert await rows() == before
    assert (await verify_stock(SYSTEM)).drifts == []
    assert await audit(database, apart_from=IMPORTED_PAST) == []


async def test_formats_are_read_as_the_mapping_says(sqlite_database: Database) -> None:
    await import_bakery()
    order = await Order.get(number="B-104").select_related("customer")
    assert order.placed_at is not None
    assert order.placed_at.isoformat() == "2025-11-05T06:20:00+00:00"
    # 12 x 7.25 and 6 x 4.20, less 2.5 percent, plus 7 percent tax.
    assert (order.discount_minor, order.total_net_minor, order.total_tax_minor) == (280, 10940, 766)
    address = await CustomerAddress.get(customer_id=order.customer_id)
    assert (address.lines, address.postal_code) == (["7 Mill Lane"], "BS1")
    assert (address.city, address.country_code) == ("Bristol", "GB")
    assert order.customer.email == "orders@windmill"
    product = await Product.get(sku="CAKE-APPLE").select_related("category")
    assert (product.name, product.price_minor) == ("Apple cake, whole", 1850)
    assert product.category == await Category.get(name="Cakes")


async def test_mistakes_are_told_and_the_rest_is_taken(sqlite_database: Database) -> None:
    await import_bakery()
    late = FOLDER / "late_orders.csv"
    report = await import_files(SYSTEM, EXAMPLES / "bakery_late.yaml", late)
    name = "late_orders.csv"
    assert report.rejected == [
        Problem(name, 2, None, ErrorCode.INVALID, f"its line was rejected ({name}:3)"),
        Problem(name, 2, None, ErrorCode.NOT_FOUND, f"order B-113 was rejected ({name}:2)"),
        Problem(name, 3, "SKU", ErrorCode.NOT_FOUND, "there is no product ROLL-POPY"),
        Problem(name, 5, "Customer", ErrorCode.NOT_FOUND, "there is no customer C-6"),
        Problem(name, 5, "Order", ErrorCode.NOT_FOUND, f"order B-115 was rejected ({name}:5)"),
    ]
    assert report.count(Kind.ORDER) == Count(read=3, new=1, rejected=2)
    assert await Order.filter(number__in=["B-113", "B-114", "B-115"]).get() == await Order.get(
        number="B-114"
    )


async def test_an_open_order_takes_its_stock_when_it_is_prepared(database: Database) -> None:
    await import_bakery()
    order = await Order.get(number="B-110")
    assert order.fulfillment_status is FulfillmentStatus.UNFULFILLED
    prepared = await act_on_order(SYSTEM, ActOnOrder(order.id, order.version, OrderAction.PREPARE))
    assert prepared.fulfillment_status is FulfillmentStatus.PREPARING
    lines = await OrderLine.filter(order_id=order.id)
    assert sorted(line.reserved for line in lines) == [2, 6]
    item = await StockItem.get(product__sku="CAKE-APPLE")
    assert (item.on_hand, item.reserved) == (6, 2)
    shipped = await act_on_order(SYSTEM, ActOnOrder(order.id, prepared.version, OrderAction.SHIP))
    assert shipped.fulfillment_status is FulfillmentStatus.SHIPPED
    assert (await StockItem.get(id=item.id)).on_hand == 4
    assert (await verify_stock(SYSTEM)).drifts == []


async def test_what_came_in_cancelled_or_done_offers_no_way_back(
    sqlite_database: Database,
) -> None:
    await import_bakery()
    cancelled = await Order.get(number="B-106")
    (line,) = await OrderLine.filter(order_id=cancelled.id)
    assert cancelled.status is OrderStatus.CANCELLED
    assert (line.quantity, line.cancelled, cancelled.total_gross_minor) == (1, 1, 1980)


async def test_two_imports_at_the_same_time_double_nothing(database: Database) -> None:
    first, second = await asyncio.gather(import_bakery(), import_bakery())
    for kind, count in NEW.items():
        assert first.counts[kind].new + second.counts[kind].new == count.new
        assert first.counts[kind].read == second.counts[kind].read == count.read
    once = await rows()
    assert (once["Order"], once["OrderLine"], once["Shipment"]) == (12, 22, 8)
    assert once["ExternalRef"] == 1 + 5 + 4 + 8 + 12 + 8
    assert (await verify_stock(SYSTEM)).drifts == []


class PowerCut(Exception):
    """What ends an import in its middle."""


async def test_an_import_that_was_cut_off_is_finished_by_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = Work.insert

    async def cut_off(work: Work, *groups: Sequence[Model]) -> None:
        await insert(work, *groups)
        has_lines = any(isinstance(row, OrderLine) for rows in groups for row in rows)
        if has_lines and await Order.all().count() > 5:
            raise PowerCut

    monkeypatch.setattr(second_pass, "BATCH", 5)
    with monkeypatch.context() as broken:
        broken.setattr(Work, "insert", cut_off)
        with pytest.raises(PowerCut):
            await import_bakery()
    assert (await Product.all().count(), await Order.all().count()) == (8, 5)
    report = await import_bakery()
    assert report.counts == {
        **KNOWN,
        Kind.ORDER: Count(read=12, new=7, unchanged=5),
        Kind.SHIPMENT: Count(read=8, new=3, unchanged=5),
        Kind.LINE: Count(read=22, new=12, unchanged=10),
    }
    assert await ExternalRef.filter(system="bakery").count() == 1 + 5 + 4 + 8 + 12 + 8
