"""The first pass: reads and checks each row, alone and against all others; writes nothing."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from models.rules.errors import ErrorCode
from models.rules.money import Rounding
from services.imports.checks.problems import Problems
from services.imports.checks.seen import Seen, look_up
from services.imports.checks.staging import Doubt, StagedRow, Staging, State, batched
from services.imports.files.converting import Converted, Converter
from services.imports.files.mapping import Mapping, Source
from services.imports.files.reading import rows
from services.imports.files.records import BY_CODE, Kind, LineRow, Record, ShipmentRow, StockRow
from services.imports.files.repeats import Repeats
from services.imports.files.report import Outcome, Problem, Report
from services.work.policy import Policy

Progress = Callable[[str, int, int], None]
"""Called with the title of a task, the part done and the whole: bytes of a file, or rows."""

BATCH: Final = 500
MAX_SHAPES: Final = 1_000

_SIGN: Final = re.compile(r"[^\W_]")


def shape(key: str) -> str:
    """The pattern of a key, for comparison: its letters and digits by count, others by place."""
    return _SIGN.sub("x", key)


@dataclass(frozen=True, slots=True)
class Case:
    """A running import."""

    mapping: Mapping
    files: dict[str, Path]
    staging: Staging
    problems: Problems
    report: Report
    progress: Progress
    policy: Policy
    shapes: set[str] = field(default_factory=set)

    @property
    def rounding(self) -> Rounding:
        """The rounding of its orders: the mapping's, otherwise the company's."""
        return self.mapping.rounding or self.policy.rounding

    def where(self, staged: StagedRow) -> str:
        """The place of a row, for people."""
        return f"{self.mapping.sources[staged.source].name}:{staged.line}"

    async def batches(
        self, what: str, kind: Kind, size: int, state: State
    ) -> AsyncIterator[list[StagedRow]]:
        """The rows of a kind in this state, in batches; reports the progress."""
        done, everything = 0, self.staging.count(kind, state)
        for batch in self.staging.batches(kind, size, state):
            yield batch
            done += len(batch)
            self.progress(what, done, everything)
            await asyncio.sleep(0)  # lets other tasks run

    def reject(
        self, staged: StagedRow, code: ErrorCode, reason: str, field: str | None = None
    ) -> None:
        """Rejects an accepted row, for the value of a field if one is named."""
        self.staging.reject([staged.id])
        self.add_problem(Outcome.REJECTED, staged, code, reason, field)
        self.report.count(staged.kind).rejected += 1

    def add_problem(
        self,
        outcome: Outcome,
        row: StagedRow | Doubt,
        code: ErrorCode,
        reason: str,
        field: str | None = None,
    ) -> None:
        """Stores a problem of a row, or of the value of a field."""
        source = self.mapping.sources[row.source]
        columns = ", ".join(source.fields[field].columns) if field else None
        self.problems.add(outcome, Problem(source.name, row.line, columns or None, code, reason))


async def check_rows(case: Case) -> None:
    """Reads each source, referenced kinds first, and stages its rows with their known objects."""
    kinds = list(Kind)
    indexed = list(enumerate(case.mapping.sources))
    for index, source in sorted(indexed, key=lambda each: kinds.index(each[1].kind)):
        case.report.count(source.kind)
        converter = Converter(case.mapping, index)
        repeats = Repeats(source)
        for batch in batched(rows(case.mapping, source, case.files, _advance(case, source)), BATCH):
            for part in repeats.parted(batch):
                fresh = [converter.convert(row) for row in part if not repeats.has(row)]
                if not fresh:
                    continue
                await _check_batch(case, converter, fresh)
                for each in fresh:
                    if each.record and not each.problems:
                        repeats.add(each.row)


def _advance(case: Case, source: Source) -> Callable[[int, int], None]:
    return lambda done, size: case.progress(f"reading {source.name}", done, size)


async def _check_batch(case: Case, converter: Converter, batch: list[Converted]) -> None:
    kind = converter.source.kind
    keys = {key for each in batch if isinstance(key := each.key, str)}
    records = [each.record for each in batch if each.record]
    seen = await look_up(case.staging, case.mapping.system, kind, keys, records)
    count = case.report.count(kind)
    for each in batch:
        twin = _twin(seen, converter, each)
        if twin and _is_repeated(converter, each, twin):
            continue
        count.read += 1
        if each.record:
            each.problems += _clashes(case, converter, each, each.record, seen, twin)
            each.problems += _dangling(case, converter, each, each.record, seen)
            each.problems += _without_codes(converter, each, each.record, seen)
        if each.problems:
            count.rejected += 1
        for problem in each.problems:
            case.problems.add(Outcome.REJECTED, problem)
        for problem in each.warnings if not each.problems else ():
            case.problems.add(Outcome.WARNING, problem)
        if twin and twin.payload is not None and not each.problems:
            count.read -= 1  # it replaces a row that was counted
            _stage(case, converter, each, seen, twin)
        elif _stage(case, converter, each, seen, twin):
            count.unchanged += 1


def _twin(seen: Seen, converter: Converter, each: Converted) -> StagedRow | None:
    """The first row of the same source about the same object, if rows may be repeated."""
    if not converter.source.distinct or not isinstance(each.key, str):
        return None
    twin = seen.find(converter.source.kind, each.key)
    return twin if twin and twin.source == converter.index else None


def _is_repeated(converter: Converter, each: Converted, twin: StagedRow) -> bool:
    """Whether a sound row repeats an accepted one. A row with a fault is always reported."""
    if each.record is None or twin.payload is None:
        return False
    is_same = twin.payload == each.record.model_dump_json()
    return is_same or converter.source.distinct == "first"


def _clashes(
    case: Case,
    converter: Converter,
    each: Converted,
    record: Record,
    seen: Seen,
    replaced: StagedRow | None,
) -> Iterator[Problem]:
    """The errors of a key or code that is in use, in the files or in the database.

    `replaced` is an earlier row about the same object: a rejected one, or any if the last counts.
    """
    kind, code = converter.source.kind, record.natural
    is_last = converter.source.distinct == "last"
    replaces = replaced is not None and (replaced.payload is None or is_last)
    twin = None if replaces else seen.find(kind, record.key)
    if twin is not None:
        reason = f"the key {record.key} stands in {case.where(twin)} already"
        if converter.source.distinct:
            reason = f"says of {record.key} something else than {case.where(twin)}"
        yield converter.problem(each.row, None, ErrorCode.DUPLICATE, reason)
        return
    if code is None or record.key in seen.keys:
        return
    namesake = case.staging.find_code(kind, code)
    if namesake is not None and namesake.key != record.key:
        reason = f"{code} is used in {case.where(namesake)} already"
        yield converter.problem(each.row, None, ErrorCode.DUPLICATE, reason)
    elif code in seen.codes and converter.source.existing == "reject":
        reason = f"there is a {kind} {code} already that has another key or none"
        yield converter.problem(each.row, None, ErrorCode.DUPLICATE, reason)
    if record.scanned is None or code in seen.codes:
        return
    bearer = case.staging.find_scanned(record.scanned)
    if record.scanned in seen.barcodes or (bearer and bearer.key != record.key):
        reason = f"another {kind} has the barcode {record.scanned}"
        yield converter.problem(each.row, None, ErrorCode.DUPLICATE, reason)


def _dangling(
    case: Case, converter: Converter, each: Converted, record: Record, seen: Seen
) -> Iterator[Problem]:
    """The errors of references to missing or rejected rows."""
    for name, target in record.refers.items():
        key = getattr(record, name)
        if key is None:
            continue
        found = seen.find(target, key)
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
    """The error of stock of a tracked product, because files have no codes of units."""
    if not isinstance(record, StockRow) or not record.on_hand or record.key in seen.keys:
        return
    if record.product in seen.tracked:
        named = record.product.removeprefix(BY_CODE)
        reason = f"product {named} has lots or serial numbers: receive it by stockAdjust"
        columns = ", ".join(converter.source.fields["product"].columns) or None
        yield converter.problem(each.row, columns, ErrorCode.INVALID, reason)


def _stage(
    case: Case, converter: Converter, each: Converted, seen: Seen, twin: StagedRow | None
) -> bool:
    """Stages the row; returns whether its object exists already.

    A rejected row is staged too, so that rows that refer to it can be rejected. A sound row about
    the same object replaces it, at the place of its `twin`.
    """
    kind, record = converter.source.kind, each.record
    state, key, payload = State.REJECTED, each.key, None
    owner, carrier = None, None
    if each.problems and kind in (Kind.LINE, Kind.SHIPMENT):
        owner = _owner(case, converter, each)
    elif record is not None and not each.problems:
        state, payload = _state(record, seen), record.model_dump_json()
        owner = record.order if isinstance(record, LineRow | ShipmentRow) else None
        carrier = record.shipment if isinstance(record, LineRow) else None
    replaces = twin is not None and payload is not None
    if not isinstance(key, str) or (not replaces and seen.find(kind, key) is not None):
        key = f"\n{converter.index}:{each.row.line}"
    code = record.natural if record else None
    named = owner if state is not State.REJECTED else None
    if named is not None and len(case.shapes) < MAX_SHAPES:
        case.shapes.add(shape(named))
    staged = StagedRow(0, kind, key, owner, carrier, state, converter.index, each.row.line, payload)
    scanned = record.scanned if record else None
    if replaces:
        case.staging.replace(staged, code, scanned)
    else:
        case.staging.add(staged, code, scanned)
    seen.add(staged)
    return state is State.PRESENT or (state is State.NEW and code in seen.codes)


def _owner(case: Case, converter: Converter, each: Converted) -> str | None:
    """The order of a rejected line or shipment; an uncertain one is stored as a doubt."""
    kind, row = converter.source.kind, each.row
    named = converter.orders(row)
    if kind is Kind.SHIPMENT and ("order" not in converter.source.fields or named == [""]):
        return None  # its lines name it, and are rejected with it
    orders = [order for order in named if order]
    if len(orders) == 1 and row.is_certain:
        return orders[0]
    case.staging.doubt(Doubt(kind, converter.index, row.line, orders, row.is_short))
    return None


def _state(record: Record, seen: Seen) -> State:
    """Whether the object exists already; a line or shipment does if its order does."""
    if isinstance(record, LineRow | ShipmentRow) and record.order is not None:
        order = seen.find(Kind.ORDER, record.order)
        return State.NEW if order is not None and order.state is State.NEW else State.PRESENT
    return State.PRESENT if record.key in seen.keys else State.NEW
