"""The maximum sizes of the texts and lists of inputs.

They limit the cost of a request before any business rule runs. The rules are stricter, and their
refusals name the reason. A key is the name of an argument or input field; `Type.field` is that
field alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

SEARCHED: Final = 500
"""Characters of a text to search or filter by."""

TEXTS: Final[Mapping[str, int]] = {
    # Operands of filters.
    "eq": SEARCHED,
    "in": SEARCHED,
    "startsWith": SEARCHED,
    "words": SEARCHED,
    "search": SEARCHED,
    # Identifiers.
    "barcode": 500,
    "code": 500,
    "key": 500,
    "label": 500,
    "name": 500,
    "number": 500,
    "sku": 500,
    "system": 500,
    "trackingNumber": 500,
    # Attributes.
    "carrier": 500,
    "channel": 500,
    "choices": 500,
    "city": 500,
    "country": 500,
    "countryCode": 500,
    "email": 500,
    "lines": 500,
    "method": 500,
    "phone": 500,
    "place": 500,
    "postalCode": 500,
    "reference": 500,
    "region": 500,
    "tag": 500,
    "tags": 500,
    "unit": 500,
    # Free text.
    "message": 20_000,
    "note": 20_000,
    "reason": 20_000,
    "text": 20_000,
    # Tokens and URLs, sent back unchanged.
    "trackingToken": 8_192,
    "trackingUrl": 4_096,
}
"""Characters of each text."""

LISTS: Final[Mapping[str, int]] = {
    "and": 500,
    "or": 500,
    "in": 500,
    "channel": 500,
    "country": 500,
    "fulfillment": 500,
    "kind": 500,
    "kinds": 500,
    "method": 500,
    "milestone": 500,
    "payment": 500,
    "returnStatus": 500,
    "status": 500,
    "tag": 500,
    "warehouseId": 500,
    "ids": 500,
    "addresses": 1_000,
    "attributes": 500,
    "changes": 1_000,
    "choices": 500,
    "parcels": 1_000,
    "tags": 500,
    "units": 2_000,
    "lines": 10_000,
    "AddressInput.lines": 50,
}
"""Values of each list. An order's lines may be as many as the setting's upper bound."""

SCALARS: Final[Mapping[str, int]] = {
    "ID": 500,
    "Cursor": 4_096,
    "JSON": 20_000,
}
"""Characters of the texts of other scalars; for JSON, of each text inside."""

OTHERWISE: Final = 100
"""Characters of the text of a number, an instant, a currency or an enum value."""

UNDECLARED_TEXT: Final = 500
UNDECLARED_LIST: Final = 500


@dataclass(frozen=True)
class Sizes:
    """The sizes of a schema's inputs; undeclared ones have the small defaults."""

    texts: Mapping[str, int] = field(default_factory=lambda: TEXTS)
    lists: Mapping[str, int] = field(default_factory=lambda: LISTS)

    def of_text(self, owner: str, name: str, scalar: str) -> int:
        """Characters of a text at an argument or input field of this scalar or enum."""
        if scalar != "String":
            return SCALARS.get(scalar, OTHERWISE)
        return self.texts.get(f"{owner}.{name}", self.texts.get(name, UNDECLARED_TEXT))

    def of_list(self, owner: str, name: str) -> int:
        """Values of the list at an argument or input field."""
        return self.lists.get(f"{owner}.{name}", self.lists.get(name, UNDECLARED_LIST))
