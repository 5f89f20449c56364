"""The size of the demo company."""

from dataclasses import dataclass
from typing import Final

from models.rules.errors import DomainError, Refused, invalid
from services.demo.words import FAMILIES

LIMITS: Final = {
    "customers": (1, 1_000_000),
    "products": (len(FAMILIES), 10_000),
    "warehouses": (1, 20),
    "orders": (0, 10_000_000),
}


@dataclass(frozen=True, slots=True)
class Size:
    """The number of each kind."""

    customers: int = 200
    products: int = 300
    warehouses: int = 3
    orders: int = 2_000

    def check(self) -> None:
        """Passes if a company of this size can be made.

        Raises:
            Refused: an InputError for each number out of range.
        """
        errors: list[DomainError] = [
            invalid(f"{name}: from {least} to {most}.", name)
            for name, (least, most) in LIMITS.items()
            if not least <= getattr(self, name) <= most
        ]
        if errors:
            raise Refused(errors)
