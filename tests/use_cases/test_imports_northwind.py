"""Northwind comes in with exactly the figures that come with it, and only once."""

from collections import defaultdict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, Final

from models.catalog import Product
from models.customers import Customer
from models.events import Event
from models.inventory import Reservation, StockItem, StockMovement
from models.orders import Order, OrderLine
from models.payments import Payment
from models.references import ExternalRef, SearchToken
from models.rules.access import SYSTEM
from models.rules.events import SubjectKind
from models.rules.inventory import MovementKind, is_low
from models.rules.order_states import FulfillmentStatus, OrderStatus, PaymentStatus
from models.tables import TABLES
from services.imports.files.records import Kind
from services.imports.files.report import Count, Report
from services.imports.run import Options, import_files
from services.operations.audits.stock import verify_stock
from tests.support.audit.auditor import IMPORTED_PAST, audit
from tests.support.databases import Database
from tests.support.samples import EXAMPLES, expected, sample

NORTHWIND: Final = EXAMPLES / "northwind.yaml"

# The customers once more, as another program exports them.
CRM: Final = """
system: crm
encoding: cp1252
delimiter: ";"
sources:
  - kind: customer
    file: crm_customers_cp1252_semicolon.csv
    existing: link
    key: CustomerID
    fields: {code: CustomerID, name: CompanyName}
"""

# The sample writes some countries in its own way.
CODES: Final = {
    "USA": "US",
    "Germany": "DE",
    "Austria": "AT",
    "Brazil": "BR",
    "France": "FR",
    "UK": "GB",
    "Venezuela": "VE",
    "Sweden": "SE",
    "Canada": "CA",
    "Ireland": "IE",
}


async def import_northwind() -> Report:
    return await import_files(SYSTEM, NORTHWIND, sample("northwind"))


def summed(rows: list[Any], key: Callable[[Any], Hashable], amount: str) -> dict[Any, int]:
    sums: dict[Any, int] = defaultdict(int)
    for row in rows:
        sums[key(row)] += getattr(row, amount)
    return dict(sums)


def largest(sums: dict[Any, int], count: int = 10) -> list[list[Any]]:
    ranked = sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))
    return [list(pair) for pair in ranked[:count]]


async def test_all_rows_are_taken(database: Database) -> None:
    counted = expected(sample("northwind"))["counts"]
    report = await import_northwind()
    assert report.counts == {
        Kind.WAREHOUSE: Count(read=1, new=1),
        Kind.CATEGORY: Count(read=8, new=counted["categories"]),
        Kind.SUPPLIER: Count(read=29, new=counted["suppliers"]),
        Kind.CUSTOMER: Count(read=93, new=counted["customers"]),
        Kind.PRODUCT: Count(read=77, new=counted["products"]),
        Kind.STOCK: Count(read=77, new=77),
        Kind.ORDER: Count(read=830, new=counted["orders"]),
        Kind.SHIPMENT: Count(read=809, new=809),
        Kind.LINE: Count(read=2155, new=counted["lines"]),
    }
    assert (report.rejected, report.written) == ([], True)
    # All of it is in dollars, of which no rate is known here.
    assert [(each.file, each.line, each.reason.partition(",")[0]) for each in report.warnings] == [
        ("products.csv", 2, "77 product rows from here on are in USD"),
        ("orders.csv", 2, "830 order rows from here on are in USD"),
    ]
    await money_matches()
    await groups_match()
    await goods_match()
    await stock_matches()
    await history_is_history()
    assert await audit(database, apart_from=IMPORTED_PAST) == []
    await everything_is_found()
    await a_second_run_changes_nothing()


async def money_matches() -> None:
    figures = expected(sample("northwind"))
    orders = await Order.all()
    assert (len(orders), sum(order.line_count for order in orders)) == (830, 2155)
    assert sum(order.subtotal_net_minor for order in orders) == figures["revenue"] == 126_579_302
    gross = sum(order.subtotal_net_minor + order.discount_minor for order in orders)
    assert gross == figures["gross"]
    assert sum(order.shipping_net_minor for order in orders) == figures["freight"]
    for order in orders:
        assert order.total_gross_minor == order.subtotal_net_minor + order.shipping_net_minor
    lines = await OrderLine.all()
    assert sum(line.quantity for line in lines) == figures["units"]
    by_order = summed(lines, lambda line: line.order_id, "net_minor")
    assert by_order == {order.id: order.subtotal_net_minor for order in orders}
    months = summed(orders, lambda order: f"{order.placed_at:%Y-%m}", "subtotal_net_minor")
    assert months == figures["by_month"]


async def groups_match() -> None:
    figures = expected(sample("northwind"))
    orders = await Order.all().select_related("customer")
    countries = summed(orders, lambda order: order.shipping_country, "subtotal_net_minor")
    named = [[CODES[name], minor] for name, minor in figures["by_ship_country_top10"]]
    assert largest(countries) == named
    customers = summed(orders, lambda order: order.customer.code, "subtotal_net_minor")
    assert len(customers) == figures["counts"]["customers_with_orders"]
    assert largest(customers) == figures["top10_customers"]


