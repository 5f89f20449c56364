"""Values that objects are made of: addresses, foreign keys, free attributes."""

import strawberry

from resolvers.scalars import JSON


@strawberry.type(description="The key by which another system knows an object.")
class ExternalRef:
    system: str = strawberry.field(description="The other system's name.")
    key: str = strawberry.field(description="The object's key there.")


@strawberry.type(description="A postal address.")
class Address:
    name: str = strawberry.field(description="Who lives or works there.")
    lines: list[str] = strawberry.field(description="Street and what else the mail needs.")
    city: str = strawberry.field(description="City or town.")
    region: str | None = strawberry.field(description="State, province or county.")
    postal_code: str | None = strawberry.field(description="Postal code.")
    country_code: str = strawberry.field(description="ISO 3166-1, two letters.")
    phone: str | None = strawberry.field(description="For the carrier.")


@strawberry.type(description="Something that is kept about an object under a key of its own.")
class Attribute:
    key: str = strawberry.field(description="What it is called.")
    value: JSON = strawberry.field(description="What it says.")
    unit: str | None = strawberry.field(description="What it is measured in.")
