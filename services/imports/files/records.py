"""Records: the fields that a mapping can fill for one object, checked by themselves."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from models.rules.catalog import BackorderPolicy, TrackingPolicy
from models.rules.errors import InputError
from models.rules.events import SubjectKind
from models.rules.inventory import MAX_QUANTITY
from models.rules.money import UnknownCurrency, exponent, to_minor_exactly
from models.rules.order_states import OrderStatus
from models.rules.shipment_states import ShipmentStatus
from services.imports.files.postal import Postal
from services.imports.files.values import quoted, to_flag, to_instant, to_key, to_number, to_text
from services.work.inputs import clean_channel

MAX_CODE: Final = 56
"""Below the column's length, so that shipments may be numbered after their order."""

MAX_PRICE_QUANTITY: Final = 1_000_000

BY_CODE: Final = "\ue000"
"""The first character of a reference by code instead of by key; no text has it."""


class Kind(StrEnum):
    """The kinds of rows, in the order of their reading: none refers to a later one."""

    WAREHOUSE = "warehouse"
    CATEGORY = "category"
    SUPPLIER = "supplier"
    CUSTOMER = "customer"
    PRODUCT = "product"
    STOCK = "stock"
    ORDER = "order"
    SHIPMENT = "shipment"
    LINE = "line"


class PaymentState(StrEnum):
    """The payment of an order, as a mapping declares it."""

    UNPAID = "UNPAID"
    PAID = "PAID"
    REFUNDED = "REFUNDED"


class PastStatus(StrEnum):
    """The status of an order, as a mapping may declare it."""

    CONFIRMED = OrderStatus.CONFIRMED.value
    ON_HOLD = OrderStatus.ON_HOLD.value
    COMPLETED = OrderStatus.COMPLETED.value
    CANCELLED = OrderStatus.CANCELLED.value


def _channel(text: str) -> str:
    try:
        return clean_channel(text)
    except InputError as error:
        raise ValueError(error.message) from None


def _known_currency(code: str) -> str:
    try:
        exponent(code)
    except UnknownCurrency:
        raise ValueError(f"{code} is no currency of ISO 4217") from None
    return code


def _text(
    limit: int, cleaned: Callable[[Any], Any] = to_text
) -> tuple[BeforeValidator, AfterValidator]:
    """A cleaned text of at most `limit` characters."""

    def fits(text: str) -> str:
        if len(text) > limit:
            raise ValueError(f"{len(text)} characters; there is room for {limit}")
        return text

    return BeforeValidator(cleaned), AfterValidator(fits)


Text32 = Annotated[str, *_text(32)]
Text64 = Annotated[str, *_text(64)]
Text200 = Annotated[str, *_text(200)]
Key64 = Annotated[str, *_text(64, to_key)]
Key200 = Annotated[str, *_text(200, to_key)]
Text1000 = Annotated[str, *_text(1_000)]
Note = Annotated[str, *_text(10_000)]
Channel = Annotated[str, AfterValidator(_channel)]
Currency = Annotated[str, *_text(3), AfterValidator(_known_currency)]
Amount = Annotated[Decimal, BeforeValidator(to_number), Field(ge=0)]
Rate = Annotated[Decimal, BeforeValidator(to_number), Field(ge=0, le=1, decimal_places=6)]
Units = Annotated[int, BeforeValidator(to_number), Field(ge=0, le=MAX_QUANTITY)]
Quantity = Annotated[int, BeforeValidator(to_number), Field(ge=1, le=MAX_QUANTITY)]
Days = Annotated[int, BeforeValidator(to_number), Field(ge=0, le=1_000)]
Size = Annotated[int, BeforeValidator(to_number), Field(ge=1, le=MAX_PRICE_QUANTITY)]
Rank = Annotated[int, BeforeValidator(to_number), Field(ge=0, le=1_000_000)]
Instant = Annotated[datetime, BeforeValidator(to_instant)]
Flag = Annotated[bool, BeforeValidator(to_flag)]
Details = Annotated[dict[Text64, Note], Field(default_factory=dict, max_length=100)]


def exactly(name: str, amount: Decimal, per: int, currency: str) -> tuple[int, int]:
    """A field's price in minor units, and the number of units that it is for, at least `per`.

    Raises:
        ValueError: it has too many decimals, is too large, or is for too many units.
    """
    try:
        amount_minor, factor = to_minor_exactly(amount, currency)
        if per * factor > MAX_PRICE_QUANTITY:
            raise ValueError(f"A price stands for at most {MAX_PRICE_QUANTITY:,} units.")
    except ValueError as error:
        reason = str(error).removesuffix(".")
        raise ValueError(f"{name}: {reason} (it is {quoted(f'{amount:f}')})") from None
    return amount_minor, per * factor


class Record(BaseModel):
    """One row.

    `refers` names the fields with keys of other rows; `unique` is the field with the object's
    unique code for people: if it is empty the key replaces it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    refers: ClassVar[Mapping[str, Kind]] = {}
    unique: ClassVar[str | None] = None
    subject: ClassVar[SubjectKind | None] = None

    key: Key200

    @property
    def natural(self) -> str | None:
        """The unique code of the object; None if its kind has none."""
        return (getattr(self, self.unique) or self.key) if self.unique else None

    @property
    def scanned(self) -> str | None:
        """The product's barcode, which is unique too."""
        return None

    @model_validator(mode="after")
    def _is_short_enough(self) -> Self:
        if self.unique and not getattr(self, self.unique) and len(self.key) > MAX_CODE:
            raise ValueError(
                f"a key of more than {MAX_CODE} characters cannot be its {self.unique}"
            )
        return self


class WarehouseRow(Record):
    unique: ClassVar[str | None] = "code"
    subject: ClassVar[SubjectKind | None] = SubjectKind.WAREHOUSE

    code: Key64 | None = None
    name: Text200
    priority: Rank = 100
    address: Postal = None


