"""Converts inputs into the values of commands. Null and omitted fields are passed on."""

from typing import Any

import strawberry

from models.rules.errors import invalid
from resolvers.identifiers import input_key
from resolvers.inputs.filtering import ExternalRefInput
from services.aggregates.addresses import Address
from services.work.references import ExternalKey
from services.work.upserts import UNSET


@strawberry.input(description="A postal address.")
class AddressInput:
    name: str = strawberry.field(
        description="The recipient's name, a person or a company, 1 to 200 characters."
    )
    lines: list[str] = strawberry.field(
        description="Street, number and further lines, at most 6 of 200 characters."
    )
    city: str = strawberry.field(description="The city or town, 1 to 200 characters.")
    region: str | None = strawberry.field(
        default=None, description="The state, province or county, at most 200 characters."
    )
    postal_code: str | None = strawberry.field(
        default=None, description="The postal code, at most 32 characters."
    )
    country_code: str = strawberry.field(
        description="The country: an ISO 3166-1 code of two letters, or XK."
    )
    phone: str | None = strawberry.field(
        default=None, description="A telephone number for the carrier, at most 64 characters."
    )


def sent(value: Any) -> Any:
    """The value of a field, with the services' UNSET for an omitted one."""
    return UNSET if value is strawberry.UNSET else value


def to_address(address: Any) -> Any:
    """The address of an input; null and an omitted field are passed on."""
    if not isinstance(address, AddressInput):
        return sent(address)
    return Address(
        name=address.name,
        lines=tuple(address.lines),
        city=address.city,
        country_code=address.country_code,
        region=address.region,
        postal_code=address.postal_code,
        phone=address.phone,
    )


def to_addresses(addresses: Any) -> Any:
    """The addresses of a list; null and an omitted field are passed on."""
    return tuple(map(to_address, addresses)) if isinstance(addresses, list) else sent(addresses)


def to_object(value: Any, *path: str) -> Any:
    """The object in a JSON field, empty for null; an omitted field is passed on.

    Raises:
        InputError: INVALID at `path`: it is a list, a text or a number.
    """
    value = {} if value is None else sent(value)
    if value is not UNSET and not isinstance(value, dict):
        raise invalid("An object of keys and values is needed here.", *path)
    return value


def to_key(reference: Any) -> Any:
    """The external key of an input; null and an omitted field are passed on."""
    if not isinstance(reference, ExternalRefInput):
        return sent(reference)
    return ExternalKey(reference.system, reference.key)


def optional_key(type_name: str, value: Any, field: str) -> Any:
    """The key of a global id; null and an omitted field are passed on.

    Raises:
        InputError: NOT_FOUND at the field: the id is invalid or of another type.
    """
    value = sent(value)
    return input_key(type_name, value, (field,)) if isinstance(value, str) else value
