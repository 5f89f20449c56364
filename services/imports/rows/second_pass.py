"""The second pass: writes the sound rows of the first one, a batch in a transaction.

Each batch looks for existing objects again, so that an interrupted run can be repeated, and two
runs at the same time do no harm.
"""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from tortoise.exceptions import IntegrityError
from tortoise.models import Model

from models.catalog import Product
from models.columns import new_id
from models.customers import Customer
from models.references import ExternalRef
from models.rules.access import Actor
from models.rules.events import SubjectKind
from services.aggregates import credit, stock
from services.imports.checks import known
from services.imports.checks.first_pass import Case
from services.imports.checks.order_documents import (
    OrderDocument,
    gather,
    is_imported,
    order_document,
)
from services.imports.checks.rates import rates_of
from services.imports.checks.staging import StagedRow, State
from services.imports.files.records import BY_CODE, RECORDS, Kind, Record, StockRow
from services.imports.rows.differences import digest
from services.imports.rows.masters import BUILDERS, Desk
from services.imports.rows.orders import Surroundings, build
from services.use_case import perform
from services.work import search
from services.work.work import Contended, Work

BATCH: Final = 200

Written = Counter[Kind]
Step = Callable[[Work, Case, Kind, list[StagedRow]], Awaitable[Written]]
"""Writes the new objects of a batch, and returns their numbers by kind."""


async def write(actor: Actor, case: Case) -> None:
    """Writes the rows that the first pass staged as new."""
    steps: dict[Kind, Step] = dict.fromkeys(BUILDERS, _masters)
    steps |= {Kind.STOCK: _stock, Kind.ORDER: _orders}
    try:
        for kind, step in steps.items():
            async for batch in case.batches(f"writing {kind}", kind, BATCH, State.NEW):
                case.report.added += await _write_batch(actor, case, kind, step, batch)
    finally:
        # Also after an early end, and for orders that an earlier, interrupted run wrote.
        if any(case.staging.count(Kind.ORDER, state) for state in (State.NEW, State.PRESENT)):
            await perform(actor, credit.recount)
    for kind, count in case.report.counts.items():
        count.unchanged += count.new - case.report.added[kind]
        count.new = case.report.added[kind]


async def _write_batch(
    actor: Actor, case: Case, kind: Kind, step: Step, batch: list[StagedRow]
) -> Written:
    async def attempt(work: Work) -> Written:
        try:
            return await step(work, case, kind, batch)
        except IntegrityError as error:
            # Another process has written one of the keys; the next attempt will find it.
            raise Contended from error

    return await perform(actor, attempt)


async def _masters(work: Work, case: Case, kind: Kind, batch: list[StagedRow]) -> Written:
    system = case.mapping.system
    there = await known.ids(system, kind, [row.key for row in batch], work.connection)
    records = [_record(row) for row in batch if row.key not in there]
    codes = {record.natural or "" for record in records}
    namesakes = await known.coded(kind, codes, work.connection)
    made = {each.key: namesakes.get(each.natural or "") or new_id() for each in records}
    ids = await _referred(work, system, records)
    named = {f"{BY_CODE}{each.natural}": made[each.key] for each in records}
    ids[kind] = {**ids.get(kind, {}), **made, **named}
    desk = Desk(work, system, ids)
    digests = {row.key: digest([row]) for row in batch if row.key in made}
    rows: list[Model] = await _references(work, system, kind, made, digests)
    new = [record for record in records if record.natural not in namesakes]
    for record in new:
        rows += BUILDERS[kind](desk, made[record.key], record)
    await _insert(work, rows)
    return Written({kind: len(new)})


