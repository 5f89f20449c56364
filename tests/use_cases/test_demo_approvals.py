"""Which orders of the demo wait for approval: those that credit decides on, as in any company."""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from models.customers import Customer
from models.events import Event
from models.orders import Order
from models.rules.access import SYSTEM
from models.rules.credit import PLACED
from models.rules.events import EventKind, SubjectKind
from services.demo.fill import fill
from services.demo.size import Size
from tests.support.databases import Database


async def test_who_would_owe_too_much_waits_for_approval(sqlite_database: Database) -> None:
    """Told from the events alone: at each order that comes in, what its customer owes till then."""
    now = datetime(2026, 3, 12, 15, 30, tzinfo=UTC)
    await fill(SYSTEM, Size(customers=10, products=40, warehouses=3, orders=400), seed=1, now=now)
    limits = {each.id: each.credit_limit_minor for each in await Customer.all()}
    owed: dict[UUID, Counter[UUID]] = defaultdict(Counter)
    waiting: set[UUID] = set()
    outcomes: Counter[str] = Counter()
    facts: dict[UUID, dict[str, Any]] = defaultdict(dict)
    for event in await Event.filter(subject_kind=SubjectKind.ORDER).order_by("position"):
        order_id, customer_id = event.subject_id, event.customer_id
        assert customer_id is not None
        theirs, limit = owed[customer_id], limits[customer_id]
        was, is_now = facts[order_id].get("status"), event.after.get("status")
        facts[order_id].update(event.after)
        status, balance_minor = facts[order_id]["status"], facts[order_id]["balanceMinor"]
        owes_minor = max(0, balance_minor) if status in PLACED else 0
        if event.kind is EventKind.ORDER_PLACED:
            is_over = limit is not None and theirs.total() + owes_minor > limit
            assert is_now == ("AWAITING_APPROVAL" if is_over else "CONFIRMED")
            outcomes[is_now] += 1
        elif was == "AWAITING_APPROVAL" and is_now == "CONFIRMED":
            outcomes["by itself" if event.data.get("byItself") else "approved"] += 1
        theirs[order_id] = owes_minor
        waiting = waiting - {order_id} | ({order_id} if status == "AWAITING_APPROVAL" else set())
    assert min(outcomes.values()) > 0
    assert outcomes.keys() == {"CONFIRMED", "AWAITING_APPROVAL", "approved", "by itself"}
    assert waiting == {each.id for each in await Order.filter(status="AWAITING_APPROVAL")}
