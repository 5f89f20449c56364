"""Postal addresses, as typed and as kept."""

from typing import Any, Final, NamedTuple

from models.customers import CustomerAddress
from models.rules.countries import COUNTRIES
from models.rules.errors import DomainError, Refused, invalid, required
from models.rules.text import clean

MAX_STREET_LINES: Final = 6


class Address(NamedTuple):
    """A postal address, as it was typed or as a customer has it."""

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
    """The address as an order keeps it; None where there is none.

    Raises:
        Refused: a part that is missing or too long, or a country that is not one.
    """
    if address is None:
        return None
    kept = {
        "name": clean(address.name),
        "lines": [clean(line) for line in address.lines],
        "city": clean(address.city),
        "region": _optional(address.region),
        "postalCode": _optional(address.postal_code),
        "countryCode": clean(address.country_code).upper(),
        "phone": _optional(address.phone),
    }
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


def snapshot(row: Address | CustomerAddress) -> dict[str, Any]:
    """A customer's address as an order keeps it."""
    return {
        "name": row.name,
        "lines": list(row.lines),
        "city": row.city,
        "region": row.region,
        "postalCode": row.postal_code,
        "countryCode": row.country_code,
        "phone": row.phone,
    }


def restored(kept: dict[str, Any] | None) -> Address | None:
    """The address that `check_address` or `snapshot` gave; None for none."""
    if not kept:
        return None
    return Address(
        name=kept["name"],
        lines=tuple(kept["lines"]),
        city=kept["city"],
        region=kept["region"],
        postal_code=kept["postalCode"],
        country_code=kept["countryCode"],
        phone=kept["phone"],
    )


def _optional(text: str | None) -> str | None:
    return clean(text) or None if text else None
