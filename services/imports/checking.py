"""The first pass: every row is read and checked, alone and against all others; none is written."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID

from models.rules.errors import ErrorCode
from services.imports import known
from services.imports.converting import Converted, Converter
from services.imports.mapping import Mapping, Source
from services.imports.reading import rows
from services.imports.records import BY_CODE, Kind, LineRow, Record, ShipmentRow, StockRow
from services.imports.report import Problem, Report
from services.imports.spool import Kept, Spool, State

T = TypeVar("T")

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is, and how much there is: bytes of a file, or rows."""

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Case:
    """An import under way."""

    mapping: Mapping
    files: dict[str, Path]
    spool: Spool
    report: Report
    progress: Progress

    def where(self, kept: Kept) -> str:
        """The place of a row, for people."""
        return f"{self.mapping.sources[kept.source].name}:{kept.line}"

    def reject(self, kept: Kept, code: ErrorCode, reason: str) -> None:
        """Reject a row that was accepted before."""
        file = self.mapping.sources[kept.source].name
        self.spool.reject([kept.id])
        self.report.rejected.append(Problem(file, kept.line, None, code, reason))
        self.report.count(kept.kind).rejected += 1


async def check_rows(case: Case) -> None:
    """Read every source, what others refer to first, and spool its rows with what is known."""
    kinds = list(Kind)
    indexed = list(enumerate(case.mapping.sources))
    for index, source in sorted(indexed, key=lambda each: kinds.index(each[1].kind)):
        case.report.count(source.kind)
        converter = Converter(case.mapping, source, index, case.mapping.formats(source))
        for batch in batched(rows(case.mapping, source, case.files, _advance(case, source)), BATCH):
            await _check_batch(case, converter, [converter.convert(row) for row in batch])


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items, so many at a time."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def _advance(case: Case, source: Source) -> Callable[[int, int], None]:
    return lambda done, size: case.progress(f"reading {source.name}", done, size)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the database knows of a batch: the rows' own keys and codes, and keys referred to.

    `tracked` are the keys of products that have lots or serial numbers.
    """

    keys: set[str]
    codes: dict[str, UUID]
    barcodes: set[str]
    referred: dict[Kind, dict[str, UUID]]
    tracked: set[str]


async def _check_batch(case: Case, converter: Converter, batch: list[Converted]) -> None:
    records = [each.record for each in batch if each.record]
    seen = await _look_up(case, converter.source.kind, records)
    count = case.report.count(converter.source.kind)
    for each in batch:
        if converter.source.distinct and _is_repeated(case, converter, each):
            continue
        count.read += 1
        if each.record:
            each.problems += _clashes(case, converter, each, each.record, seen)
            each.problems += _dangling(case, converter, each, each.record, seen)
            each.problems += _without_codes(converter, each, each.record, seen)
        if each.problems:
            count.rejected += 1
        case.report.rejected += each.problems
        case.report.warnings += [] if each.problems else each.warnings
        linked = _keep(case, converter, each, seen)
        if linked:
            count.unchanged += 1


def _is_repeated(case: Case, converter: Converter, each: Converted) -> bool:
    """Whether the source has said the same before, or something wrong about the same object."""
    key = each.record.key if each.record else each.raw.get("key")
    twin = case.spool.find(converter.source.kind, key) if isinstance(key, str) else None
    if twin is None or twin.source != converter.index:
        return False
    return twin.payload is None or (
        each.record is not None and twin.payload == each.record.model_dump_json()
    )


async def _look_up(case: Case, kind: Kind, records: list[Record]) -> Seen:
    system = case.mapping.system
    wanted: dict[Kind, set[str]] = defaultdict(set)
    for record in records:
        for name, target in record.refers.items():
            key = getattr(record, name)
            if key is None:
                continue
            # Whether a product lies in a warehouse already only the database can tell.
            if kind is Kind.STOCK or case.spool.find(target, key) is None:
                wanted[target].add(key)
    referred = {target: await known.ids(system, target, keys) for target, keys in wanted.items()}
    codes = {code for record in records if (code := record.natural)}
    keys = set(await known.ids(system, kind, {record.key for record in records}))
    if kind is Kind.STOCK:
        keys = await _stock_keys(records, referred)
    barcodes = await known.barcodes({code for record in records if (code := record.scanned)})
    return Seen(
        keys, await known.coded(kind, codes), barcodes, referred, await _tracked(kind, referred)
    )


async def _tracked(kind: Kind, referred: dict[Kind, dict[str, UUID]]) -> set[str]:
    products = referred.get(Kind.PRODUCT, {}) if kind is Kind.STOCK else {}
    tracked = await known.tracked(set(products.values()))
    return {key for key, product in products.items() if product in tracked}


async def _stock_keys(records: list[Record], referred: dict[Kind, dict[str, UUID]]) -> set[str]:
    """The keys of those stock rows whose product lies in that warehouse already."""
    products = referred.get(Kind.PRODUCT, {})
    warehouses = referred.get(Kind.WAREHOUSE, {})
    pairs = await known.stocked(set(products.values()))
    return {
        record.key
        for record in records
        if isinstance(record, StockRow)
        and (products.get(record.product), warehouses.get(record.warehouse)) in pairs
    }


def _clashes(
    case: Case, converter: Converter, each: Converted, record: Record, seen: Seen
) -> Iterator[Problem]:
    """Why there is an object of that key or code already, in the files or in the database."""
    kind, code = converter.source.kind, record.natural
    twin = case.spool.find(kind, record.key)
    if twin is not None:
        reason = f"the key {record.key} stands in {case.where(twin)} already"
        if converter.source.distinct:
            reason = f"says of {record.key} something else than {case.where(twin)}"
        yield converter.problem(each.row, None, ErrorCode.DUPLICATE, reason)
        return
    if code is None or record.key in seen.keys:
        return
    namesake = case.spool.find_code(kind, code)
    if namesake is not None:
        reason = f"{code} is used in {case.where(namesake)} already"
        yield converter.problem(each.row, None, ErrorCode.DUPLICATE, reason)
    elif code in seen.codes and converter.source.existing == "reject":
        reason = f"there is a {kind} {code} already that has another key or none"
        yield converter.problem(each.row, None, ErrorCode.DUPLICATE, reason)
    if record.scanned is None or code in seen.codes:
        return
    if record.scanned in seen.barcodes or case.spool.find_scanned(record.scanned):
        reason = f"another {kind} has the barcode {record.scanned}"
        yield converter.problem(each.row, None, ErrorCode.DUPLICATE, reason)


def _dangling(
    case: Case, converter: Converter, each: Converted, record: Record, seen: Seen
) -> Iterator[Problem]:
    """References that lead nowhere, or to a row that was rejected."""
    for name, target in record.refers.items():
        key = getattr(record, name)
        if key is None:
            continue
        found = case.spool.find(target, key)
        if found is None and key in seen.referred.get(target, {}):
            continue
        named = key.removeprefix(BY_CODE)
        reason = f"there is no {target} {named}"
        if found is not None:
            if found.state is not State.REJECTED:
                continue
            reason = f"{target} {named} was rejected ({case.where(found)})"
        columns = ", ".join(converter.source.fields[name].columns) or None
        yield converter.problem(each.row, columns, ErrorCode.NOT_FOUND, reason)


def _without_codes(
    converter: Converter, each: Converted, record: Record, seen: Seen
) -> Iterator[Problem]:
    """Stock whose units have codes, which no file tells."""
    if not isinstance(record, StockRow) or not record.on_hand or record.key in seen.keys:
        return
    if record.product in seen.tracked:
        named = record.product.removeprefix(BY_CODE)
        reason = f"product {named} has lots or serial numbers: receive it by stockAdjust"
        columns = ", ".join(converter.source.fields["product"].columns) or None
        yield converter.problem(each.row, columns, ErrorCode.INVALID, reason)


def _keep(case: Case, converter: Converter, each: Converted, seen: Seen) -> bool:
    """Spool the row; whether its object is there already.

    A rejected row is kept too, so that what refers to it can say so.
    """
    kind, record = converter.source.kind, each.record
    state, key, payload = State.REJECTED, each.raw.get("key"), None
    owner, carrier = each.raw.get("order"), None
    if record is not None and not each.problems:
        state, key, payload = _state(case, record, seen), record.key, record.model_dump_json()
        owner = record.order if isinstance(record, LineRow | ShipmentRow) else None
        carrier = record.shipment if isinstance(record, LineRow) else None
    if not isinstance(key, str) or case.spool.find(kind, key) is not None:
        key = f"\n{converter.index}:{each.row.line}"
    code = record.natural if record else None
    kept = Kept(0, kind, key, owner, carrier, state, converter.index, each.row.line, payload)
    case.spool.add(kept, code, record.scanned if record else None)
    return state is State.PRESENT or (state is State.NEW and code in seen.codes)


def _state(case: Case, record: Record, seen: Seen) -> State:
    """Whether the object is there already; a line or shipment is where its order is."""
    if isinstance(record, LineRow | ShipmentRow) and record.order is not None:
        order = case.spool.find(Kind.ORDER, record.order)
        return State.NEW if order is not None and order.state is State.NEW else State.PRESENT
    return State.PRESENT if record.key in seen.keys else State.NEW
