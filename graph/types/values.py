"""Values within objects: addresses, external references, attributes."""

import strawberry

from resolvers.scalars import JSON


@strawberry.type(description="An external reference: an object's key in another system.")
class ExternalRef:
    system: str = strawberry.field(description="The other system's name, 1 to 64 characters.")
    key: str = strawberry.field(
        description="The object's key in that system, 1 to 200 characters. Unique there for "
        "each kind of object."
    )


@strawberry.type(description="A postal address.")
class Address:
    name: str = strawberry.field(
        description="The recipient's name, a person or a company, at most 200 characters."
    )
    lines: list[str] = strawberry.field(
        description="Street, number and further lines, at most 6 of 200 characters."
    )
    city: str = strawberry.field(description="The city or town, at most 200 characters.")
    region: str | None = strawberry.field(
        description="The state, province or county, at most 200 characters. Null where none is "
        "given."
    )
    postal_code: str | None = strawberry.field(
        description="The postal code, at most 32 characters. Null where none is given."
    )
    country_code: str = strawberry.field(
        description="The country: an ISO 3166-1 code of two letters."
    )
    phone: str | None = strawberry.field(
        description="A telephone number for the carrier, at most 64 characters. Null where none "
        "is given."
    )


@strawberry.type(description="An attribute of an object: a key with a value.")
class Attribute:
    key: str = strawberry.field(description="The attribute's key.")
    value: JSON = strawberry.field(description="The attribute's value.")
    unit: str | None = strawberry.field(
        description="The unit of the value, by the definition of the product's category. Null "
        "where none is defined."
    )
