"""Postal addresses: as inputs and as stored."""

from typing import Any, Final, NamedTuple

from models.customers import CustomerAddress
from models.rules.countries import COUNTRIES
from models.rules.errors import DomainError, Refused, invalid, required
from models.rules.text import clean
from services.storage.rows import fresh

MAX_STREET_LINES: Final = 6

KEPT: Final = {
    "name": "name",
    "lines": "lines",
    "city": "city",
    "region": "region",
    "postal_code": "postalCode",
    "country_code": "countryCode",
    "phone": "phone",
}
"""The parts of an address, and how orders and warehouses call them."""


class Address(NamedTuple):
    """A postal address, as an input or a customer's."""

    name: str
    lines: tuple[str, ...]
    city: str
    country_code: str
    region: str | None = None
    postal_code: str | None = None
    phone: str | None = None


def check_address(
    address: Address | None, *path: str, needs_city: bool = True
) -> dict[str, Any] | None:
    """The address as orders store it; None for none.

    Raises:
        Refused: a part that is missing or too long, or an unknown country.
    """
    if address is None:
        return None
    kept = snapshot(
        Address(
            name=clean(address.name),
            lines=tuple(map(clean, address.lines)),
            city=clean(address.city),
            country_code=clean(address.country_code).upper(),
            region=_optional(address.region),
            postal_code=_optional(address.postal_code),
            phone=_optional(address.phone),
        )
    )
    errors: list[DomainError] = [
        required(f"An address has a {field}.", *path, field)
        for field in ("name", *(("city",) if needs_city else ()))
        if not kept[field]
    ]
    limits = {"name": 200, "city": 200, "region": 200, "postalCode": 32, "phone": 64}
    errors += [
        invalid(f"At most {limit} characters.", *path, field)
        for field, limit in limits.items()
        if len(str(kept[field] or "")) > limit
    ]
    if kept["countryCode"] not in COUNTRIES:
        message = "A country is an ISO 3166 code of two letters."
        errors.append(invalid(message, *path, "countryCode"))
    lines = address.lines
    if len(lines) > MAX_STREET_LINES or any(len(line) > 200 for line in lines):
        message = f"At most {MAX_STREET_LINES} lines of 200 characters."
        errors.append(invalid(message, *path, "lines"))
    if errors:
        raise Refused(errors)
    return kept


def snapshot(address: Address | CustomerAddress) -> dict[str, Any]:
    """An address as orders store it."""
    kept = {called: getattr(address, part) for part, called in KEPT.items()}
    return kept | {"lines": list(address.lines)}


def restored(kept: dict[str, Any] | None) -> Address | None:
    """The address of a stored one; None for none."""
    return Address(**_parts(kept))._replace(lines=tuple(kept["lines"])) if kept else None


def address_row(kept: dict[str, Any], **others: Any) -> CustomerAddress:
    """A customer's address row of a stored address, with other columns."""
    return fresh(CustomerAddress, **_parts(kept), **others)


def _parts(kept: dict[str, Any]) -> dict[str, Any]:
    return {part: kept[called] for part, called in KEPT.items()}


def _optional(text: str | None) -> str | None:
    return clean(text) or None if text else None
