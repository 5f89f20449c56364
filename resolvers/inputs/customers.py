"""Inputs of customers."""

from decimal import Decimal
from typing import Optional

import strawberry

from resolvers.inputs.filtering import ExternalRefInput, StringOp
from resolvers.inputs.sending import AddressInput
from resolvers.scalars import JSON


@strawberry.input(description="A filter of customers. All given conditions must hold.")
class CustomerWhere:
    and_: list["CustomerWhere"] | None = strawberry.field(
        default=None, name="and", description="All of these filters match, at most 500."
    )
    or_: list["CustomerWhere"] | None = strawberry.field(
        default=None,
        name="or",
        description="At least one of these filters matches, at most 500; an empty list matches "
        "none.",
    )
    not_: Optional["CustomerWhere"] = strawberry.field(
        default=None, name="not", description="This filter does not match."
    )
    code: StringOp | None = strawberry.field(default=None, description="The code.")
    name: StringOp | None = strawberry.field(default=None, description="The name.")
    email: str | None = strawberry.field(
        default=None, description="The exact e-mail address, without regard to case."
    )
    group_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the group."
    )
    country: list[str] | None = strawberry.field(
        default=None,
        description="The countries of the customer's addresses, at most 500 ISO 3166-1 codes of "
        "two capital letters. One must match.",
    )
    tag: list[str] | None = strawberry.field(
        default=None, description="The tags, at most 500, each in full. One must match."
    )
    phone: str | None = strawberry.field(
        default=None,
        description="The telephone number. Only its digits count, without leading zeros.",
    )
    blocked: bool | None = strawberry.field(
        default=None, description="True: only blocked customers. False: only others."
    )
    external_ref: ExternalRefInput | None = strawberry.field(
        default=None, description="The customer's key in another system."
    )


@strawberry.input(description="A customer's fields. A field that is left out stays.")
class CustomerInput:
    code: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The code, at most 64 characters. Unique. A new customer without it gets "
        "the next number. Null: as it is.",
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The name of the company or person, 1 to 200 characters. A new customer "
        "needs it.",
    )
    email: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The e-mail address, at most 254 characters. Null clears it.",
    )
    phone: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The telephone number, at most 64 characters. Null clears it.",
    )
    group_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The id of the customer's group. Null: none."
    )
    tags: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="The complete new list of tags, at most 50 of 1 to 64 characters. Null: none.",
    )
    preferences: JSON | None = strawberry.field(
        default=strawberry.UNSET,
        description="An object of keys and values for front ends, complete. Null: an empty object.",
    )
    addresses: list[AddressInput] | None = strawberry.field(
        default=strawberry.UNSET,
        description="The complete new list of addresses, the default first: at most 50 unless "
        "the operator has set another limit. Null: none.",
    )
    external_ref: ExternalRefInput | None = strawberry.field(
        default=strawberry.UNSET,
        description="A key of the customer in another system. It replaces the earlier key in "
        "that system. Null: as it is.",
    )


@strawberry.input(description="A customer group's fields. A field that is left out stays.")
class CustomerGroupInput:
    name: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The name, 1 to 200 characters. Unique. A new group needs it.",
    )
    discount_rate: Decimal | None = strawberry.field(
        default=strawberry.UNSET,
        description="The discount off list prices, as a fraction from 0 to 1 with at most 6 "
        "decimals: 0.05 is 5 %. Null: 0.",
    )
