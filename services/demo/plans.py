"""The plans of orders: random for most, fixed for those that show a state."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from models.rules.return_states import ReturnState
from models.rules.shipment_states import ShipmentStatus
from services.demo.dice import Dice


class Payment(StrEnum):
    """The time of payment."""

    CARD = "card"
    PREPAID = "transfer"
    INVOICE = "invoice"
    DEPOSIT = "deposit"


class Cancellation(StrEnum):
    ONE_LINE = "one line"
    AT_ONCE = "at once"
    WHILE_PACKING = "while packing"


@dataclass(frozen=True, slots=True)
class Plan:
    """The choices of an order's run.

    `goes_on` is false if the order stays as it began; `reach` is the last status of its shipments,
    None without any; `share` is the returned part of the delivered units; with `split` goods leave
    in two shipments, and with `rest` false the second is still to be packed.
    """

    payment: Payment = Payment.CARD
    drafted: bool = False
    goes_on: bool = True
    held: bool = False
    noted: bool = False
    cancelled: Cancellation | None = None
    split: bool = False
    rest: bool = True
    exception: bool = False
    reach: ShipmentStatus | None = ShipmentStatus.DELIVERED
    overpaid: bool = False
    settled: bool = True
    returned: ReturnState | None = None
    share: float = 1.0


def drawn(dice: Dice, *, is_business: bool) -> Plan:
    """The random plan of an ordinary order."""
    ways = (Payment.CARD, 2), (Payment.PREPAID, 2), (Payment.INVOICE, 6), (Payment.DEPOSIT, 1)
    private = (Payment.CARD, 6), (Payment.PREPAID, 3), (Payment.INVOICE, 2)
    returned = (
        *((ReturnState.RECEIVED, 10), (ReturnState.PARTLY_RECEIVED, 1)),
        *((ReturnState.REJECTED, 1), (ReturnState.CANCELLED, 1)),
    )
    when = Cancellation
    cancelled = (when.AT_ONCE, 4), (when.WHILE_PACKING, 2), (when.ONE_LINE, 3)
    return Plan(
        payment=dice.weighted(ways if is_business else private),
        drafted=dice.happens(0.04),
        held=dice.happens(0.03),
        noted=dice.happens(0.06),
        cancelled=dice.weighted(cancelled) if dice.happens(0.07) else None,
        split=dice.happens(0.06),
        exception=dice.happens(0.04),
        overpaid=dice.happens(0.01),
        settled=dice.happens(0.97),
        returned=dice.weighted(returned) if dice.happens(0.07) else None,
        share=dice.weighted(((1.0, 3), (0.5, 5))),
    )


@dataclass(frozen=True, slots=True)
class Scene:
    """An order that shows a state on the history's last day, `age` before its end.

    With `made_to_order` its goods are; with `is_over_limit` it exceeds its customer's limit.
    """

    age: timedelta
    plan: Plan
    made_to_order: bool = False
    is_over_limit: bool = False


def _reaching(status: ShipmentStatus, payment: Payment = Payment.CARD) -> Scene:
    return Scene(timedelta(days=9), Plan(payment, reach=status))


def _coming_back(state: ReturnState, share: float) -> Scene:
    return Scene(timedelta(days=60), Plan(returned=state, share=share))


SCENES: Final = (
    Scene(timedelta(days=2), Plan(drafted=True, goes_on=False)),
    Scene(timedelta(days=1), Plan(goes_on=False), is_over_limit=True),
    Scene(timedelta(days=3), Plan(held=True, goes_on=False)),
    Scene(timedelta(days=6), Plan(Payment.DEPOSIT), made_to_order=True),
    Scene(timedelta(days=4), Plan(Payment.INVOICE, reach=None)),
    Scene(timedelta(days=4), Plan(Payment.PREPAID, reach=None)),
    Scene(timedelta(days=5), Plan(Payment.PREPAID, reach=ShipmentStatus.PENDING, overpaid=True)),
    _reaching(ShipmentStatus.PICKING),
    _reaching(ShipmentStatus.PACKED),
    _reaching(ShipmentStatus.SHIPPED),
    _reaching(ShipmentStatus.IN_TRANSIT, Payment.INVOICE),
    _reaching(ShipmentStatus.OUT_FOR_DELIVERY),
    Scene(timedelta(days=12), Plan(exception=True, reach=ShipmentStatus.EXCEPTION)),
    Scene(timedelta(days=8), Plan(split=True, rest=False, reach=ShipmentStatus.IN_TRANSIT)),
    Scene(timedelta(days=30), Plan(split=True, rest=False)),
    Scene(timedelta(days=25), Plan(Payment.INVOICE, settled=False)),
    Scene(timedelta(days=30), Plan()),
    Scene(timedelta(days=5), Plan(cancelled=Cancellation.AT_ONCE)),
    Scene(timedelta(days=40), Plan(cancelled=Cancellation.WHILE_PACKING)),
    _coming_back(ReturnState.REQUESTED, 1),
    _coming_back(ReturnState.REJECTED, 0.5),
    _coming_back(ReturnState.CANCELLED, 0.5),
    _coming_back(ReturnState.PARTLY_RECEIVED, 0.5),
    _coming_back(ReturnState.RECEIVED, 0.5),
    _coming_back(ReturnState.RECEIVED, 1),
)
"""Together they show every state of orders, payments, shipments and returns."""
