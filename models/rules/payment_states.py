"""The payments that an order can take."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from models.rules.money import MAX_MINOR


class PaymentKind(StrEnum):
    AUTHORIZATION = "AUTHORIZATION"
    CHARGE = "CHARGE"
    VOID = "VOID"
    REFUND = "REFUND"


FOLLOWS: Final = {
    PaymentKind.CHARGE: PaymentKind.AUTHORIZATION,
    PaymentKind.VOID: PaymentKind.AUTHORIZATION,
    PaymentKind.REFUND: PaymentKind.CHARGE,
}
"""The kind of payment that a payment of each kind may refer to."""


@dataclass(frozen=True, slots=True)
class PaymentSums:
    """An order's total and its payments so far, in minor units.

    `authorized_minor` is authorized and neither charged nor released. `credited_minor` is the
    credited part of the total, without regard to returns.
    """

    total_minor: int
    authorized_minor: int = 0
    charged_minor: int = 0
    refunded_minor: int = 0
    credited_minor: int = 0

    @property
    def paid_minor(self) -> int:
        """The seller's receipts: charges less refunds."""
        return self.charged_minor - self.refunded_minor


class ImpossiblePayment(ValueError):
    """A payment that the earlier payments do not allow."""


def check_payment(
    sums: PaymentSums, kind: PaymentKind, amount_minor: int, left_minor: int | None = None
) -> None:
    """Passes if the order can take the payment; an overpayment is possible.

    `left_minor` is the unused part of the payment that this one refers to, if it does. A charge
    that refers to an authorization captures it: that much must still be authorized.

    Raises:
        ImpossiblePayment: not above zero; more in all than can be stored; a refund of more than
            was paid; a void or a capture of more than is authorized; more than the unused part of
            the payment that it refers to.
    """
    if amount_minor <= 0:
        raise ImpossiblePayment("A payment is above zero.")
    grows = {
        PaymentKind.AUTHORIZATION: sums.authorized_minor,
        PaymentKind.CHARGE: sums.charged_minor,
    }
    if kind in grows and grows[kind] + amount_minor > MAX_MINOR:
        raise ImpossiblePayment("The payments come to more than can be kept.")
    if kind is PaymentKind.REFUND and amount_minor > sums.paid_minor:
        raise ImpossiblePayment("No more can be refunded than was charged.")
    if kind is PaymentKind.VOID and amount_minor > sums.authorized_minor:
        raise ImpossiblePayment("No more can be released than is authorized.")
    if left_minor is None:
        return
    if amount_minor > left_minor:
        raise ImpossiblePayment("That is more than is left of the payment that it names.")
    if kind is PaymentKind.CHARGE and amount_minor > sums.authorized_minor:
        raise ImpossiblePayment("No more can be captured than is authorized.")
