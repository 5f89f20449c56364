"""What clients send about customers."""

from decimal import Decimal
from typing import Optional

import strawberry

from resolvers.inputs.filtering import ExternalRefInput, StringOp
from resolvers.inputs.sending import AddressInput
from resolvers.scalars import JSON


@strawberry.input(description="Which customers; all conditions that are given must hold.")
class CustomerWhere:
    and_: list["CustomerWhere"] | None = strawberry.field(
        default=None, name="and", description="All of these."
    )
    or_: list["CustomerWhere"] | None = strawberry.field(
        default=None, name="or", description="At least one of these; an empty list matches none."
    )
    not_: Optional["CustomerWhere"] = strawberry.field(
        default=None, name="not", description="Not this."
    )
    code: StringOp | None = strawberry.field(default=None, description="By code.")
    name: StringOp | None = strawberry.field(default=None, description="By name.")
    email: str | None = strawberry.field(
        default=None, description="With exactly this e-mail address, in any case."
    )
    group_id: strawberry.ID | None = strawberry.field(default=None, description="Of this group.")
    country: list[str] | None = strawberry.field(
        default=None, description="With an address in one of these countries."
    )
    tag: list[str] | None = strawberry.field(
        default=None, description="With at least one of these tags, each exactly as it is."
    )
    phone: str | None = strawberry.field(
        default=None,
        description="With this phone number, however it is written: its digits count, without "
        "zeros before them.",
    )
    blocked: bool | None = strawberry.field(default=None, description="Whether they may not order.")
    external_ref: ExternalRefInput | None = strawberry.field(
        default=None, description="Known by this key to another system."
    )


@strawberry.input(description="A customer's fields. Absent fields stay, null clears.")
class CustomerInput:
    code: str | None = strawberry.field(
        default=strawberry.UNSET, description="Unique; a new customer gets one if it is absent."
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="A company's or a person's name. A new one needs it."
    )
    email: str | None = strawberry.field(
        default=strawberry.UNSET, description="Where mail reaches them."
    )
    phone: str | None = strawberry.field(
        default=strawberry.UNSET, description="Where calls reach them."
    )
    group_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The group they belong to."
    )
    tags: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="Words to put on them, at most 50."
    )
    preferences: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="Whatever front ends keep for them: an object."
    )
    addresses: list[AddressInput] | None = strawberry.field(
        default=strawberry.UNSET, description="The complete new list, the default first."
    )
    external_ref: ExternalRefInput | None = strawberry.field(
        default=strawberry.UNSET, description="The key by which another system knows them."
    )


@strawberry.input(description="A group's fields. Absent fields stay.")
class CustomerGroupInput:
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Unique. A new group needs it."
    )
    discount_rate: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description="What members get off: 0.05 is 5 %."
    )
