"""Orders that no longer need approval: they are confirmed automatically."""

from uuid import UUID

from models.customers import Customer
from models.orders import Order
from models.rules.order_states import OrderAction, OrderStatus
from services.aggregates import credit, order_status
from services.aggregates.lines import lines_of
from services.aggregates.orders import facts, settle
from services.work.work import Work


async def confirm_waiting(work: Work) -> None:
    """Confirms orders of the customers in `work.relieved`, as their credit allows, oldest first.

    An order is confirmed if its customer is not blocked, and is within the limit or owes nothing
    for this order. Each one gets an event. Customers and orders are locked.
    """
    while work.relieved:
        customer_id = min(work.relieved)
        work.relieved.discard(customer_id)
        await _confirm(work, customer_id)


async def _confirm(work: Work, customer_id: UUID) -> None:
    # unscoped: all waiting orders are confirmed, even those that the actor does not see
    rows = Order.filter(customer_id=customer_id, status=OrderStatus.AWAITING_APPROVAL)
    waiting = rows.using_db(work.connection).select_for_update().order_by("sorted_at", "id")
    orders = await waiting
    if not orders:
        return
    # unscoped: the customer whose orders wait
    customers = Customer.filter(id=customer_id).using_db(work.connection)
    customer = await customers.select_for_update().get()
    for order in orders:
        if credit.may_owe(order, customer):
            before = facts(order)
            lines = await lines_of(work, order)
            order_status.step(order, OrderAction.APPROVE)
            data = {"action": OrderAction.APPROVE.value, "byItself": True}
            await settle(work, order, lines, before, data=data)
            work.touched.add(order.id)
