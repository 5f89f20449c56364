"""Every mutation, bound to its use case, its permission and its error codes."""

from typing import Final

import strawberry

import resolvers.catalog
import resolvers.customers
import resolvers.fulfillment
import resolvers.inventory
import resolvers.orders
import resolvers.payments
from graph.binding import changed_by
from graph.payloads import (
    CategoryPayload,
    CustomerGroupPayload,
    CustomerPayload,
    OrderPayload,
    ProductPayload,
    StockPayload,
    SupplierPayload,
    WarehousePayload,
)
from models.rules.access import Permission
from models.rules.errors import ErrorCode

UNUSABLE: Final = (ErrorCode.INVALID, ErrorCode.NOT_FOUND)
"""Codes for a value out of bounds, and for the id or code of a missing object."""
MISSING: Final = (*UNUSABLE, ErrorCode.REQUIRED)
SAVED: Final = (*MISSING, ErrorCode.DUPLICATE, ErrorCode.VERSION_CONFLICT)
"""Codes of a mutation that saves the fields of an object."""
STEPPED: Final = (*UNUSABLE, ErrorCode.ILLEGAL_TRANSITION)
"""Codes of a mutation of an object that has states."""


@strawberry.type(
    description="The changes. Each field is one transaction: it makes the whole change, or none "
    "and lists the reasons in `userErrors`. `@idempotent(key:)` or the header `Idempotency-Key` "
    "makes a retry safe."
)
class Mutation:
    order_place: OrderPayload = changed_by(
        resolvers.orders.order_place,
        OrderPayload,
        Permission.ORDERS_WRITE,
        "Places an order and reserves its stock in one step; one refused line refuses the order. "
        "The order is CONFIRMED, or AWAITING_APPROVAL where it exceeds the customer's credit "
        "limit. A blocked customer is answered CREDIT_EXCEEDED. A short line becomes a backorder "
        "or is answered INSUFFICIENT_STOCK, by the product's backorder policy.",
        (*MISSING, ErrorCode.DUPLICATE, ErrorCode.INSUFFICIENT_STOCK, ErrorCode.CREDIT_EXCEEDED),
    )
    order_draft: OrderPayload = changed_by(
        resolvers.orders.order_draft,
        OrderPayload,
        Permission.ORDERS_WRITE,
        "Makes a draft order. A draft uses no credit. It reserves stock only with `reserveUntil`, "
        "and only until then. `orderAct` with SUBMIT places it.",
        (*MISSING, ErrorCode.DUPLICATE, ErrorCode.INSUFFICIENT_STOCK),
    )
    order_edit: OrderPayload = changed_by(
        resolvers.orders.order_edit,
        OrderPayload,
        Permission.ORDERS_WRITE,
        "Replaces the fields of an order that `input` has. The edit reserves or releases only the "
        "difference in stock. Shipped units and their price stay, and so do units in a pending "
        "shipment. An edit of `note` and `externalRef` alone is possible in every state.",
        (
            *STEPPED,
            ErrorCode.REQUIRED,
            ErrorCode.DUPLICATE,
            ErrorCode.INSUFFICIENT_STOCK,
            ErrorCode.CREDIT_EXCEEDED,
            ErrorCode.VERSION_CONFLICT,
        ),
    )
    order_act: OrderPayload = changed_by(
        resolvers.orders.order_act,
        OrderPayload,
        Permission.ORDERS_WRITE,
        "Takes one step of an order's life: SUBMIT, APPROVE, HOLD, RELEASE, PREPARE, SHIP, CANCEL "
        "or COMPLETE. The other actions have mutations of their own, and are answered INVALID "
        "here. APPROVE also needs the permission `orders:approve`.",
        (
            *STEPPED,
            ErrorCode.INSUFFICIENT_STOCK,
            ErrorCode.CREDIT_EXCEEDED,
            ErrorCode.VERSION_CONFLICT,
        ),
    )
    order_note: OrderPayload = changed_by(
        resolvers.orders.order_note,
        OrderPayload,
        Permission.ORDERS_WRITE,
        "Adds a line to an order's `note`, in any state. The timeline gets the event NOTE_ADDED. "
        "The order's version stays.",
        MISSING,
    )
    shipment_create: OrderPayload = changed_by(
        resolvers.fulfillment.shipment_create,
        OrderPayload,
        Permission.SHIPMENTS_WRITE,
        "Makes a PENDING shipment of reserved units of a CONFIRMED order, from one warehouse. Its "
        "units stay reserved until the shipment leaves.",
        (*STEPPED, ErrorCode.DUPLICATE, ErrorCode.VERSION_CONFLICT),
    )
    shipment_track: OrderPayload = changed_by(
        resolvers.fulfillment.shipment_track,
        OrderPayload,
        Permission.SHIPMENTS_WRITE,
        "Records a tracking event and moves the shipment to its status. When the shipment leaves, "
        "its units leave the stock and an invoice is issued. After that, events may come late and "
        "in any order. A late event moves nothing back, and an event with the same parcel, status, "
        "time, place and message changes nothing. A shipment keeps at most 2000 events.",
        STEPPED,
    )
    parcel_save: OrderPayload = changed_by(
        resolvers.fulfillment.parcel_save,
        OrderPayload,
        Permission.SHIPMENTS_WRITE,
        "Adds a parcel to a shipment, or corrects a parcel's carrier, number and URL. A parcel can "
        "be corrected in any state, and added unless the shipment is CANCELLED. A shipment has at "
        "most 100 parcels unless the operator has set another limit. No version is needed, and no "
        "version goes up.",
        UNUSABLE,
    )
    return_request: OrderPayload = changed_by(
        resolvers.fulfillment.return_request,
        OrderPayload,
        Permission.ORDERS_WRITE,
        "Announces a return. Each line names at most its shipped units, less those that are "
        "returned or announced already. Neither stock nor money changes yet.",
        (*STEPPED, ErrorCode.REQUIRED, ErrorCode.DUPLICATE),
    )
    return_receive: OrderPayload = changed_by(
        resolvers.fulfillment.return_receive,
        OrderPayload,
        Permission.SHIPMENTS_WRITE,
        "Receives units of a return, all at once or some. RESTOCK and QUARANTINE put them on hand, "
        "SCRAP does not. A refund is a payment of its own: `paymentRecord` with REFUND.",
        (*STEPPED, ErrorCode.REQUIRED, ErrorCode.DUPLICATE, ErrorCode.VERSION_CONFLICT),
    )
    payment_record: OrderPayload = changed_by(
        resolvers.payments.payment_record,
        OrderPayload,
        Permission.PAYMENTS_WRITE,
        "Records a payment of an order. It moves no money: the bank or the provider has done that. "
        "A draft takes no payment. A COMPLETED or CANCELLED order takes no AUTHORIZATION, and no "
        "CHARGE of one.",
        (*STEPPED, ErrorCode.REQUIRED, ErrorCode.DUPLICATE),
    )
    stock_adjust: StockPayload = changed_by(
        resolvers.inventory.stock_adjust,
        StockPayload,
        Permission.STOCK_WRITE,
        "Corrects on-hand and damaged units, and writes one stock movement for each change. Where "
        "fewer units are left than are reserved, the youngest orders lose their reservations and "
        "become backorders. VERSION_CONFLICT means that `ifOnHand` differs from the units on hand.",
        (*MISSING, ErrorCode.DUPLICATE, ErrorCode.VERSION_CONFLICT),
    )
    stock_transfer: StockPayload = changed_by(
        resolvers.inventory.stock_transfer,
        StockPayload,
        Permission.STOCK_WRITE,
        "Moves units from one warehouse to another. Reserved and damaged units stay; units of the "
        "safety stock may go.",
        (*UNUSABLE, ErrorCode.INSUFFICIENT_STOCK),
    )
    reorder_rule_set: StockPayload = changed_by(
        resolvers.inventory.reorder_rule_set,
        StockPayload,
        Permission.STOCK_WRITE,
        "Sets the reorder point, the reorder quantity and the safety stock of a stock item. Less "
        "safety stock serves backorders.",
        UNUSABLE,
    )
    customer_save: CustomerPayload = changed_by(
        resolvers.customers.customer_save,
        CustomerPayload,
        Permission.CUSTOMERS_WRITE,
        "Makes a customer, or changes one.",
        SAVED,
    )
    customer_credit_set: CustomerPayload = changed_by(
        resolvers.customers.customer_credit_set,
        CustomerPayload,
        Permission.CREDIT_WRITE,
        "Sets a customer's credit limit, rating, terms and block. The limit may be below the used "
        "credit. Orders that no longer exceed the limit leave AWAITING_APPROVAL.",
        (*UNUSABLE, ErrorCode.VERSION_CONFLICT),
    )
    customer_group_save: CustomerGroupPayload = changed_by(
        resolvers.customers.customer_group_save,
        CustomerGroupPayload,
        Permission.CUSTOMERS_WRITE,
        "Makes a customer group, or changes one.",
        SAVED,
    )
    product_save: ProductPayload = changed_by(
        resolvers.catalog.product_save,
        ProductPayload,
        Permission.CATALOG_WRITE,
        "Makes a product, or changes one. A new product needs `sku`, `name`, `price` and "
        "`currencyCode`. Lines of earlier orders keep their name, price and tax rate.",
        SAVED,
    )
    category_save: CategoryPayload = changed_by(
        resolvers.catalog.category_save,
        CategoryPayload,
        Permission.CATALOG_WRITE,
        "Makes a category, or changes one.",
        SAVED,
    )
    supplier_save: SupplierPayload = changed_by(
        resolvers.catalog.supplier_save,
        SupplierPayload,
        Permission.CATALOG_WRITE,
        "Makes a supplier, or changes one.",
        SAVED,
    )
    warehouse_save: WarehousePayload = changed_by(
        resolvers.inventory.warehouse_save,
        WarehousePayload,
        Permission.STOCK_WRITE,
        "Makes a warehouse, or changes one.",
        SAVED,
    )
