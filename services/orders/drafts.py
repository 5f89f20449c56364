"""Changes that only drafts allow: their customer, and the end of their reservations."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.customers import CustomerAddress
from models.inventory import Reservation
from models.orders import Order, OrderLine
from models.rules.errors import invalid, refuse
from models.rules.insights import discount_of
from models.rules.order_states import OrderStatus
from models.rules.pricing import shortest
from services.aggregates.addresses import snapshot
from services.aggregates.amounts import price
from services.aggregates.lines import stop_waiting
from services.aggregates.reservations import check_hold
from services.aggregates.selling import Products, check_product, products_by_id
from services.orders.entry import buyer, company_rate
from services.work.upserts import Unset
from services.work.work import Work


async def change_customer(
    work: Work, order: Order, lines: list[OrderLine], customer_id: UUID
) -> None:
    """Gives a draft another customer, as if it had been drafted for them.

    Lines without a price of their own get the customer's discount. An address of the earlier
    customer becomes the default of the new one; any other stays. Neither the order nor its lines
    are saved here.

    Raises:
        InputError: at `customerId`: the order was placed; the actor sees no such customer; the
            customer has a limit, and the order's currency has no exchange rate.
    """
    if customer_id == order.customer_id:
        return
    if order.status is not OrderStatus.DRAFT:
        raise invalid("Only a draft can become another customer's.", "customerId")
    customer = await buyer(work, customer_id)
    if order.company_rate is None:
        order.company_rate = await company_rate(work, customer, order.currency, "customerId")
    discount_rate = shortest(discount_of(customer.lifetime_minor, customer.discount_rate))
    for line in lines:
        if not line.own_price:
            line.discount_rate = discount_rate
            price(line, order.rounding)
    # unscoped: the addresses of the customer that the order had are compared, and not shown
    rows = CustomerAddress.filter(customer_id=order.customer_id).using_db(work.connection)
    theirs = [None, *(snapshot(each) for each in await rows)]
    default = customer.customer_address
    home = snapshot(default) if default else None
    if order.shipping_address in theirs:
        order.shipping_address = home
        order.shipping_country = home["countryCode"] if home else None
    if order.billing_address in theirs:
        order.billing_address = home
    order.customer_id = customer_id


async def held_until(work: Work, order: Order) -> datetime | None:
    """The end of the draft's reservations; None without any."""
    # unscoped: all reservations of an order that the actor sees
    rows = Reservation.filter(order_line__order_id=order.id).using_db(work.connection)
    held = await rows.exclude(expires_at=None).first()
    until: datetime | None = held.expires_at if held else None
    return until


@dataclass(frozen=True, slots=True)
class Hold:
    """The earlier and the new end of a draft's reservations; None without any.

    `ends`: they are to be released.
    """

    was: datetime | None
    until: datetime | None
    ends: bool = False

    @property
    def begins(self) -> bool:
        """Whether the draft begins to reserve."""
        return self.was is None and self.until is not None


async def hold_of(work: Work, order: Order, wished: datetime | Unset | None) -> Hold:
    """The change of a draft's reservations by an edit.

    Raises:
        InputError: at `reserveUntil`: the order was placed; the time is over.
    """
    was = await held_until(work, order)
    if isinstance(wished, Unset):
        return Hold(was, was)
    if wished is None:
        return Hold(was, None, ends=order.status is OrderStatus.DRAFT)
    if order.status is not OrderStatus.DRAFT:
        raise invalid("Only a draft holds its stock for a time.", "reserveUntil")
    check_hold(wished, work.now)
    return Hold(was, wished)


async def look_anew(
    work: Work, lines: list[OrderLine], places: Mapping[UUID, int] | None = None
) -> Products:
    """The products of a draft's lines that are to be reserved, with their backorders reset.

    Drafts are not served as backorders: units that their lines lack may be available by now.
    `places` are the lines' places in the input, for errors, if they differ from the lines' order.
    The lines are not saved here.

    Raises:
        Refused: for each line with a discontinued product.
    """
    products = await products_by_id(work, lines)
    named = places or {line.id: index for index, line in enumerate(lines)}
    refuse(
        error
        for line in lines
        for error in check_product(
            products.get(line.product_id), line.sku, ("lines", str(named[line.id]))
        )
    )
    stop_waiting(lines)
    return products
