"""Orders and their lines."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.catalog import Product
from models.columns import (
    Subject,
    UtcDatetime,
    currency_code,
    exchange_rate,
    identity,
    minor_units,
    rate,
)
from models.customers import Customer
from models.rules.delays import NEVER, Stage
from models.rules.freight import NONE
from models.rules.money import Rounding
from models.rules.order_states import (
    FulfillmentStatus,
    OrderStatus,
    PaymentStatus,
    ReturnStatus,
)


class Order(Subject):
    """An order. `status` is decided; the other statuses and the sums are derived and stored.

    `company_rate` is the exchange rate of a foreign currency on the order's day, or null.
    `sort_total` and `sort_balance` are gross total and balance in the form of `comparable`;
    `sort_promised` and `sort_due` are `promised_at` and `stage_due_at` in the form of `sortable`.

    `balance_minor` is the unpaid amount; below zero the company owes it to the customer.
    `credited_minor` is the part of the total credited without a return: for an imported order, the
    refunds of its source. `credit_minor` and `lifetime_minor` are its part in its customer's
    counters. `sorted_at` is `placed_at`, or `created_at` of a draft; lists sort by it, because it
    is never null.

    `rounding` is its rounding for all time. `shipping_tax_rule` is the rule of its freight's tax
    (`goods`, `none` or a rate), `shipping_taxes` the result: a list of rate, net and tax.

    `stage` is entered at `stage_since` and due at `stage_due_at`; `delayed_stage` is the same stage
    once its delay has an event.
    """

    id = identity()
    number = fields.CharField(max_length=64, unique=True)
    channel = fields.CharField(max_length=32)
    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", on_delete=fields.RESTRICT, related_name="orders"
    )
    customer_id: UUID
    currency = currency_code()
    company_rate = exchange_rate(null=True)
    rounding: Any = fields.CharEnumField(
        Rounding, max_length=16, default=Rounding.HALF_EVEN, db_default=Rounding.HALF_EVEN.value
    )
    status = fields.CharEnumField(OrderStatus, max_length=24)
    fulfillment_status = fields.CharEnumField(FulfillmentStatus, max_length=24)
    payment_status = fields.CharEnumField(PaymentStatus, max_length=24)
    return_status = fields.CharEnumField(ReturnStatus, max_length=24)
    has_shipment = fields.BooleanField(default=False)
    placed_at = UtcDatetime(null=True)
    sorted_at = UtcDatetime()
    promised_at = UtcDatetime(null=True)
    stage: Any = fields.CharEnumField(Stage, max_length=16, null=True)
    stage_since = UtcDatetime(null=True)
    stage_due_at = UtcDatetime(null=True)
    delayed_stage: Any = fields.CharEnumField(Stage, max_length=16, null=True)
    line_count = fields.IntField()
    subtotal_net_minor = minor_units()
    subtotal_tax_minor = minor_units()
    discount_minor = minor_units()
    shipping_net_minor = minor_units()
    shipping_tax_minor = minor_units()
    shipping_tax_rule = fields.CharField(max_length=16, default=NONE, db_default=NONE)
    shipping_taxes: Any = fields.JSONField(null=True)
    total_net_minor = minor_units()
    total_tax_minor = minor_units()
    total_gross_minor = minor_units()
    authorized_minor = minor_units(default=0)
    charged_minor = minor_units(default=0)
    refunded_minor = minor_units(default=0)
    credited_minor = minor_units(default=0, db_default=0)
    balance_minor = minor_units(default=0, db_default=0)
    sort_total = fields.BigIntField(default=0, db_default=0)
    sort_balance = fields.BigIntField(default=0, db_default=0)
    sort_promised = fields.BigIntField(default=NEVER, db_default=NEVER)
    sort_due = fields.BigIntField(default=NEVER, db_default=NEVER)
    credit_minor = minor_units(default=0, db_default=0)
    lifetime_minor = minor_units(default=0, db_default=0)
    billing_address: Any = fields.JSONField(null=True)
    shipping_address: Any = fields.JSONField(null=True)
    shipping_country = fields.CharField(max_length=2, null=True)
    note: Any = fields.TextField(null=True)
    attributes: Any = fields.JSONField(default=dict)

    class Meta:
        table = "customer_order"
        indexes = [
            Index(fields=("sorted_at", "id"), name="order_by_placed"),
            Index(fields=("customer_id", "sorted_at", "id"), name="order_by_customer"),
            Index(fields=("status", "sorted_at", "id"), name="order_by_status"),
            Index(fields=("updated_at", "id"), name="order_by_updated"),
            Index(fields=("sort_total", "id"), name="order_by_total"),
            Index(fields=("sort_balance", "id"), name="order_by_balance"),
            Index(fields=("sort_promised", "id"), name="order_by_promise"),
            Index(fields=("sort_due", "id"), name="order_by_due"),
            Index(fields=("stage_due_at", "delayed_stage"), name="order_by_stage_due"),
        ]
        constraints = [
            CheckConstraint(name="order_shipping", check="shipping_net_minor >= 0"),
            CheckConstraint(
                name="order_total", check="total_gross_minor = total_net_minor + total_tax_minor"
            ),
            CheckConstraint(
                name="order_refunded",
                check="refunded_minor >= 0 AND refunded_minor <= charged_minor",
            ),
        ]


class OrderLine(Model):
    """An ordered product with SKU, name, price and tax as they were, and its units by state.

    `quantity` is `reserved + backordered + shipped + cancelled` and unassigned units: those of an
    imported open order that is not prepared yet. `preparing` is the part of `reserved` in a
    shipment that has not left; `delivered` and `returned` are parts of `shipped`. `own_price`: the
    price or the discount was given, and is not the customer's.
    """

    id = identity()
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", on_delete=fields.CASCADE, related_name="lines"
    )
    order_id: UUID
    position = fields.IntField()
    product: fields.ForeignKeyNullableRelation[Product] = fields.ForeignKeyField(
        "models.Product", null=True, on_delete=fields.RESTRICT, related_name="order_lines"
    )
    product_id: UUID | None
    sku = fields.CharField(max_length=64)
    name = fields.CharField(max_length=200)
    quantity = fields.BigIntField()
    currency = currency_code()
    unit_price_minor = minor_units()
    price_quantity = fields.IntField(default=1)
    unit = fields.CharField(max_length=32, default="piece", db_default="piece")
    discount_rate = rate(default=0)
    own_price = fields.BooleanField(default=True, db_default=True)
    tax_rate = rate(default=0)
    net_minor = minor_units()
    tax_minor = minor_units()
    discount_minor = minor_units(default=0)
    reserved = fields.BigIntField(default=0)
    backordered = fields.BigIntField(default=0)
    preparing = fields.BigIntField(default=0)
    shipped = fields.BigIntField(default=0)
    delivered = fields.BigIntField(default=0)
    returned = fields.BigIntField(default=0)
    cancelled = fields.BigIntField(default=0)

    class Meta:
        table = "order_line"
        unique_together = (("order_id", "position"),)
        indexes = [
            Index(fields=("product_id", "order_id"), name="line_by_product"),
            Index(fields=("sku", "order_id"), name="line_by_sku"),
        ]
        constraints = [
            CheckConstraint(name="line_quantity", check="quantity > 0"),
            CheckConstraint(
                name="line_counts",
                check="reserved >= 0 AND backordered >= 0 AND shipped >= 0 AND cancelled >= 0",
            ),
            CheckConstraint(
                name="line_units", check="reserved + backordered + shipped + cancelled <= quantity"
            ),
            CheckConstraint(
                name="line_preparing", check="preparing >= 0 AND preparing <= reserved"
            ),
            CheckConstraint(name="line_delivered", check="delivered >= 0 AND delivered <= shipped"),
            CheckConstraint(name="line_returned", check="returned >= 0 AND returned <= shipped"),
            CheckConstraint(
                name="line_discount", check="discount_rate >= 0 AND discount_rate <= 1"
            ),
        ]
