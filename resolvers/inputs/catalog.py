"""What clients send about categories, suppliers and products."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any, Optional

import strawberry

import resolvers.enums  # noqa: F401 - registers the enums before an input names one
from models.rules.catalog import AttributeType, BackorderPolicy, TrackingPolicy
from resolvers.inputs.filtering import DecimalOp, ExternalRefInput, StringOp
from resolvers.inputs.sending import sent
from resolvers.scalars import JSON, CurrencyCode


@strawberry.input(description="A condition on a product's own attribute.")
class AttributeWhere:
    key: str = strawberry.field(description="The attribute's key.")
    eq: JSON = strawberry.field(description="Its value is exactly this: a text, number or bool.")


@strawberry.input(description="Which products; all conditions that are given must hold.")
class ProductWhere:
    and_: list["ProductWhere"] | None = strawberry.field(
        default=None, name="and", description="All of these."
    )
    or_: list["ProductWhere"] | None = strawberry.field(
        default=None, name="or", description="At least one of these; an empty list matches none."
    )
    not_: Optional["ProductWhere"] = strawberry.field(
        default=None, name="not", description="Not this."
    )
    sku: StringOp | None = strawberry.field(default=None, description="By SKU.")
    name: StringOp | None = strawberry.field(default=None, description="By name.")
    category_id: strawberry.ID | None = strawberry.field(
        default=None, description="Of this category itself."
    )
    supplier_id: strawberry.ID | None = strawberry.field(
        default=None, description="From this supplier."
    )
    price: DecimalOp | None = strawberry.field(
        default=None, description="By price, in its own currency, whatever quantity it is for."
    )
    barcode: StringOp | None = strawberry.field(
        default=None, description="By barcode: eq, in and startsWith."
    )
    discontinued: bool | None = strawberry.field(
        default=None, description="Whether it is sold no more."
    )
    low_stock: bool | None = strawberry.field(
        default=None, description="Whether it has sunk to the reorder point in some warehouse."
    )
    attribute: AttributeWhere | None = strawberry.field(
        default=None, description="By an attribute of its own."
    )


@strawberry.input(description="A product's fields. Absent fields stay, null clears.")
class ProductInput:
    sku: str | None = strawberry.field(
        default=strawberry.UNSET, description="Unique. A new product needs it."
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="What people call it. A new product needs it."
    )
    barcode: str | None = strawberry.field(
        default=strawberry.UNSET, description="GTIN or another code to scan. Unique."
    )
    category_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Its category."
    )
    supplier_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Who it is bought from."
    )
    unit: str | None = strawberry.field(
        default=strawberry.UNSET, description="The smallest unit of its stock: piece, gram."
    )
    price: Decimal | None = strawberry.field(
        default=strawberry.UNSET,
        description="Net, for `priceQuantity` units. A new product needs it.",
    )
    price_quantity: int | None = strawberry.field(
        default=strawberry.UNSET, description="How many units the price is for: 1000 grams."
    )
    currency_code: CurrencyCode | None = strawberry.field(
        default=strawberry.UNSET, description="The price's currency. A new product needs it."
    )
    cost: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description="What `priceQuantity` units cost to buy."
    )
    tax_rate: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description="0.19 is 19 %."
    )
    backorder: BackorderPolicy | None = strawberry.field(
        default=strawberry.UNSET, description="What happens when it is short."
    )
    tracking: TrackingPolicy | None = strawberry.field(
        default=strawberry.UNSET, description="Whether its units are followed."
    )
    discontinued: bool | None = strawberry.field(
        default=strawberry.UNSET, description="True: it can be ordered no more."
    )
    attributes: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="The complete new object of keys and values."
    )
    external_ref: ExternalRefInput | None = strawberry.field(
        default=strawberry.UNSET, description="The key by which another system knows it."
    )


@strawberry.input(description="An attribute that products of a category have.")
class AttributeDefinitionInput:
    key: str = strawberry.field(description="Its name.")
    type: AttributeType = strawberry.field(description="What values it takes.")
    unit: str | None = strawberry.field(default=None, description="What its numbers count.")
    choices: list[str] | None = strawberry.field(
        default=None, description="The values of a CHOICE."
    )
    required: bool = strawberry.field(
        default=False, description="Whether every product of the category has it."
    )


def to_definitions(inputs: Any) -> Any:
    """The definitions of a list; null and a field that was left out stay what they are."""
    return [asdict(each) for each in inputs] if isinstance(inputs, list) else sent(inputs)


@strawberry.input(description="A category's fields. Absent fields stay, null clears.")
class CategoryInput:
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Unique. A new category needs it."
    )
    parent_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The category above it."
    )
    attributes: list[AttributeDefinitionInput] | None = strawberry.field(
        default=strawberry.UNSET, description="The complete new list of its products' attributes."
    )


@strawberry.input(description="A supplier's fields. Absent fields stay, null clears.")
class SupplierInput:
    code: str | None = strawberry.field(
        default=strawberry.UNSET, description="Unique; a new supplier's is its name if absent."
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="A new supplier needs it."
    )
    email: str | None = strawberry.field(
        default=strawberry.UNSET, description="Where orders are sent."
    )
    lead_time_days: int | None = strawberry.field(
        default=strawberry.UNSET, description="Days from ordering to receiving."
    )
    minimum_order: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description="The least worth ordering, in the company currency."
    )
