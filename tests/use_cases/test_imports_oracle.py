"""Oracle's "Customer Orders" come in with the figures that come with them."""

from collections import Counter, defaultdict
from typing import Any, Final

from models.customers import Customer
from models.fulfillment import Shipment, ShipmentLine
from models.inventory import Reservation, StockItem, Warehouse
from models.orders import Order, OrderLine
from models.payments import Payment
from models.references import ExternalRef
from models.rules.access import SYSTEM
from models.rules.errors import ErrorCode
from models.rules.events import SubjectKind
from models.rules.order_states import OrderStatus, PaymentStatus
from services.imports.files.records import Kind
from services.imports.files.report import Count, Problem, Report
from services.imports.run import import_files
from services.operations.audits.stock import verify_stock
from tests.support.audit.auditor import IMPORTED_PAST, audit
from tests.support.databases import Database
from tests.support.samples import EXAMPLES, expected, sample

ORACLE: Final = EXAMPLES / "oracle_co.yaml"
NOTHING: Final = "no line of an order names this shipment"


async def import_oracle() -> Report:
    return await import_files(SYSTEM, ORACLE, sample("oracle_co"))


async def test_the_shops_come_in(database: Database) -> None:
    report = await import_oracle()
    the_report_tells_of_every_row(report)
    await orders_match()
    await shops_match()
    await shipments_match()
    assert sum(item.on_hand for item in await StockItem.all()) == 3510
    assert await Reservation.all().count() == 0
    assert (await verify_stock(SYSTEM)).drifts == []
    assert await audit(database, apart_from=IMPORTED_PAST) == []
    again = await import_oracle()
    assert {kind: count.new for kind, count in again.counts.items()} == dict.fromkeys(
        report.counts, 0
    )
    assert again.rejected == report.rejected


def the_report_tells_of_every_row(report: Report) -> None:
    counted = expected(sample("oracle_co"))["counts"]
    assert report.counts == {
        Kind.WAREHOUSE: Count(read=23, new=counted["stores"]),
        Kind.CUSTOMER: Count(read=392, new=counted["customers"]),
        Kind.PRODUCT: Count(read=46, new=counted["products"]),
        Kind.STOCK: Count(read=566, new=counted["inventory_rows"]),
        Kind.ORDER: Count(read=1950, new=counted["orders"]),
        # One is left out, 104 serve two orders each.
        Kind.SHIPMENT: Count(read=1892, new=1892 - 7 - 1 + 104, rejected=7),
        Kind.LINE: Count(read=3914, new=counted["lines"]),
    }
    assert report.rejected == [
        Problem("shipments.csv", line, None, ErrorCode.NOT_FOUND, NOTHING)
        for line in (1730, 1888, 1889, 1890, 1891, 1892, 1893)
    ]
    odd = [each for each in report.warnings if each.column == "email_address"]
    goods, orders, left_out = [each for each in report.warnings if each not in odd]
    assert goods.reason.startswith("46 product rows from here on are in USD")
    assert orders.reason.startswith("1,950 order rows from here on are in USD")
    assert len(odd) == 392
    assert (left_out.file, left_out.line) == ("shipments.csv", 1887)
    assert left_out.reason.startswith("has not left and is left out")


async def orders_match() -> None:
    figures = expected(sample("oracle_co"))
    orders = await Order.all()
    revenue: dict[str, int] = defaultdict(int)
    count: dict[str, int] = defaultdict(int)
    months: dict[str, int] = defaultdict(int)
    for order in orders:
        state = _source_state(order)
        revenue[state] += order.subtotal_net_minor
        count[state] += 1
        if state == "COMPLETE" and order.placed_at:
            months[f"{order.placed_at:%Y-%m}"] += order.subtotal_net_minor
    assert revenue == figures["revenue_by_status"]
    assert sum(revenue.values()) == figures["revenue_all"] == 30_859_853
    assert count == figures["orders_by_status"]
    assert months == figures["by_month_complete"]
    assert await Payment.filter(kind="REFUND").count() == 23
    lines = await OrderLine.filter(order__status=OrderStatus.COMPLETED).select_related("order")
    sold: Counter[str] = Counter()
    for line in lines:
        if line.order.payment_status is PaymentStatus.PAID:
            sold[line.name] += line.quantity
    assert [list(pair) for pair in sold.most_common(10)] == (
        figures["top10_products_quantity_complete"]
    )
    assert await Customer.filter(email="tammy.bryant@internalmail").count() == 1


def _source_state(order: Order) -> str:
    """The status as the source has it, from ours."""
    if order.status is OrderStatus.CANCELLED:
        return "CANCELLED"
    assert order.status is OrderStatus.COMPLETED
    if order.payment_status is PaymentStatus.REFUNDED:
        return "REFUNDED"
    assert order.payment_status is PaymentStatus.PAID
    return "COMPLETE"


async def shops_match() -> None:
    figures = expected(sample("oracle_co"))
    names = {f"CO-{index}": shop.name for index, shop in _numbered(await Warehouse.all())}
    assert len(names) == 23
    sums: Counter[str] = Counter()
    paid = Order.filter(payment_status=PaymentStatus.PAID)
    for order in await paid.exclude(status=OrderStatus.CANCELLED):
        sums[order.channel] += order.subtotal_net_minor
    ours = [minor for _, minor in sums.most_common(10)]
    assert ours == [minor for _, minor in figures["by_store_complete_top10"]]
    assert next(iter(sums.most_common(1)))[0] == "online"
    london = await Warehouse.get(code="CO-6")
    assert london.address["countryCode"] == "GB"
    online = await Warehouse.get(code="CO-1")
    assert online.address is None


def _numbered(shops: list[Warehouse]) -> list[tuple[int, Warehouse]]:
    return [(int(shop.code.removeprefix("CO-")), shop) for shop in shops]


async def shipments_match() -> None:
    figures = expected(sample("oracle_co"))
    refs = await ExternalRef.filter(subject_kind=SubjectKind.SHIPMENT)
    shipments = {row.id: row for row in await Shipment.all()}
    by_source: dict[str, Any] = {}
    for ref in refs:
        by_source[ref.key.partition("-")[0]] = shipments[ref.subject_id].status
    told = Counter(status.replace("_", "-") for status in by_source.values())
    assert told | Counter({"CREATED": 8}) == Counter(figures["shipments_by_status"])
    # Shipment 10 brought orders 8 and 859: one shipment each, with their own lines.
    for number in ("CO-8", "CO-859"):
        ref = await ExternalRef.get(subject_kind=SubjectKind.SHIPMENT, key=f"10-{number}")
        shipment = await Shipment.get(id=ref.subject_id).select_related("order")
        assert shipment.order.number == number
        carried = await ShipmentLine.filter(shipment_id=shipment.id).select_related("order_line")
        assert {line.order_line.order_id for line in carried} == {shipment.order_id}
    order = await Order.get(number="CO-2")
    assert order.shipping_address["city"] == "Jobstown"
    assert (order.shipping_address["region"], order.shipping_country) == ("NJ", "US")
