"""Notes on orders."""

from typing import Final
from uuid import UUID

from models.orders import Order
from models.rules.access import Permission
from models.rules.errors import (
    invalid,
    required,
)
from models.rules.events import EventKind
from models.rules.text import clean
from services.aggregates.orders import facts, lock_order
from services.use_case import use_case
from services.work.events import record
from services.work.work import Work

MAX_NOTE: Final = 10_000


@use_case(Permission.ORDERS_WRITE)
async def note_on_order(work: Work, order_id: UUID, text: str) -> Order:
    """The order with a line added to its note. A note needs no version.

    Raises:
        InputError: no such order; an empty text, or a note that would become too long.
    """
    order = await lock_order(work, order_id)
    added = clean(text)
    if not added:
        raise required("What is to be noted?", "text")
    note = f"{order.note}\n{added}" if order.note else added
    if len(note) > MAX_NOTE:
        raise invalid(f"A note has at most {MAX_NOTE} characters.", "text")
    order.note = note
    data, before = {"field": "note"}, {"updatedAt": order.updated_at.isoformat()}
    order.updated_at = work.now
    after = facts(order)
    record(work, order, EventKind.NOTE_ADDED, order=order, data=data, before=before, after=after)
    await order.save(update_fields=["note", "event_seq", "updated_at"], using_db=work.connection)
    return order
