"""Payments: set aside, taken, released, given back."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from models.rules.access import OPEN
from models.rules.payment_states import PaymentKind
from services.payments.record import RecordPayment, record_payment
from tests.support.model.commands import Ask, Names, Written
from tests.support.model.paper import No, Paper
from tests.support.model.parts import Payment

TAKING: Final = ("AWAITING_APPROVAL", "CONFIRMED", "ON_HOLD")
OVER: Final = ("COMPLETED", "CANCELLED")
FOLLOWS: Final = {"CHARGE": "AUTHORIZATION", "VOID": "AUTHORIZATION", "REFUND": "CHARGE"}


def taken_by(kind: str, *, captures: bool) -> tuple[str, ...]:
    """The statuses of orders that take such a payment; what is over has nothing set aside."""
    return TAKING if captures or kind == "AUTHORIZATION" else (*TAKING, *OVER)


@dataclass(frozen=True, repr=False)
class Pay(Written):
    """A payment in minor units, which may name an earlier one by its number."""

    order: int
    kind: str
    amount: int
    follows: int | None = None

    def foresee(self, paper: Paper) -> None:
        order = paper.orders[self.order]
        captures = self.kind == "CHARGE" and self.follows is not None
        if not order.placed or order.status not in taken_by(self.kind, captures=captures):
            raise No("ILLEGAL_TRANSITION")
        most = {"REFUND": order.paid, "VOID": order.authorized}
        if self.amount < 1 or self.amount > most.get(self.kind, self.amount):
            raise No("INVALID")
        if self.follows is not None:
            earlier = order.payments[self.follows - 1]
            if FOLLOWS.get(self.kind) != earlier.kind:
                raise No("INVALID")
            if captures and self.amount > order.authorized:
                raise No("INVALID")
            if self.amount > order.left_of(earlier):
                raise No("INVALID")
        number = len(order.payments) + 1
        order.payments.append(Payment(number, self.kind, self.amount, self.follows))
        order.settle(paper.now)

    def ask(self, paper: Paper, names: Names) -> Ask:
        named = self.follows and names.of("payment", self.order, self.follows)
        command = RecordPayment(
            names.of("order", self.order),
            PaymentKind(self.kind),
            Decimal(self.amount) / 100,
            "card",
            payment_id=named or None,
        )
        return lambda: record_payment(OPEN, command)
