"""The edited lines of an order: grown, reduced, new and removed ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from models.customers import Customer
from models.orders import Order, OrderLine
from models.rules import units as trade
from models.rules.errors import DomainError, Path, invalid, not_found, refuse
from models.rules.insights import discount_of
from models.rules.order_states import OrderStatus
from models.rules.pricing import shortest
from models.rules.text import form_in
from services.aggregates.amounts import price
from services.aggregates.lines import carry_out, counts_of
from services.aggregates.selling import Goods, Products, check_product, products_by_id
from services.orders.entry import build_lines
from services.orders.goods import NewLine, products_of
from services.storage.pieces import AT_ONCE
from services.work.inputs import amount
from services.work.work import Work


@dataclass(frozen=True)
class EditedLine(NewLine):
    """A line's new values. Without `line_id` it is new; an omitted price stays.

    With it the line keeps its own product, under any SKU: `sku` may be omitted.
    """

    line_id: UUID | None = None


@dataclass(slots=True)
class Edit:
    """An edit in the making: the new rows. `places` are the lines' places in the new list.

    `products` are those of growing lines.
    """

    order: Order
    customer: Customer
    lines: list[OrderLine]
    added: list[OrderLine] = field(default_factory=list)
    removed: list[OrderLine] = field(default_factory=list)
    grown: list[OrderLine] = field(default_factory=list)
    products: Products = field(default_factory=dict)
    places: dict[UUID, int] = field(default_factory=dict)

    def by_id(self) -> dict[UUID, OrderLine]:
        """The lines by their ids, removed ones included."""
        return {line.id: line for line in (*self.lines, *self.removed)}


async def draw_lines(work: Work, edit: Edit, wanted: tuple[EditedLine, ...]) -> None:
    """Sets the edit's new lines; nothing is stored or reserved.

    Raises:
        Refused: every reason at once.
    """
    known = {line.id: line for line in edit.lines}
    meant = {index for index, each in enumerate(wanted) if each.line_id}
    new = await products_of(work, wanted, meant)
    own = await _own_products(work, known, wanted)
    edit.products = {each.id: each for each in (*new.values(), *own.values())}
    errors: list[DomainError] = []
    for index, each in enumerate(wanted):
        if index % AT_ONCE == 0:
            await work.pause()
        path = ("lines", str(index))
        line = known.get(each.line_id) if each.line_id else None
        if each.line_id and line is None:
            errors.append(not_found("The order has no such line.", *path, "lineId"))
        elif line is not None:
            errors += _change(edit, line, each, own, path)
    kept = {each.line_id for each in wanted if each.line_id}
    if len(kept) < len(meant):
        errors.append(invalid("A line is there once.", "lines"))
    errors += [
        invalid(f"{each.sku} is priced in {each.currency}.", "lines")
        for each in new.values()
        if each.currency != edit.order.currency
    ]
    for line in edit.lines:
        if line.id not in kept:
            errors += _remove(edit, line)
    refuse(errors)
    await work.pause()
    _add(edit, wanted, new)


async def _own_products(
    work: Work, known: Mapping[UUID, OrderLine], wanted: tuple[EditedLine, ...]
) -> Products:
    """The products of lines that grow, or that are named by another SKU."""
    named = ((known.get(each.line_id), each) for each in wanted if each.line_id)
    return await products_by_id(
        work,
        [
            line
            for line, each in named
            if line
            and (
                each.quantity > line.quantity
                or form_in(each.sku or "", (line.sku,)) not in ("", line.sku)
            )
        ],
    )


def _change(
    edit: Edit, line: OrderLine, wanted: EditedLine, own: Products, path: Path
) -> list[DomainError]:
    """Sets a line's new quantity and prices; returns the errors."""
    product = own.get(line.product_id)
    names = {line.sku, product.sku} if product else {line.sku}
    if wanted.sku and form_in(wanted.sku, names) not in names:
        return [invalid("A line keeps its product: leave it out, and add another.", *path, "sku")]
    errors: list[DomainError] = []
    # A line that does not grow was sellable when it was ordered, even if its product is not now.
    if grows := wanted.quantity > line.quantity:
        errors += _check_growth(line, product, path)
    price_minor, discount_rate = line.unit_price_minor, line.discount_rate
    if wanted.unit_price is not None:
        price_minor = amount(wanted.unit_price, line.currency, *path, "unitPrice")
    if wanted.discount_rate is not None:
        discount_rate = shortest(wanted.discount_rate)
    is_own = line.own_price or wanted.has_own_price
    is_other = (price_minor, discount_rate) != (line.unit_price_minor, line.discount_rate)
    if is_other and line.shipped:
        errors.append(invalid("What has shipped keeps its price.", *path))
    least = counts_of(line).fewest
    if wanted.quantity < least:
        message = f"{least} units of this line have shipped, are being prepared or were cancelled."
        errors.append(invalid(message, *path, "quantity"))
    if errors:
        return errors
    if grows:
        edit.grown.append(line)
    edit.places[line.id] = int(path[1])
    line.own_price = is_own
    if grows or is_other or wanted.quantity != line.quantity:
        line.quantity, line.unit_price_minor = wanted.quantity, price_minor
        line.discount_rate = discount_rate
        price(line, edit.order.rounding)
    return []


def _check_growth(line: OrderLine, product: Goods | None, path: Path) -> Iterator[DomainError]:
    if product is None or product.discontinued:
        yield from check_product(product, line.sku, path)
    elif product.currency != line.currency:
        yield invalid(f"{product.sku} is priced in {product.currency}.", "lines")


def _remove(edit: Edit, line: OrderLine) -> list[DomainError]:
    if line.preparing:
        return [invalid(f"{line.preparing} units of {line.sku} are being prepared.", "lines")]
    if line.shipped:
        return [invalid(f"{line.shipped} units of {line.sku} have shipped.", "lines")]
    if inside := counts_of(line).inside:
        carry_out(line, trade.cancel, inside)
        price(line, edit.order.rounding)
    if edit.order.status is OrderStatus.DRAFT:
        edit.removed.append(line)
    return []


def _add(edit: Edit, wanted: tuple[EditedLine, ...], products: dict[str, Goods]) -> None:
    new = {index: each for index, each in enumerate(wanted) if each.line_id is None}
    group = edit.customer.group
    of_group = group.discount_rate if group else None
    discount_rate = discount_of(edit.customer.lifetime_minor, of_group)
    edit.added = build_lines(
        edit.order.id,
        tuple(new.values()),
        products,
        edit.order.currency,
        discount_rate,
        edit.order.rounding,
    )
    following = max((line.position for line in edit.lines), default=-1) + 1
    for position, (index, line) in enumerate(zip(new, edit.added, strict=True), following):
        line.position = position
        edit.places[line.id] = index
    gone = {line.id for line in edit.removed}
    edit.lines = [line for line in edit.lines if line.id not in gone] + edit.added
    if all(line.cancelled == line.quantity for line in edit.lines):
        raise invalid("Nothing would be left: cancel the order instead.", "lines")
