"""Whether the stock counters are what the ledger and the reservations add up to."""

from collections import defaultdict
from uuid import UUID

from models.inventory import Reservation, StockItem, StockMovement
from models.rules.inventory import Balance


async def differences() -> list[str]:
    """What does not add up, in words."""
    balances: dict[UUID, Balance] = defaultdict(lambda: Balance(0, 0, 0))
    counts: dict[UUID, int] = defaultdict(int)
    wrong = []
    for movement in await StockMovement.all().order_by("stock_item_id", "sequence"):
        key = movement.stock_item_id
        balances[key] = after = balances[key].after(movement.kind, movement.quantity)
        counts[key] += 1
        told = (movement.on_hand_after, movement.reserved_after, movement.damaged_after)
        if told != (after.on_hand, after.reserved, after.damaged):
            wrong.append(f"movement {movement.sequence} of {key}: {told}, not {after}")
        if movement.sequence != counts[key]:
            wrong.append(f"movement {movement.sequence} of {key} is its {counts[key]}th")
    promised: dict[UUID, int] = defaultdict(int)
    for reservation in await Reservation.all():
        promised[reservation.stock_item_id] += reservation.quantity
    for item in await StockItem.all():
        after = balances[item.id]
        if (item.on_hand, item.reserved, item.damaged) != (
            after.on_hand,
            after.reserved,
            after.damaged,
        ):
            wrong.append(f"{item.id}: {item.balance}, the ledger says {after}")
        if item.reserved != promised[item.id]:
            wrong.append(f"{item.id}: {item.reserved} reserved, {promised[item.id]} promised")
        if item.movement_seq != counts[item.id]:
            wrong.append(f"{item.id}: counts {item.movement_seq} movements of {counts[item.id]}")
    return wrong
