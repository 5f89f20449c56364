"""Expired drafts: their reserved units become free."""

from datetime import datetime
from typing import Any
from uuid import UUID

from models.inventory import Reservation
from models.rules.access import SYSTEM
from services.aggregates.backorders import BATCH, free_held, lock_waiting
from services.use_case import perform
from services.work import clock
from services.work.work import Work


async def sweep_expired(now: datetime | None = None, limit: int = BATCH) -> int:
    """Releases expired reservations of drafts, each in a transaction; returns their number."""
    # unscoped: expired reservations of all drafts are released
    due = Reservation.filter(expires_at__lte=now or clock.now()).order_by("expires_at").limit(limit)
    found: list[Any] = list(await due.values_list("order_line__order_id", flat=True))
    orders = list(dict.fromkeys(found))
    for order_id in orders:

        async def free(work: Work, key: UUID = order_id) -> None:
            await free_held(work, await lock_waiting(work, key))

        await perform(SYSTEM, free)
    return len(orders)