async def _stock(work: Work, case: Case, _: Kind, batch: list[StagedRow]) -> Written:
    """Stock items with their opening counts."""
    system = case.mapping.system
    records = [StockRow.model_validate_json(row.payload or "") for row in batch]
    ids = await _referred(work, system, records)
    there = await known.stocked(set(ids[Kind.PRODUCT].values()), work.connection)
    places = [
        (ids[Kind.PRODUCT][each.product], ids[Kind.WAREHOUSE][each.warehouse]) for each in records
    ]
    new = {place: each for place, each in zip(places, records, strict=True) if place not in there}
    rows: list[Model] = []
    for item in await stock.new_items(work, new):
        record = new[item.product_id, item.warehouse_id]
        item.incoming, item.safety_stock = record.incoming, record.safety_stock
        item.reorder_point = record.reorder_point
        item.reorder_quantity = record.reorder_quantity
        reason = f"opening count, imported from {system}"
        rows += [item, stock.open_with(work, item, record.on_hand, reason)]
    await _insert(work, rows)
    return Written({Kind.STOCK: len(rows) // 2})


async def _orders(work: Work, case: Case, kind: Kind, batch: list[StagedRow]) -> Written:
    system = case.mapping.system
    there = await known.ids(system, kind, [row.key for row in batch], work.connection)
    fresh = [row for row in batch if row.key not in there]
    gathered = list(gather(case.staging, fresh))
    found = [order_document(case.staging, each) for each in gathered]
    around = await _surroundings(work, case, found)
    made = {each.key: new_id() for each in found}
    digests = {each.order.key: digest(each.rows) for each in gathered}
    rows: list[Model] = await _references(work, system, kind, made, digests)
    for each in found:
        rows += build(around, made[each.key], each)
    await _insert(work, rows)
    return Written(
        {
            Kind.ORDER: len(found),
            Kind.LINE: sum(len(each.lines) for each in found),
            Kind.SHIPMENT: sum(
                is_imported(row) for each in found for row in each.shipments.values()
            ),
        }
    )


async def _surroundings(work: Work, case: Case, found: list[OrderDocument]) -> Surroundings:
    system = case.mapping.system
    orders = [each.order for each in found]
    lines = [line for each in found for line in each.lines]
    shipments = {key: row for each in found for key, row in each.shipments.items()}
    ids = await _referred(work, system, [*orders, *lines, *shipments.values()])
    taken = await known.subject_ids(system, SubjectKind.SHIPMENT, set(shipments), work.connection)
    customers = ids.get(Kind.CUSTOMER, {})
    products = ids.get(Kind.PRODUCT, {})
    buyers = {row.id: row for row in await _rows(work, Customer, customers.values())}
    goods = {row.id: row for row in await _rows(work, Product, products.values())}
    return Surroundings(
        work=work,
        system=system,
        rounding=case.rounding,
        customers={key: buyers[found_id] for key, found_id in customers.items()},
        products={key: goods[found_id] for key, found_id in products.items()},
        warehouses=ids.get(Kind.WAREHOUSE, {}),
        taken=frozenset(taken),
        rates=await rates_of(work.policy, orders, work.connection),
    )


async def _rows(work: Work, table: type[Any], keys: Iterable[UUID]) -> list[Any]:
    wanted = sorted(set(keys))
    found: list[Any] = []
    for start in range(0, len(wanted), known.CHUNK):
        chunk = wanted[start : start + known.CHUNK]
        # unscoped: objects that the import has found
        found += await table.filter(id__in=chunk).using_db(work.connection)
    return found


async def _referred(
    work: Work, system: str, records: Iterable[Record]
) -> dict[Kind, Mapping[str, UUID]]:
    """The ids of all keys in the records, by kind. Only masters are looked up."""
    wanted: dict[Kind, set[str]] = defaultdict(set)
    for record in records:
        for name, kind in record.refers.items():
            key = getattr(record, name)
            if key is not None and kind in BUILDERS:
                wanted[kind].add(key)
    return {
        kind: await known.ids(system, kind, keys, work.connection) for kind, keys in wanted.items()
    }


def _record(staged: StagedRow) -> Record:
    return RECORDS[staged.kind].model_validate_json(staged.payload or "")


async def _references(
    work: Work, system: str, kind: Kind, made: Mapping[str, UUID], digests: Mapping[str, str]
) -> list[Model]:
    """The objects' external references, their search words, and the digests of their rows."""
    subject = RECORDS[kind].subject
    rows: list[Model] = [
        ExternalRef(
            subject_kind=subject,
            subject_id=subject_id,
            system=system,
            key=key,
            digest=digests[key],
        )
        for key, subject_id in made.items()
    ]
    if subject in search.SEARCHED:
        rows += await search.new_reference_tokens(work, subject, made)
    return rows


async def _insert(work: Work, rows: list[Model]) -> None:
    """Inserts rows of several tables, the tables in the order of their first rows."""
    by_table: dict[type[Model], list[Model]] = defaultdict(list)
    for row in rows:
        by_table[type(row)].append(row)
    for each in by_table.values():
        await work.insert(each)
