"""Addresses in rows: in any number of lines, or missing."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, field_validator

from models.rules.errors import Refused
from services.aggregates.addresses import MAX_STREET_LINES, Address, check_address


class PostalRow(BaseModel):
    """An address; one without street, city, region and postal code is missing.

    Region and country alone are an address, as statistics and some shops have it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = None
    lines: tuple[str, ...] = ()
    city: str = ""
    region: str | None = None
    postal_code: str | None = None
    country: str = ""
    phone: str | None = None

    @field_validator("lines", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        """The lines of a cell; those beyond an address's limit share its last one."""
        if not isinstance(value, str):
            return value
        lines = [line.strip() for line in value.splitlines() if line.strip()]
        last = ", ".join(lines[MAX_STREET_LINES - 1 :])
        return (*lines[: MAX_STREET_LINES - 1], *([last] if last else []))

    @property
    def is_there(self) -> bool:
        return bool(self.lines or self.city or self.region or self.postal_code)

    def stored(self, name: str) -> dict[str, Any]:
        """The address to store, under its own name, otherwise under `name`.

        Raises:
            Refused: a part is missing or too long, or the country is unknown.
        """
        address = Address(
            name=self.name or name,
            lines=self.lines,
            city=self.city,
            country_code=self.country,
            region=self.region,
            postal_code=self.postal_code,
            phone=self.phone,
        )
        return check_address(address, needs_city=not self.region) or {}


def _deliverable(row: PostalRow | None) -> PostalRow | None:
    """The address, or None if it is missing."""
    if row is None or not row.is_there:
        return None
    try:
        row.stored("?")
    except Refused as refusal:
        raise ValueError(str(refusal)) from None
    return row


Postal = Annotated[PostalRow | None, AfterValidator(_deliverable)]
