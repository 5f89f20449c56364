"""How shipments, payments and states of the past become ours."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from models.events import Event
from models.fulfillment import Parcel, Shipment, ShipmentLine
from models.orders import Order, OrderLine
from models.payments import Payment
from models.references import ExternalRef
from models.rules.delays import USUAL, Stage
from models.rules.errors import ErrorCode
from models.rules.events import SubjectKind
from models.rules.order_states import FulfillmentStatus, OrderStatus, PaymentStatus
from services.imports.files.records import Kind
from services.imports.files.report import Count
from tests.support.databases import Database
from tests.support.imported import HEAD, ORDERS, Files, problems_of

MAPPING: Final = f"""{HEAD}
  - kind: shipment
    file: shipments.csv
    key: id
    fields:
      order: order
      warehouse: {{value: MAIN}}
      status: status
      shipped_at: shipped
      carrier: carrier
      tracking_number: tracking
      address.lines: street
      address.city: city
      address.country: {{value: DE}}
""".replace(
    "placed_at: placed, payment: payment}",
    "placed_at: placed, payment: payment, status: status, fulfilled: fulfilled}",
).replace("unit_price: price}", "unit_price: price, shipment: shipment}")

COLUMNS: Final = "id,order,status,shipped,carrier,tracking,street,city\n"


@pytest.fixture
def files(tmp_path: Path) -> Files:
    made = Files(tmp_path)
    made.write(mapping=MAPPING)
    return made


def write(
    files: Files, shipments: str, carried: tuple[str, str] = ("", ""), order: str = ",,"
) -> None:
    """One order A of two cups and a jar; `order` is its payment, status and fulfilled."""
    files.write(
        orders=f"id,customer,placed,payment,status,fulfilled\nA,1,2025-01-05,{order}\n",
        lines="order,product,quantity,price,shipment\n"
        f"A,7,2,8.50,{carried[0]}\nA,8,1,2.75,{carried[1]}\n",
        shipments=COLUMNS + shipments,
    )


async def counts() -> list[tuple[int, int, int]]:
    lines = await OrderLine.filter(order__number="A").order_by("position")
    return [(line.shipped, line.delivered, line.cancelled) for line in lines]


async def test_a_shipment_that_names_its_order_holds_all_of_it(
    sqlite_database: Database, files: Files
) -> None:
    write(files, "5,A,IN_TRANSIT,2025-01-07,Velopost,VP1,Gasse 1,Bonn\n")
    report = await files.load()
    assert (problems_of(report), report.count(Kind.SHIPMENT)) == ([], Count(read=1, new=1))
    order = await Order.get(number="A")
    assert order.fulfillment_status is FulfillmentStatus.SHIPPED
    assert order.has_shipment
    assert order.shipping_address["lines"] == ["Gasse 1"]
    assert order.shipping_country == "DE"
    shipment = await Shipment.get(order_id=order.id)
    assert (shipment.number, shipment.status) == ("A-1", "IN_TRANSIT")
    parcel = await Parcel.get(shipment_id=shipment.id)
    assert (parcel.carrier, parcel.tracking_number) == ("Velopost", "VP1")
    assert await ShipmentLine.filter(shipment_id=shipment.id).count() == 2
    assert await counts() == [(2, 0, 0), (1, 0, 0)]
    ref = await ExternalRef.get(subject_kind=SubjectKind.SHIPMENT, system="shop")
    assert (ref.key, ref.subject_id) == ("5", shipment.id)


async def test_lines_name_what_is_in_which_shipment(
    sqlite_database: Database, files: Files
) -> None:
    write(files, "5,A,DELIVERED,,,,,\n6,,EXCEPTION,,,,,\n", ("5", "6"))
    assert problems_of(await files.load()) == []
    assert await counts() == [(2, 2, 0), (1, 0, 0)]
    order = await Order.get(number="A")
    assert order.fulfillment_status is FulfillmentStatus.PARTLY_DELIVERED
    assert [each.number for each in await Shipment.all().order_by("number")] == ["A-1", "A-2"]


@pytest.mark.parametrize(
    ("shipments", "carried", "declared", "stage", "since"),
    [
        ("", ("", ""), ",,", Stage.PREPARE, datetime(2025, 1, 5, tzinfo=UTC)),
        (
            "5,,SHIPPED,2025-01-07,,,,\n",
            ("5", ""),
            ",,",
            Stage.SHIP,
            datetime(2025, 1, 7, tzinfo=UTC),
        ),
        (
            "5,,DELIVERED,2025-01-07,,,,\n6,,SHIPPED,2025-01-09,,,,\n",
            ("5", "6"),
            ",,",
            Stage.DELIVER,
            datetime(2025, 1, 9, tzinfo=UTC),
        ),
        ("5,A,SHIPPED,,,,,\n", ("", ""), ",,", Stage.DELIVER, datetime(2025, 1, 5, tzinfo=UTC)),
        ("5,A,DELIVERED,2025-01-07,,,,\n", ("", ""), ",,", None, None),
        ("", ("", ""), ",CANCELLED,", None, None),
    ],
    ids=["open", "part shipped", "part delivered", "nobody knows when", "delivered", "cancelled"],
)
async def test_an_order_waits_since_its_last_step(
    sqlite_database: Database,
    files: Files,
    shipments: str,
    carried: tuple[str, str],
    declared: str,
    stage: Stage | None,
    since: datetime | None,
) -> None:
    write(files, shipments, carried, declared)
    assert problems_of(await files.load()) == []
    order = await Order.get(number="A")
    assert (order.stage, order.stage_since) == (stage, since)
    assert order.stage_due_at == (since + USUAL[stage] if since and stage else None)
    event = await Event.get(subject_id=order.id)
    due = order.stage_due_at.isoformat() if since else None
    assert event.after["stageDueAt"] == due


async def test_what_no_shipment_carries_is_open_or_was_handed_over(
    sqlite_database: Database, files: Files
) -> None:
    write(files, "5,,SHIPPED,,,,,\n", ("5", ""))
    await files.load()
    assert await counts() == [(2, 0, 0), (0, 0, 0)]


async def test_what_was_handed_over_has_arrived(sqlite_database: Database, files: Files) -> None:
    write(files, "5,,DELIVERED,,,,,\n", ("5", ""), "PAID,,yes")
    await files.load()
    assert await counts() == [(2, 2, 0), (1, 1, 0)]
    assert (await Order.get(number="A")).status is OrderStatus.COMPLETED


async def test_what_has_not_left_is_left_out_and_told(
    sqlite_database: Database, files: Files
) -> None:
    write(files, "5,A,PACKED,,,,,\n")
    report = await files.load()
    assert (problems_of(report), report.count(Kind.SHIPMENT)) == ([], Count(read=1))
    (warning,) = report.warnings
    assert (warning.file, warning.line) == ("shipments.csv", 2)
    assert warning.reason.startswith("has not left and is left out")
    order = await Order.get(number="A")
    assert (order.has_shipment, order.status) == (False, OrderStatus.CONFIRMED)
    assert order.fulfillment_status is FulfillmentStatus.UNFULFILLED


async def test_a_cancelled_order_keeps_its_amount_and_what_had_left(
    sqlite_database: Database, files: Files
) -> None:
    write(files, "5,,SHIPPED,,,,,\n6,,CANCELLED,,,,,\n", ("5", "6"), ",CANCELLED,")
    await files.load()
    assert await counts() == [(2, 0, 0), (0, 0, 1)]
    order = await Order.get(number="A")
    assert (order.status, order.total_gross_minor) == (OrderStatus.CANCELLED, 1975)


async def test_what_was_paid_for_a_cancelled_order_is_too_much(
    sqlite_database: Database, files: Files
) -> None:
    write(files, "", order="PAID,CANCELLED,")
    await files.load()
    order = await Order.get(number="A")
    assert (order.status, order.charged_minor) == (OrderStatus.CANCELLED, 1975)
    assert order.payment_status is PaymentStatus.OVERPAID


async def test_what_was_refunded_was_charged_before(
    sqlite_database: Database, files: Files
) -> None:
    write(files, "5,A,DELIVERED,,,,,\n", order="REFUNDED,COMPLETED,")
    await files.load()
    order = await Order.get(number="A")
    assert order.payment_status is PaymentStatus.REFUNDED
    charge = await Payment.get(order_id=order.id, kind="CHARGE")
    refund = await Payment.get(order_id=order.id, kind="REFUND")
    assert (charge.amount_minor, refund.amount_minor, refund.payment_id) == (1975, 1975, charge.id)


async def test_shipments_and_lines_may_come_again_without_their_orders(
    sqlite_database: Database, files: Files
) -> None:
    write(files, "5,,DELIVERED,,,,,\n6,A,SHIPPED,,,,,\n", ("5", "6"))
    await files.load()
    files.write(orders="id,customer,placed,payment,status,fulfilled\n")
    report = await files.load()
    assert problems_of(report) == []
    assert report.count(Kind.SHIPMENT) == Count(read=2, unchanged=2)
    assert report.count(Kind.LINE) == Count(read=2, unchanged=2)


async def test_a_later_order_may_lie_in_an_earlier_shipment(
    database: Database, files: Files
) -> None:
    write(files, "5,,DELIVERED,,,,,\n", ("5", "5"))
    await files.load()
    files.write(
        orders=ORDERS.replace("A,1", "B,1").replace("payment", "payment,status,fulfilled")[:-1]
        + ",,\n",
        lines="order,product,quantity,price,shipment\nB,7,2,8.50,5\n",
    )
    assert problems_of(await files.load()) == []
    refs = ExternalRef.filter(subject_kind=SubjectKind.SHIPMENT).order_by("key")
    assert [ref.key for ref in await refs] == ["5", "5-B"]


@pytest.mark.parametrize(
    ("shipments", "carried", "reason"),
    [
        (
            "5,A,SHIPPED,,,,,\n6,A,SHIPPED,,,,,\n",
            ("", ""),
            "no line says what is in shipment 5, which is not the only one",
        ),
        (
            "5,A,SHIPPED,,,,,\n6,,SHIPPED,,,,,\n",
            ("6", ""),
            "no line says what is in shipment 5, which is not the only one",
        ),
        ("5,A,LOST,,,,,\n", ("", ""), "its shipment was rejected (shipments.csv:2)"),
        ("", ("5", ""), "its line was rejected (lines.csv:2)"),
    ],
)
async def test_an_order_whose_shipments_are_unclear_is_rejected(
    sqlite_database: Database,
    files: Files,
    shipments: str,
    carried: tuple[str, str],
    reason: str,
) -> None:
    write(files, shipments, carried)
    report = await files.load()
    assert ("orders.csv", 2, None, ErrorCode.INVALID, reason) in problems_of(report)
    assert await Order.all().count() == 0


async def test_a_line_cannot_lie_in_the_shipment_of_another_order(
    sqlite_database: Database, files: Files
) -> None:
    write(files, "5,A,SHIPPED,,,,,\n")
    files.write(
        orders="id,customer,placed,payment,status,fulfilled\nA,1,2025-01-05,,,\nB,1,2025-01-05,,,\n",
        lines="order,product,quantity,price,shipment\nA,7,2,8.50,\nB,8,1,2.75,5\n",
    )
    assert problems_of(await files.load()) == [
        (
            "orders.csv",
            3,
            None,
            ErrorCode.INVALID,
            "its line names shipment 5, which is of order A",
        ),
        ("lines.csv", 3, None, ErrorCode.NOT_FOUND, "order B was rejected (orders.csv:3)"),
    ]
    assert await counts() == [(2, 0, 0)]


async def test_a_shipment_of_nothing_is_rejected(sqlite_database: Database, files: Files) -> None:
    write(files, "5,,SHIPPED,,,,,\n")
    report = await files.load()
    reason = "no line of an order names this shipment"
    assert problems_of(report) == [("shipments.csv", 2, None, ErrorCode.NOT_FOUND, reason)]
    assert report.count(Kind.SHIPMENT) == Count(read=1, rejected=1)
    assert await Order.all().count() == 1