async def goods_match() -> None:
    figures = expected(sample("northwind"))
    lines = await OrderLine.all().select_related("product__category")
    categories = summed(lines, lambda line: line.product.category.name, "net_minor")
    assert largest(categories) == figures["by_category"]
    assert (
        largest(summed(lines, lambda line: line.name, "quantity"))
        == (figures["top10_products_quantity"])
    )
    assert (
        largest(summed(lines, lambda line: line.name, "net_minor"))
        == (figures["top10_products_revenue"])
    )


async def stock_matches() -> None:
    figures = expected(sample("northwind"))["stock"]
    items = await StockItem.all().select_related("product")
    assert sum(item.on_hand for item in items) == figures["units"]
    assert sum(item.incoming for item in items) == figures["on_order"]
    assert await Product.filter(discontinued=True).count() == figures["discontinued"]
    sold = [item for item in items if not item.product.discontinued]
    low = [
        item.product.name
        for item in sold
        if is_low(item.balance.available, item.incoming, item.reorder_point)
    ]
    assert sorted(low) == figures["active_at_or_below_reorder_level"]
    below = [item.product.name for item in sold if item.on_hand < item.reorder_point]
    assert sorted(below) == figures["active_stock_below_reorder_level_ignoring_on_order"]


async def history_is_history() -> None:
    """What was shipped has moved no stock, what is open holds none, and what is paid says so."""
    orders = await Order.all()
    open_orders = [order for order in orders if order.status is OrderStatus.CONFIRMED]
    assert len(open_orders) == expected(sample("northwind"))["orders_not_shipped"] == 21
    for order in open_orders:
        assert order.fulfillment_status is FulfillmentStatus.UNFULFILLED
        assert order.payment_status is PaymentStatus.UNPAID
    for order in orders:
        if order not in open_orders:
            assert order.status is OrderStatus.COMPLETED
            assert order.fulfillment_status is FulfillmentStatus.DELIVERED
            assert order.payment_status is PaymentStatus.PAID
    assert await Reservation.all().count() == 0
    assert {movement.kind for movement in await StockMovement.all()} == {MovementKind.COUNT}
    assert (await verify_stock(SYSTEM)).drifts == []
    payments = await Payment.all()
    assert {payment.method for payment in payments} == {"imported"}
    paid = {payment.order_id: payment.amount_minor for payment in payments}
    assert paid == {order.id: order.charged_minor for order in orders if order.charged_minor}


async def everything_is_found() -> None:
    ref = await ExternalRef.get(subject_kind=SubjectKind.ORDER, system="northwind", key="10248")
    order = await Order.get(id=ref.subject_id).select_related("customer")
    assert (order.number, order.customer.code, order.shipping_country) == ("10248", "VINET", "FR")
    assert order.shipping_address == {
        "name": "Vins et alcools Chevalier",
        "lines": ["59 rue de l-Abbaye"],
        "city": "Reims",
        "region": None,
        "postalCode": "51100",
        "countryCode": "FR",
        "phone": None,
    }
    assert order.attributes == {"seller": "Steven Buchanan"}
    for kind, word, of in (
        (SubjectKind.CUSTOMER, "futterkiste", Customer),
        (SubjectKind.PRODUCT, "rostbratwurst", Product),
        (SubjectKind.ORDER, "10248", Order),
    ):
        token = await SearchToken.get(subject_kind=kind, token=word, field__not="reference")
        assert await of.filter(id=token.subject_id).count() == 1
    event = await Event.get(subject_id=order.id)
    assert event.data == {"lines": 3, "totalMinor": 47_238, "imported": "northwind"}
    assert event.customer_id == order.customer_id


async def a_second_run_changes_nothing() -> None:
    before = {table.__name__: await table.all().count() for table in TABLES}
    report = await import_northwind()
    assert all(count.new == count.rejected == 0 for count in report.counts.values())
    assert all(count.unchanged == count.read for count in report.counts.values())
    assert {table.__name__: await table.all().count() for table in TABLES} == before


async def test_a_dry_run_tells_the_same_and_writes_nothing(sqlite_database: Database) -> None:
    before = {table.__name__: await table.all().count() for table in TABLES}
    report = await import_files(SYSTEM, NORTHWIND, sample("northwind"), Options(dry_run=True))
    assert not report.written
    assert report.counts[Kind.ORDER] == Count(read=830, new=830)
    assert {table.__name__: await table.all().count() for table in TABLES} == before


async def test_another_system_knows_the_same_customers(
    sqlite_database: Database, tmp_path: Path
) -> None:
    folder = sample("northwind")
    await import_northwind()
    mapping = tmp_path / "crm.yaml"
    mapping.write_text(CRM, encoding="utf-8")
    report = await import_files(SYSTEM, mapping, folder)
    assert report.counts == {Kind.CUSTOMER: Count(read=93, unchanged=93)}
    refs = await ExternalRef.filter(system="crm").count()
    assert (refs, await Customer.all().count()) == (93, 93)


async def test_letters_survive_an_older_encoding(sqlite_database: Database, tmp_path: Path) -> None:
    mapping = tmp_path / "crm.yaml"
    mapping.write_text(CRM.replace("existing: link", "existing: reject"), encoding="utf-8")
    await import_files(SYSTEM, mapping, sample("northwind"))
    assert (await Customer.get(code="ANTON")).name == "Antonio Moreno Taquería"
    assert (await Customer.get(code="BERGS")).name == "Berglunds snabbköp"
