"""Reads the rows of pages, and counts the rows of lists."""

from collections.abc import Iterable, Sequence
from typing import Any

from tortoise.models import Model

from models.rules.access import Actor
from resolvers.listing import Bound, Listing, PageRequest, ordering
from resolvers.loaders.relation import chunks
from resolvers.metering import Meter
from services.storage import database
from services.storage.select import Names, Row, Select
from services.work.visibility import scope, visible


async def read(
    actor: Actor,
    listing: Listing,
    request: PageRequest,
    within: Iterable[Bound],
    parents: Sequence[Any] | None,
    names: Names,
    meter: Meter,
) -> list[Row]:
    """The first rows of a list, or of the list below each parent.

    One row more than the page is read, to see whether there are more.

    Raises:
        Exhausted: the rows below all parents are more than the meter allows.
    """
    select = _all(actor, listing, names)
    if select is None:
        return []
    for bound in within:
        _beyond(select, listing.sort, bound)
    order, limit = ordering(listing, request), request.size + 1
    if parents is None or len(parents) == 1:
        if parents is not None:
            select.among(str(listing.by), parents)
        return await select.rows(select.text(order, limit))
    below = _below_each if select.dialect == "postgres" else _ranked
    text = below(select, str(listing.by), parents, order, limit)
    async with meter.reading:
        meter.read(0)
        found = await select.rows(f"{text} LIMIT {meter.allowed + 1}")
        meter.read(len(found))
    return found


async def instances(actor: Actor, table: type[Model], keys: Sequence[Any]) -> dict[Any, Any]:
    """The instances of these rows, by id."""
    found: dict[Any, Any] = {}
    for chunk in chunks(keys):
        found.update({row.pk: row for row in await visible(table, actor).filter(id__in=chunk)})
    return found


def _beyond(select: Select, sort: str, bound: Bound) -> None:
    """Adds the condition for rows beyond a place; its first part alone gives an index its range."""
    sign = ">" if bound.greater else "<"
    column, value = select.name(sort), select.encoded(sort, bound.value)
    if bound.key is None:
        select.conditions.append(f"{column} {sign} {select.value(value)}")
        return
    select.conditions.append(f"{column} {sign}= {select.value(value)}")
    tied = f"{select.name('id')} {sign}"
    select.conditions.append(
        f"({column} {sign} {select.value(value)} OR "
        f"{tied} {select.value(select.encoded('id', bound.key))})"
    )


def _below_each(
    select: Select, by: str, parents: Sequence[Any], order: Sequence[str], limit: int
) -> str:
    """The statement with one index lookup for each parent, however many rows are below it."""
    keys = select.value(list(parents))
    select.conditions.append(f"{select.name(by)} = parent.key")
    return (
        f"SELECT below.* FROM unnest({keys}::uuid[]) AS parent(key) "
        f"CROSS JOIN LATERAL ({select.text(order, limit)}) below{select.order(order)}"
    )


def _ranked(
    select: Select, by: str, parents: Sequence[Any], order: Sequence[str], limit: int
) -> str:
    """The statement that ranks all rows below each parent, for databases without LATERAL."""
    select.among(by, parents)
    return (
        f"SELECT {select.columns} FROM ({select.ranked(by, order)}) ranked "
        f"WHERE place <= {limit} ORDER BY place"
    )


async def count(actor: Actor, listing: Listing, limit: int) -> int:
    """The number of rows of a list up to `limit`, at which the database stops counting."""
    select = _all(actor, listing, ("id",))
    if select is None:
        return 0
    counted = f"SELECT COUNT(*) FROM ({select.text(limit=limit)}) counted"
    ((total,),) = await database.fetch(counted, select.values)
    return int(total)


async def counts(actor: Actor, listing: Listing, parents: Sequence[Any], limit: int) -> list[int]:
    """The number of rows below each parent, up to `limit` each."""
    by = str(listing.by)
    totals: dict[Any, int] = {}
    for chunk in chunks(parents):
        select = _all(actor, listing, (by,))
        if select is None:
            break
        select.among(by, chunk)
        table, column = select.name(listing.table._meta.db_table), select.name(by)
        totals.update(
            await select.rows(
                f"SELECT {column}, COUNT(*) FROM {table}{select.where} GROUP BY {column}"
            )
        )
    return [min(totals.get(parent, 0), limit) for parent in parents]


def _all(actor: Actor, listing: Listing, names: Names) -> Select | None:
    """The statement for all visible rows of a list, or None if the actor sees none."""
    condition = scope(listing.table, actor)
    if condition is None:
        return None
    select = Select(listing.table, names)
    select.matching(condition)
    select.matching(listing.where)
    return select
