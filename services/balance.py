"""What of an order is paid, and what is still to be paid."""

from models.orders import Order
from models.rules.money import comparable
from models.rules.order_states import balance_minor, payment_status
from models.rules.payment_states import PaymentSums


def sums_of(order: Order) -> PaymentSums:
    """The order's total and payments, for the rules."""
    return PaymentSums(
        total_minor=order.total_gross_minor,
        authorized_minor=order.authorized_minor,
        charged_minor=order.charged_minor,
        refunded_minor=order.refunded_minor,
        credited_minor=order.credited_minor,
    )


def balance_of(order: Order) -> int:
    """What is still to be paid, by the order's sums; below zero: owed to the customer."""
    return balance_minor(order.status, order.return_status, sums_of(order))


def strike_balance(order: Order) -> None:
    """Set the balance, how far the money is, and what amounts are sorted by.

    Whatever changes a part of them calls this. The order is not saved here.
    """
    sums = sums_of(order)
    order.balance_minor = balance_of(order)
    order.sort_total = comparable(order.total_gross_minor, order.currency)
    order.sort_balance = comparable(order.balance_minor, order.currency)
    order.payment_status = payment_status(order.balance_minor + sums.paid_minor, sums)
