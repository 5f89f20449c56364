"""What a company on paper consists of: products, stock, customers, and what belongs to an order."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

MILLION: Final = 1_000_000
LATER: Final = "later"
"""After every id."""


def nearest(numerator: int, denominator: int) -> int:
    """The nearest whole number of a fraction; a half goes up."""
    return (2 * numerator + denominator) // (2 * denominator)


@dataclass(frozen=True)
class Product:
    """Its price is in minor units for `per` units; the tax in millionths."""

    sku: str
    price: int
    per: int
    tax: int
    policy: str


@dataclass
class Stock:
    """What lies in one warehouse. `rank` sorts stock items as their ids do."""

    on_hand: int = 0
    damaged: int = 0
    safety: int = 0
    incoming: int = 0
    rank: str = LATER


@dataclass
class Customer:
    """Amounts in minor units, the discount of the customer's group in millionths."""

    limit: int | None = None
    blocked: bool = False
    discount: int = 0
    version: int = 1


@dataclass
class Hold:
    """Units of a warehouse that are promised to a line. The greater the age, the younger."""

    line: int
    warehouse: str
    units: int
    until: datetime | None
    age: int


@dataclass
class Line:
    """`waiting` units are backordered; its amounts are those of `priced` units.

    `own` says that its price or discount was given, and is not the customer's.
    """

    number: int
    product: Product
    quantity: int
    price: int
    discount: int
    priced: int
    own: bool
    waiting: int = 0
    cancelled: int = 0

    def cost(self, units: int) -> tuple[int, int, int]:
        """Net, tax and what the discount took off, for so many units."""
        full = units * self.price
        net = nearest(full * (MILLION - self.discount), self.product.per * MILLION)
        tax = nearest(net * self.product.tax, MILLION)
        return net, tax, nearest(full, self.product.per) - net


@dataclass
class Shipment:
    """`units` by line; carrier and number of its `parcels`; `arrived` are those of them that were
    told to have. `news` are the times of all that carriers told, `told` counts its own events.
    """

    number: int
    warehouse: str
    units: dict[int, int]
    parcels: list[tuple[str, str]] = field(default_factory=list)
    arrived: set[int] = field(default_factory=set)
    news: list[datetime] = field(default_factory=list)
    status: str = "PENDING"
    version: int = 1
    told: int = 1


@dataclass
class Payment:
    number: int
    kind: str
    amount: int
    follows: int | None = None


@dataclass
class Coming:
    """Units of a line that come back, and what became of the last of them."""

    announced: int
    received: int = 0
    disposition: str | None = None


@dataclass
class Return:
    number: int
    lines: dict[int, Coming]
    version: int = 1

    @property
    def status(self) -> str:
        if all(each.received == each.announced for each in self.lines.values()):
            return "RECEIVED"
        some = any(each.received for each in self.lines.values())
        return "PARTLY_RECEIVED" if some else "REQUESTED"
