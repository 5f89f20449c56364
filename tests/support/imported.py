"""Small files to import, and what is told of them."""

from pathlib import Path
from typing import Final

from models.rules.access import SYSTEM
from models.rules.errors import ErrorCode
from services.imports.files.report import Report
from services.imports.run import Options, import_files

HEAD: Final = """
system: shop
currency: EUR
sources:
  - kind: warehouse
    rows: [{code: MAIN, name: Main}]
    key: code
    fields: {code: code, name: name}
  - kind: customer
    file: customers.csv
    key: id
    fields: {name: name, email: mail, address.city: city, address.country: country}
  - kind: product
    file: products.csv
    key: id
    fields: {sku: sku, name: name, price: price}
  - kind: order
    file: orders.csv
    key: id
    fields: {customer: customer, placed_at: placed, payment: payment}
  - kind: line
    file: lines.csv
    fields: {order: order, product: product, quantity: quantity, unit_price: price}
"""
CUSTOMERS: Final = "id,name,mail,city,country\n1,Ada,ada@a.example,Bonn,DE\n"
PRODUCTS: Final = "id,sku,name,price\n7,CUP,Cup,8.50\n8,JAR,Jar,3\n"
ORDERS: Final = "id,customer,placed,payment\nA,1,2025-01-05T10:00:00+01:00,\n"
LINES: Final = "order,product,quantity,price\nA,7,2,8.50\nA,8,1,2.75\n"


class Files:
    """A folder of small files. Those that a test does not write anew are sound."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write(mapping=HEAD, customers=CUSTOMERS, products=PRODUCTS, orders=ORDERS, lines=LINES)

    def write(self, *, mapping: str | None = None, **tables: str | bytes) -> None:
        if mapping is not None:
            (self.folder / "mapping.yaml").write_text(mapping, encoding="utf-8")
        for name, text in tables.items():
            plain = text if isinstance(text, bytes) else text.encode()
            (self.folder / f"{name}.csv").write_bytes(plain)

    async def load(self, *, strict: bool = False, allow_lost_rows: bool = False) -> Report:
        return await import_files(
            SYSTEM,
            self.folder / "mapping.yaml",
            self.folder,
            Options(strict=strict, allow_lost_rows=allow_lost_rows),
        )


def problems_of(report: Report) -> list[tuple[str, int, str | None, ErrorCode, str]]:
    return [(each.file, each.line, each.column, each.code, each.reason) for each in report.rejected]
