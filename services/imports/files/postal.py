"""Addresses as rows give them: in any number of lines, or not at all."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, field_validator

from models.rules.errors import Refused
from services.aggregates.addresses import MAX_STREET_LINES, Address, check_address


class PostalRow(BaseModel):
    """An address. One without street, city, region and postal code is none at all.

    Region and country alone are one, as statistics and some shops keep it.
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
        """A cell of several lines; those beyond what an address holds share its last one."""
        if not isinstance(value, str):
            return value
        lines = [line.strip() for line in value.splitlines() if line.strip()]
        last = ", ".join(lines[MAX_STREET_LINES - 1 :])
        return (*lines[: MAX_STREET_LINES - 1], *([last] if last else []))

    @property
    def is_there(self) -> bool:
        return bool(self.lines or self.city or self.region or self.postal_code)

    def kept(self, name: str) -> dict[str, Any]:
        """The address as it is stored, under its own name or else that one.

        Raises:
            Refused: a part is missing or too long, or the country is none.
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
    """The address if it is one, None where there is none."""
    if row is None or not row.is_there:
        return None
    try:
        row.kept("?")
    except Refused as refusal:
        raise ValueError(str(refusal)) from None
    return row


Postal = Annotated[PostalRow | None, AfterValidator(_deliverable)]
