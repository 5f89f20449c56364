"""A file as people have it: one table that holds customers, products, orders and lines, and faults.

`OneTable` writes it and knows which orders are sound, and what is wrong with each faulty row.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

HEADER: Final = "Order,Day,Customer,Name,Place,SKU,Article,Quantity,Price"
MAPPING: Final = """
system: table
currency: EUR
dates: ["%d.%m.%Y"]
thousands: "'"
sources:
  - kind: customer
    file: table.csv
    distinct: true
    key: Customer
    split: {Place: '(?P<city>.+) [(](?P<country>[A-Z]{2})[)]'}
    fields: {name: Name, address.city: city, address.country: country}
  - kind: product
    file: table.csv
    distinct: first
    key: SKU
    fields: {name: Article, price: Price}
  - kind: order
    file: table.csv
    distinct: true
    key: Order
    split: {Place: '(?P<city>.+) [(](?P<country>[A-Z]{2})[)]'}
    fields: {customer: Customer, placed_at: Day, payment: {value: PAID}}
  - kind: line
    file: table.csv
    split: {Place: '(?P<city>.+) [(](?P<country>[A-Z]{2})[)]'}
    fields: {order: Order, product: SKU, quantity: Quantity, unit_price: Price}
"""
NINE: Final = "where the header has 9"
KINDS: Final = {
    "too many": f"has 10 cells {NINE}",
    "too few": f"has 8 cells {NINE}",
    "encoding": "is not written in utf-8",
    "pattern": "'nowhere' does not fit its pattern",
    "quote": "has a quote that is never closed",
    "number": 'unit_price: "4\'20" is no number',
    "day": "placed_at: '31.02.2025' is no time written as %d.%m.%Y",
    "quantity": "quantity: Input should be greater than or equal to 1 (it is '0')",
}


@dataclass
class OneTable:
    """`faults` are reasons by line; `orders` the number of lines and the cents of sound ones."""

    folder: Path
    lines: int
    seed: int = 1
    faults: dict[int, str] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    orders: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def mapping(self) -> Path:
        return self.folder / "mapping.yaml"

    def write(self) -> "OneTable":
        """The table with its two files written."""
        self.mapping.write_text(MAPPING, encoding="utf-8")
        random = Random(self.seed)
        with (self.folder / "table.csv").open("wb") as file:
            file.write(f"{HEADER}\n".encode())
            line = 2
            number = 0
            while line < self.lines + 2:
                number += 1
                line = self._order(random, file.write, f"O{number:07}", line)
        return self

    def _order(self, random: Random, write: object, key: str, line: int) -> int:
        count = min(random.randint(2, 5), self.lines + 2 - line)
        customer = random.randrange(max(self.lines // 40, 5))
        head = f"{key},{1 + number_of(key) % 28:02}.03.2025,C{customer:05},F{customer},Bonn (DE)"
        # Two in a hundred rows are faulty; an order has one such row, beside sound ones.
        faulty = random.randrange(count) if count > 1 and random.random() < 0.02 * count else None
        cents = 0
        for at in range(count):
            sku, quantity = random.randrange(200), random.randint(1, 9)
            price = 100 + sku * 7
            cents += quantity * price
            cells = [*head.split(","), f"P{sku:03}", f"Thing {sku}", str(quantity)]
            cells.append(f"{price // 100}.{price % 100:02}")
            row = ",".join(cells).encode()
            if at == faulty:
                kind = random.choice(list(KINDS))
                row = spoiled(kind, cells)
                self.faults[line + at] = KINDS[kind]
                self.kinds[kind] += 1
            write(row + b"\n")  # type: ignore[operator]
        if faulty is None or self.kinds_of_header(line + faulty):
            self.orders[key] = (count, cents)
        return line + count

    def kinds_of_header(self, line: int) -> bool:
        """Whether that fault leaves the line sound: a day stands in the order's other rows too."""
        return self.faults.get(line) == KINDS["day"]


def number_of(key: str) -> int:
    return int(key[1:])


def spoiled(kind: str, cells: list[str]) -> bytes:
    """The row with that fault."""
    plain = list(cells)
    match kind:
        case "too many":
            plain[8] = plain[8].replace(".", ",")
        case "too few":
            del plain[6]
        case "encoding":
            plain[3] = f"{plain[3]} \udcfc"
        case "pattern":
            plain[4] = "nowhere"
        case "quote":
            plain[6] = f'"{plain[6]}'
        case "number":
            plain[8] = "4'20"
        case "day":
            plain[1] = "31.02.2025"
        case "quantity":
            plain[7] = "0"
    return ",".join(plain).encode("utf-8", "surrogateescape")
