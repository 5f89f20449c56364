"""What migrations make of rows that are there already."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any, Final

import pytest
from tortoise.migrations.executor import MigrationTarget
from tortoise.migrations.graph import MigrationKey

from models.columns import new_id
from models.customers import Customer
from models.orders import Order
from models.rules.access import SYSTEM
from models.rules.delays import Stage
from services import clock
from services.database import APP, connection
from services.delays import tell_delays
from services.migrations import _executor, migrate
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
    return (await executor._project_state(keys)).apps


def order(table: Any, customer_id: Any, number: str, **values: Any) -> Any:
    money = [name for name in table._meta.db_fields if name.endswith("_minor")]
    return table(
        id=new_id(),
        number=number,
        channel="web",
        customer_id=customer_id,
        currency="EUR",
        payment_status="UNPAID",
        return_status="NONE",
        placed_at=PLACED,
        sorted_at=PLACED,
        created_at=PLACED,
        updated_at=CHANGED,
        line_count=1,
        **dict.fromkeys(money, 0),
        **values,
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
            assert await tell_delays(SYSTEM) == 3  # waiting, promised, broken
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
        assert paying == {"open": "UNPAID", "off": "OVERPAID"}
        customer = await Customer.get()
        assert (customer.credit_used_minor, customer.lifetime_minor) == (700, 1_000)