class CategoryRow(Record):
    refers: ClassVar[Mapping[str, Kind]] = {"parent": Kind.CATEGORY}
    unique: ClassVar[str | None] = "name"
    subject: ClassVar[SubjectKind | None] = SubjectKind.CATEGORY

    name: Text200
    parent: Key200 | None = None


class SupplierRow(Record):
    unique: ClassVar[str | None] = "code"
    subject: ClassVar[SubjectKind | None] = SubjectKind.SUPPLIER

    code: Key64 | None = None
    name: Text200
    email: Annotated[str, *_text(254, to_key)] | None = None
    lead_time_days: Days = 7


class CustomerRow(Record):
    unique: ClassVar[str | None] = "code"
    subject: ClassVar[SubjectKind | None] = SubjectKind.CUSTOMER

    code: Key64 | None = None
    name: Text200
    email: Annotated[str, *_text(254, to_key)] | None = None
    phone: Key64 | None = None
    terms_days: Days = 30
    preferences: Details
    address: Postal = None


class ProductRow(Record):
    refers: ClassVar[Mapping[str, Kind]] = {"category": Kind.CATEGORY, "supplier": Kind.SUPPLIER}
    unique: ClassVar[str | None] = "sku"
    subject: ClassVar[SubjectKind | None] = SubjectKind.PRODUCT

    sku: Key64 | None = None
    name: Text200
    barcode: Key64 | None = None
    category: Key200 | None = None
    supplier: Key200 | None = None
    unit: Text32 = "piece"
    currency: Currency
    price: Amount
    price_quantity: Size = 1
    cost: Amount | None = None
    tax_rate: Rate = Decimal(0)
    backorder: BackorderPolicy = BackorderPolicy.DENY
    tracking: TrackingPolicy = TrackingPolicy.NONE
    discontinued: Flag = False
    attributes: Details

    @property
    def scanned(self) -> str | None:
        return self.barcode

    def amounts(self) -> tuple[int, int | None, int]:
        """Price and cost in minor units, and the number of units that they are for.

        Raises:
            ValueError: a price has too many decimals, or is too large.
        """
        price_minor, per = exactly("price", self.price, self.price_quantity, self.currency)
        if self.cost is None:
            return price_minor, None, per
        cost_minor, finer = exactly("cost", self.cost, self.price_quantity, self.currency)
        both = max(per, finer)
        return price_minor * (both // per), cost_minor * (both // finer), both


class StockRow(Record):
    refers: ClassVar[Mapping[str, Kind]] = {"product": Kind.PRODUCT, "warehouse": Kind.WAREHOUSE}

    key: Annotated[str, *_text(401, to_key)]
    product: Key200
    warehouse: Key200
    on_hand: Units
    incoming: Units = 0
    safety_stock: Units = 0
    reorder_point: Units | None = None
    reorder_quantity: Units | None = None


class OrderRow(Record):
    """A past order, or an open one.

    `fulfilled`: units without a shipment were handed over, as in a shop. Without a `status` an
    order whose units have all arrived and that is paid is completed, any other confirmed.
    """

    refers: ClassVar[Mapping[str, Kind]] = {"customer": Kind.CUSTOMER}
    unique: ClassVar[str | None] = "number"
    subject: ClassVar[SubjectKind | None] = SubjectKind.ORDER

    number: Annotated[str, *_text(MAX_CODE, to_key)] | None = None
    channel: Channel = "default"
    customer: Key200
    currency: Currency
    placed_at: Instant
    promised_at: Instant | None = None
    shipping: Amount = Decimal(0)
    shipping_tax: Amount = Decimal(0)
    status: PastStatus | None = None
    fulfilled: Flag = False
    payment: PaymentState = PaymentState.UNPAID
    paid_at: Instant | None = None
    shipping_address: Postal = None
    billing_address: Postal = None
    note: Note | None = None
    attributes: Details


class ShipmentRow(Record):
    """A shipment of all lines of an order, or of the lines that name it.

    An order without an address gets its `address`.
    """

    refers: ClassVar[Mapping[str, Kind]] = {"warehouse": Kind.WAREHOUSE, "order": Kind.ORDER}
    subject: ClassVar[SubjectKind | None] = SubjectKind.SHIPMENT

    # If several orders share a shipment, the order's number is added to its key.
    key: Annotated[str, *_text(200 - 1 - MAX_CODE, to_key)]
    order: Key200 | None = None
    warehouse: Key200
    status: ShipmentStatus
    shipped_at: Instant | None = None
    delivered_at: Instant | None = None
    carrier: Text64 | None = None
    tracking_number: Key64 | None = None
    tracking_url: Text1000 | None = None
    address: Postal = None


class LineRow(Record):
    refers: ClassVar[Mapping[str, Kind]] = {
        "order": Kind.ORDER,
        "product": Kind.PRODUCT,
        "shipment": Kind.SHIPMENT,
    }

    order: Key200
    product: Key200
    quantity: Quantity
    unit_price: Amount
    price_quantity: Size = 1
    discount_rate: Rate = Decimal(0)
    tax_rate: Rate = Decimal(0)
    shipment: Key200 | None = None


RECORDS: Final[dict[Kind, type[Record]]] = {
    Kind.WAREHOUSE: WarehouseRow,
    Kind.CATEGORY: CategoryRow,
    Kind.SUPPLIER: SupplierRow,
    Kind.CUSTOMER: CustomerRow,
    Kind.PRODUCT: ProductRow,
    Kind.STOCK: StockRow,
    Kind.ORDER: OrderRow,
    Kind.SHIPMENT: ShipmentRow,
    Kind.LINE: LineRow,
}
