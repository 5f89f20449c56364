"""Inputs of categories, suppliers and products."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any, Optional

import strawberry

import resolvers.enums  # noqa: F401 - registers the enums before an input uses one
from models.rules.catalog import AttributeType, BackorderPolicy, TrackingPolicy
from resolvers.inputs.filtering import DecimalOp, ExternalRefInput, StringOp
from resolvers.inputs.sending import sent
from resolvers.scalars import JSON, CurrencyCode


@strawberry.input(description="A condition on one of a product's own attributes.")
class AttributeWhere:
    key: str = strawberry.field(description="The attribute's key.")
    eq: JSON = strawberry.field(
        description="The attribute's exact value: a text, a number or a boolean."
    )


@strawberry.input(description="A filter of products. All given conditions must hold.")
class ProductWhere:
    and_: list["ProductWhere"] | None = strawberry.field(
        default=None, name="and", description="All of these filters match, at most 500."
    )
    or_: list["ProductWhere"] | None = strawberry.field(
        default=None,
        name="or",
        description="At least one of these filters matches, at most 500; an empty list matches "
        "none.",
    )
    not_: Optional["ProductWhere"] = strawberry.field(
        default=None, name="not", description="This filter does not match."
    )
    sku: StringOp | None = strawberry.field(default=None, description="The SKU.")
    name: StringOp | None = strawberry.field(default=None, description="The name.")
    category_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of the category. Products of categories below it do not match.",
    )
    supplier_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the supplier."
    )
    price: DecimalOp | None = strawberry.field(
        default=None,
        description="The price as a number, without regard to currency and `priceQuantity`.",
    )
    barcode: StringOp | None = strawberry.field(
        default=None, description="The barcode, by `eq`, `in` and `startsWith`."
    )
    discontinued: bool | None = strawberry.field(
        default=None, description="True: only discontinued products. False: only others."
    )
    low_stock: bool | None = strawberry.field(
        default=None, description="True: only products with a low stock item. False: only others."
    )
    attribute: AttributeWhere | None = strawberry.field(
        default=None, description="An attribute of the product."
    )


@strawberry.input(description="A product's fields. A field that is left out stays.")
class ProductInput:
    sku: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The SKU, 1 to 64 characters. Unique. A new product needs it.",
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The name, 1 to 200 characters. A new product needs it.",
    )
    barcode: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The GTIN or another code to scan, at most 64 characters. Unique. Null "
        "clears it.",
    )
    category_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The id of the category. Null: none."
    )
    supplier_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The id of the supplier. Null: none."
    )
    unit: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The stock unit of all quantities, 1 to 32 characters: piece, gram. A new "
        "product without it counts pieces.",
    )
    price: Decimal | None = strawberry.field(
        default=strawberry.UNSET,
        description="The net list price of `priceQuantity` stock units, not below 0, with no "
        "more decimals than the currency. A new product and another currency need it.",
    )
    price_quantity: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The number of stock units that the price is for, 1 to 1000000: 1000 grams. "
        "A new product without it has 1. Null: as it is.",
    )
    currency_code: CurrencyCode | None = strawberry.field(
        default=strawberry.UNSET,
        description="The currency of price and cost. A new product needs it. Another currency "
        "clears a cost that is left out.",
    )
    cost: Decimal | None = strawberry.field(
        default=strawberry.UNSET,
        description="The net purchase cost of `priceQuantity` stock units, in the price's "
        "currency, not below 0. Null clears it.",
    )
    tax_rate: Decimal | None = strawberry.field(
        default=strawberry.UNSET,
        description="The tax rate as a fraction from 0 to 1 with at most 6 decimals: 0.19 is 19 "
        "%. Null: 0.",
    )
    backorder: BackorderPolicy | None = strawberry.field(
        default=strawberry.UNSET,
        description="The backorder policy. A new product without it has DENY. Null: as it is.",
    )
    tracking: TrackingPolicy | None = strawberry.field(
        default=strawberry.UNSET,
        description="The tracking policy. A new product without it has NONE. It changes only "
        "while no unit is on hand. Null: as it is.",
    )
    discontinued: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="True: new orders of the product are refused. Null: as it is.",
    )
    attributes: JSON | None = strawberry.field(
        default=strawberry.UNSET,
        description="The complete new object of attributes, at most 100, valid by the "
        "definitions of the product's categories. Null: none.",
    )
    external_ref: ExternalRefInput | None = strawberry.field(
        default=strawberry.UNSET,
        description="A key of the product in another system. It replaces the earlier key in "
        "that system. Null: as it is.",
    )


@strawberry.input(description="The definition of an attribute of a category's products.")
class AttributeDefinitionInput:
    key: str = strawberry.field(description="The key, 1 to 64 characters, unique in the category.")
    type: AttributeType = strawberry.field(description="The type of the values.")
    unit: str | None = strawberry.field(
        default=None, description="The unit of the values, such as `kg`."
    )
    choices: list[str] | None = strawberry.field(
        default=None,
        description="The possible values of a CHOICE, 1 to 200, each once. Other types have none.",
    )
    required: bool = strawberry.field(
        default=False,
        description="True: each product of the category needs a value when it is saved.",
    )


def to_definitions(inputs: Any) -> Any:
    """The attribute definitions of a list; null and an omitted field are passed on."""
    return [asdict(each) for each in inputs] if isinstance(inputs, list) else sent(inputs)


@strawberry.input(description="A category's fields. A field that is left out stays.")
class CategoryInput:
    name: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The name, 1 to 200 characters. Unique. A new category needs it.",
    )
    parent_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The id of the category above, neither this one nor one below it. "
        "Categories are at most 20 deep. Null: at the top.",
    )
    attributes: list[AttributeDefinitionInput] | None = strawberry.field(
        default=strawberry.UNSET,
        description="The complete new list of attribute definitions, at most 100. Null: none.",
    )


@strawberry.input(description="A supplier's fields. A field that is left out stays.")
class SupplierInput:
    code: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The code, at most 64 characters. Unique. A new supplier without it has its "
        "name as code. Null: as it is.",
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The company name, 1 to 200 characters. A new supplier needs it.",
    )
    email: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The e-mail address for purchase orders, at most 254 characters. Null "
        "clears it.",
    )
    lead_time_days: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The lead time in days, from order to receipt, 0 to 1000. A new supplier "
        "without it has 7. Null: as it is.",
    )
    minimum_order: Decimal | None = strawberry.field(
        default=strawberry.UNSET,
        description="The minimum order value in the company's currency, net, not below 0. Null: "
        "none.",
    )
