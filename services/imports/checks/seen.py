"""The earlier rows and existing objects that a batch of rows is checked against."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from services.imports.checks import known
from services.imports.checks.staging import StagedRow, Staging
from services.imports.files.records import BY_CODE, Kind, Record, StockRow


@dataclass(frozen=True, slots=True)
class Seen:
    """The earlier rows and existing objects for a batch of rows of one kind.

    `rows` are earlier rows by kind and reference: those that the batch refers to, and those of its
    own keys, which have no ids. The others are from the database: keys and codes of the batch, and
    objects that it refers to; `tracked` are the keys of products with lots or serial numbers.
    """

    staging: Staging
    kind: Kind
    rows: Mapping[Kind, dict[str, StagedRow]]
    keys: set[str]
    codes: dict[str, UUID]
    barcodes: set[str]
    referred: dict[Kind, dict[str, UUID]]
    tracked: set[str]

    def find(self, kind: Kind, reference: str) -> StagedRow | None:
        """The row of that key or marked code, also if it is in the batch itself."""
        if kind is self.kind and reference.startswith(BY_CODE):
            return self.staging.find(kind, reference)
        return self.rows[kind].get(reference)

    def add(self, row: StagedRow) -> None:
        """Adds a staged row of the batch, for later rows about the same object."""
        self.rows[row.kind][row.key] = row


async def look_up(
    staging: Staging, system: str, kind: Kind, keys: Collection[str], records: list[Record]
) -> Seen:
    """The earlier rows and existing objects for a batch of rows with these keys and records."""
    wanted: dict[Kind, set[str]] = defaultdict(set)
    for record in records:
        for name, target in record.refers.items():
            key = getattr(record, name)
            if key is not None:
                wanted[target].add(key)
    rows = {target: staging.find_all(target, found) for target, found in wanted.items()}
    rows[kind] = rows.get(kind, {}) | staging.find_all(kind, keys)
    referred = {}
    for target, found in wanted.items():
        # Only the database knows whether a product has a stock item in a warehouse.
        asked = found if kind is Kind.STOCK else found - rows[target].keys()
        referred[target] = await known.ids(system, target, asked)
    codes = {code for record in records if (code := record.natural)}
    there = set(await known.ids(system, kind, {record.key for record in records}))
    if kind is Kind.STOCK:
        there = await _stock_keys(records, referred)
    barcodes = await known.barcodes({code for record in records if (code := record.scanned)})
    return Seen(
        staging=staging,
        kind=kind,
        rows=rows,
        keys=there,
        codes=await known.coded(kind, codes),
        barcodes=barcodes,
        referred=referred,
        tracked=await _tracked(kind, referred),
    )


async def _tracked(kind: Kind, referred: dict[Kind, dict[str, UUID]]) -> set[str]:
    products = referred.get(Kind.PRODUCT, {}) if kind is Kind.STOCK else {}
    tracked = await known.tracked(set(products.values()))
    return {key for key, product in products.items() if product in tracked}


async def _stock_keys(records: list[Record], referred: dict[Kind, dict[str, UUID]]) -> set[str]:
    """The keys of stock rows whose stock item exists already."""
    products = referred.get(Kind.PRODUCT, {})
    warehouses = referred.get(Kind.WAREHOUSE, {})
    pairs = await known.stocked(set(products.values()))
    return {
        record.key
        for record in records
        if isinstance(record, StockRow)
        and (products.get(record.product), warehouses.get(record.warehouse)) in pairs
    }
