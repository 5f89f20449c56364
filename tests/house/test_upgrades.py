"""What migrations make of rows that are there already."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest
from tortoise.migrations.executor import MigrationTarget
from tortoise.migrations.graph import MigrationKey

from models.catalog import Product
from models.columns import new_id
from models.customers import Customer, CustomerTag
from models.events import Event
from models.migrations import __path__ as migrations_path
from models.orders import Order, OrderLine
from models.references import SearchToken
from models.rules.access import SYSTEM
from models.rules.delays import NEVER, Stage, sortable
from models.rules.events import EventKind
from models.rules.money import Rounding
from services.operations.migrations import _executor, migrate
from services.operations.settled import complete_settled
from services.orders.delays import record_delays
from services.storage.database import APP, connection
from services.work import clock
from tests.support.databases import Database, connected

PLACED: Final = datetime(2026, 3, 1, 8, tzinfo=UTC)
CHANGED: Final = datetime(2026, 3, 9, 12, tzinfo=UTC)
DAY: Final = timedelta(days=1)
OLD: Final = [
    # number, status, fulfillment, promised after the last change; stage, and due after it
    ("draft", "DRAFT", "UNFULFILLED", None, None, None),
    ("waiting", "AWAITING_APPROVAL", "RESERVED", None, "CONFIRM", DAY),
    ("placed", "CONFIRMED", "RESERVED", None, "PREPARE", 2 * DAY),
    ("promised", "CONFIRMED", "BACKORDERED", DAY, "PREPARE", DAY),
    ("held", "ON_HOLD", "PREPARING", 9 * DAY, "SHIP", 2 * DAY),
    ("part", "CONFIRMED", "PARTLY_SHIPPED", None, "SHIP", 2 * DAY),
    ("gone", "CONFIRMED", "SHIPPED", None, "DELIVER", 7 * DAY),
    ("broken", "CONFIRMED", "PARTLY_DELIVERED", -DAY, "DELIVER", -DAY),
    ("arrived", "CONFIRMED", "DELIVERED", -DAY, None, None),
    ("done", "COMPLETED", "DELIVERED", -DAY, None, None),
    ("off", "CANCELLED", "UNFULFILLED", -DAY, None, None),
]


async def migrate_to(*names: str) -> Any:
    """Apply the migrations of these names, all up to one; the tables as they were then."""
    executor = _executor(connection())
    await executor.migrate([MigrationTarget(APP, names[-1])], direction="forward")
    keys = {MigrationKey(app_label=APP, name=name) for name in names}
    return (await executor._project_state(keys)).clone().apps


def order(table: Any, customer_id: Any, number: str, **values: Any) -> Any:
    money = [name for name in table._meta.db_fields if name.endswith("_minor")]
    usual = {"payment_status": "UNPAID", "return_status": "NONE", **dict.fromkeys(money, 0)}
    return table(
        id=new_id(),
        number=number,
        channel="web",
        customer_id=customer_id,
        currency="EUR",
        placed_at=PLACED,
        sorted_at=PLACED,
        created_at=PLACED,
        updated_at=CHANGED,
        line_count=1,
        **(usual | values),
    )


async def test_open_orders_get_a_stage_and_a_deadline(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("models.migrations.0002_stage_deadlines"), "BATCH", 3)
    async with connected(empty_database):
        apps = await migrate_to("0001_initial")
        customers, orders = apps.get_model("models.Customer"), apps.get_model("models.Order")
        named = {"code": "ADA", "name": "Ada", "sort_name": "ada"}
        ada = customers(id=new_id(), created_at=PLACED, updated_at=PLACED, **named)
        await ada.save(force_create=True, using_db=connection())
        for number, status, fulfillment, promised, _, _ in OLD:
            row = order(
                orders,
                ada.id,
                number,
                status=status,
                fulfillment_status=fulfillment,
                promised_at=None if promised is None else CHANGED + promised,
            )
            await row.save(force_create=True, using_db=connection())
        assert "0002_stage_deadlines" in await migrate()
        for number, *_, stage, due in OLD:
            found = await Order.get(number=number)
            assert found.stage == (Stage(stage) if stage else None), number
            assert found.stage_since == (CHANGED if stage else None), number
            assert found.stage_due_at == (None if due is None else CHANGED + due), number
            assert (found.delayed_stage, found.updated_at) == (None, CHANGED)
        with clock.frozen(CHANGED + DAY):
            assert await record_delays(SYSTEM) == 3  # waiting, promised, broken
        values = {"status": "CONFIRMED", "fulfillment_status": "RESERVED", "stage": Stage.PREPARE}
        await order(Order, ada.id, "new", **values).save(force_create=True)
        assert (await Order.get(number="new")).stage is Stage.PREPARE


async def test_credit_is_counted_from_the_orders(empty_database: Database) -> None:
    async with connected(empty_database):
        apps = await migrate_to("0001_initial", "0002_stage_deadlines")
        customers, orders = apps.get_model("models.Customer"), apps.get_model("models.Order")
        named = {"code": "ADA", "name": "Ada", "sort_name": "ada"}
        ada = customers(id=new_id(), created_at=PLACED, updated_at=PLACED, **named)
        await ada.save(force_create=True, using_db=connection())
        for number, status in (("open", "CONFIRMED"), ("off", "CANCELLED")):
            row = order(orders, ada.id, number, status=status, fulfillment_status="RESERVED")
            row.total_net_minor = row.total_gross_minor = 1_000
            row.charged_minor = 300
            await row.save(force_create=True, using_db=connection())
        assert "0003_credit" in await migrate()
        counted = {
            each.number: (each.credit_minor, each.lifetime_minor) for each in await Order.all()
        }
        assert counted == {"open": (700, 1_000), "off": (0, 0)}
        paying = {each.number: each.payment_status for each in await Order.all()}
        assert paying == {"open": "PARTLY_PAID", "off": "OVERPAID"}
        customer = await Customer.get()
        assert (customer.credit_used_minor, customer.lifetime_minor) == (700, 1_000)


MIGRATIONS: Final = sorted(file.stem for file in Path(migrations_path[0]).glob("[0-9]*.py"))
SETTLING: Final = [
    # status, fulfillment, payment and return; total, authorized, charged, refunded; afterwards
    # the payment status, the balance, and the order's status
    ("CONFIRMED DELIVERED PARTLY_REFUNDED NONE", (100, 0, 150, 50), ("PAID", 0, "COMPLETED")),
    ("CONFIRMED SHIPPED PARTLY_REFUNDED NONE", (100, 0, 150, 50), ("PAID", 0, "CONFIRMED")),
    ("ON_HOLD DELIVERED PARTLY_REFUNDED NONE", (100, 0, 150, 50), ("PAID", 0, "ON_HOLD")),
    ("CONFIRMED DELIVERED REFUNDED NONE", (100, 0, 100, 100), ("UNPAID", 100, "CONFIRMED")),
    ("CONFIRMED DELIVERED REFUNDED NONE", (100, 9, 9, 9), ("AUTHORIZED", 100, "CONFIRMED")),
    (
        "CONFIRMED DELIVERED PARTLY_REFUNDED PARTLY_RETURNED",
        (100, 0, 100, 30),
        ("PAID", 0, "COMPLETED"),
    ),
    ("COMPLETED DELIVERED REFUNDED RETURNED", (100, 0, 100, 100), ("REFUNDED", 0, "COMPLETED")),
    ("COMPLETED DELIVERED OVERPAID RETURNED", (100, 0, 130, 20), ("OVERPAID", -10, "COMPLETED")),
    ("COMPLETED DELIVERED PARTLY_REFUNDED NONE", (100, 0, 99, 9), ("PARTLY_PAID", 10, "COMPLETED")),
    ("CANCELLED UNFULFILLED UNPAID NONE", (100, 0, 0, 0), ("PAID", 0, "CANCELLED")),
    ("CANCELLED UNFULFILLED OVERPAID NONE", (100, 0, 50, 20), ("OVERPAID", -30, "CANCELLED")),
    ("DRAFT UNFULFILLED UNPAID NONE", (100, 0, 0, 0), ("UNPAID", 100, "DRAFT")),
]


async def test_orders_get_their_balance_and_those_that_are_settled_are_completed(
    empty_database: Database,
) -> None:
    async with connected(empty_database):
        apps = await migrate_to(*MIGRATIONS[: MIGRATIONS.index("0009_balance")])
        tables = [apps.get_model(f"models.{name}") for name in ("Order", "OrderLine", "Payment")]
        ada = await customer(apps.get_model("models.Customer"))
        for at, (axes, sums, _) in enumerate(SETTLING):
            await settling(tables, ada.id, f"{at}", axes, sums)
        # Its source had paid it back, and it says so by a method that only imports give.
        axes = "COMPLETED DELIVERED REFUNDED NONE"
        await settling(tables, ada.id, "imported", axes, (100, 0, 100, 100), method="imported")
        assert "0009_balance" in await migrate()
        after = {
            each.number: (each.payment_status, each.balance_minor, each.status)
            for each in await Order.all()
        }
        due = {f"{at}": after for at, (_, _, after) in enumerate(SETTLING)}
        assert after == {**due, "imported": ("REFUNDED", 0, "COMPLETED")}
        events = await Event.filter(kind=EventKind.ORDER_STATUS_CHANGED).order_by("id")
        assert [event.after["number"] for event in events] == ["0", "5"]
        assert [event.before["status"] for event in events] == ["CONFIRMED", "CONFIRMED"]
        assert (await Customer.get()).credit_used_minor == 210
        # They keep their rounding, and their freight bears no tax.
        kept = (
            await Order.all()
            .distinct()
            .values_list("rounding", "shipping_tax_rule", "shipping_taxes", "shipping_tax_minor")
        )
        assert kept == [(Rounding.HALF_EVEN, "none", None, 0)]
        # Nobody knows whether their prices were given, so another customer changes none.
        assert await OrderLine.all().distinct().values_list("own_price") == [(True,)]
        assert await complete_settled(SYSTEM) == 0


async def test_orders_and_products_get_what_they_are_sorted_by(empty_database: Database) -> None:
    async with connected(empty_database):
        apps = await migrate_to(*MIGRATIONS[: MIGRATIONS.index("0010_sorted_columns")])
        orders, products = apps.get_model("models.Order"), apps.get_model("models.Product")
        ada = await customer(apps.get_model("models.Customer"))
        values = {"status": "DRAFT", "fulfillment_status": "UNFULFILLED"}
        for currency, minor, dated in (("JPY", 1_000, True), ("EUR", -1_000, False)):
            made = order(orders, ada.id, currency, **values)
            made.currency = currency
            made.total_net_minor = made.total_gross_minor = minor
            made.balance_minor = minor - 1
            made.promised_at = made.stage_due_at = PLACED if dated else None
            await made.save(force_create=True, using_db=connection())
            goods = products(
                id=new_id(),
                created_at=PLACED,
                updated_at=PLACED,
                sku=currency,
                name=currency,
                sort_name=currency,
                price_minor=abs(minor),
                currency=currency,
            )
            await goods.save(force_create=True, using_db=connection())
        assert "0010_sorted_columns" in await migrate()
        found = {
            each.number: (each.sort_total, each.sort_balance, each.sort_promised, each.sort_due)
            for each in await Order.all()
        }
        instant = sortable(PLACED)
        assert found == {
            "JPY": (10_000_000, 9_990_000, instant, instant),
            "EUR": (-100_000, -100_100, NEVER, NEVER),
        }
        prices = {each.sku: each.sort_price for each in await Product.all()}
        assert prices == {"JPY": 10_000_000, "EUR": 100_000}


async def test_lines_get_the_unit_of_their_product(empty_database: Database) -> None:
    async with connected(empty_database):
        apps = await migrate_to(*MIGRATIONS[: MIGRATIONS.index("0011_imported_rows")])
        products = apps.get_model("models.Product")
        ada = await customer(apps.get_model("models.Customer"))
        made = order(apps.get_model("models.Order"), ada.id, "1", status="CONFIRMED")
        made.fulfillment_status = "UNFULFILLED"
        await made.save(force_create=True, using_db=connection())
        goods = products(
            id=new_id(),
            created_at=PLACED,
            updated_at=PLACED,
            sku="SALT",
            name="Salt",
            sort_name="salt",
            unit="gram",
            price_minor=3,
            price_quantity=100,
            currency="EUR",
        )
        await goods.save(force_create=True, using_db=connection())
        for position, (product_id, per) in enumerate([(goods.id, 100), (None, 1)]):
            line = apps.get_model("models.OrderLine")(
                id=new_id(),
                order_id=made.id,
                position=position,
                product_id=product_id,
                sku="SALT",
                name="Salt",
                quantity=200,
                currency="EUR",
                unit_price_minor=3,
                price_quantity=per,
                net_minor=6,
                tax_minor=0,
            )
            await line.save(force_create=True, using_db=connection())
        assert "0011_imported_rows" in await migrate()
        lines = await OrderLine.all().order_by("position")
        # A line whose product is gone keeps what it can: it was counted by the piece, as most are.
        assert [(each.unit, each.price_quantity) for each in lines] == [("gram", 100), ("piece", 1)]


async def test_customers_are_found_by_phone_and_tag(empty_database: Database) -> None:
    async with connected(empty_database):
        apps = await migrate_to(*MIGRATIONS[: MIGRATIONS.index("0012_lists")])
        ada = await customer(apps.get_model("models.Customer"))
        ada.phone, ada.tags = "+49 (40) 12-34", ["vip", "Größe"]
        await ada.save(using_db=connection())
        assert "0012_lists" in await migrate()
        assert (await Customer.get()).phone_key == "49401234"
        found = {(each.customer_id, each.tag) for each in await CustomerTag.all()}
        assert found == {(ada.id, "vip"), (ada.id, "Größe")}


async def customer(table: Any) -> Any:
    named = {"code": "ADA", "name": "Ada", "sort_name": "ada"}
    row = table(id=new_id(), created_at=PLACED, updated_at=PLACED, **named)
    await row.save(force_create=True, using_db=connection())
    return row


async def settling(
    tables: list[Any],
    customer_id: Any,
    number: str,
    axes: str,
    sums: tuple[int, int, int, int],
    method: str = "card",
) -> None:
    """An order of one line, with a payment of what was refunded."""
    orders, lines, payments = tables
    named = ("status", "fulfillment_status", "payment_status", "return_status")
    money = ("total_gross_minor", "authorized_minor", "charged_minor", "refunded_minor")
    values = {**dict(zip(named, axes.split(), strict=True)), **dict(zip(money, sums, strict=True))}
    made = order(orders, customer_id, number, total_net_minor=sums[0], **values)
    await made.save(force_create=True, using_db=connection())
    arrived = values["fulfillment_status"] == "DELIVERED"
    gone = arrived or values["fulfillment_status"] == "SHIPPED"
    line = lines(
        id=new_id(),
        order_id=made.id,
        position=0,
        product_id=None,
        sku="CUP",
        name="Cup",
        quantity=2,
        currency="EUR",
        unit_price_minor=50,
        net_minor=100,
        tax_minor=0,
        shipped=2 * gone,
        delivered=2 * arrived,
        returned={"RETURNED": 2, "PARTLY_RETURNED": 1}.get(str(values["return_status"]), 0),
        cancelled=2 * (values["status"] == "CANCELLED"),
    )
    await line.save(force_create=True, using_db=connection())
    if sums[3]:
        paid = payments(
            id=new_id(),
            order_id=made.id,
            kind="REFUND",
            amount_minor=sums[3],
            currency="EUR",
            method=method,
            payment_id=None,
            at=PLACED,
            created_at=PLACED,
            actor_kind="STAFF",
            actor_id="open",
        )
        await paid.save(force_create=True, using_db=connection())


async def test_words_are_kept_anew(empty_database: Database) -> None:
    async with connected(empty_database):
        apps = await migrate_to(*MIGRATIONS[: MIGRATIONS.index("0015_search_words")])
        customers, orders, tokens, references = (
            apps.get_model(f"models.{name}")
            for name in ("Customer", "Order", "SearchToken", "ExternalRef")
        )
        ada = await customer(customers)
        ada.name, ada.phone = "Ada Müller", "+49 30 1234567"
        await ada.save(using_db=connection())
        placed = order(orders, ada.id, "SO-1", status="CONFIRMED", fulfillment_status="RESERVED")
        await placed.save(force_create=True, using_db=connection())
        old = [("ORDER", placed.id, "customer", "ada"), ("CUSTOMER", ada.id, "=attribute", "kept")]
        for kind, subject_id, field, token in old:
            values = {"subject_kind": kind, "subject_id": subject_id}
            row = tokens(id=new_id(), field=field, token=token, **values)
            await row.save(force_create=True, using_db=connection())
        known = references(
            id=new_id(), subject_kind="ORDER", subject_id=placed.id, system="shop", key="W-9"
        )
        await known.save(force_create=True, using_db=connection())
        seen: list[tuple[str, int, int]] = []
        assert "0015_search_words" in await migrate(lambda *step: seen.append(step))
        assert ("words of customers", 1, 1) in seen
        assert ("words of orders", 1, 1) in seen
        found = {(row.subject_id, row.field, row.token) for row in await SearchToken.all()}
        assert found == {
            (ada.id, "=attribute", "kept"),
            (ada.id, "name", "ada"),
            (ada.id, "name", "muller"),
            (ada.id, "name", "mueller"),
            (ada.id, "code", "ada"),
            (ada.id, "phone", "<76543210394"),
            *((placed.id, "number", word) for word in ("so", "1", "so1")),
            (placed.id, "ending", "<1os"),
            *((placed.id, "reference", word) for word in ("w", "9", "w9")),
        }
