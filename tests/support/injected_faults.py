"""Faults planted below a schema: what is read fails, is missing or is spoilt, here and there.

Where they lie depends only on what is read, so that both engines meet the same, whether they read
rows or instances.
"""

import random
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import wraps
from inspect import iscoroutine
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from graphql import GraphQLObjectType, GraphQLSchema
from strawberry.types.field import StrawberryField
from tortoise.models import Model

from graph.fields import COLUMNS, DEFINITION, FUNCTION, PAGED, RELATION, computing
from models.rules.access import Actor
from resolvers.loaders.relation import Computed, Referenced, ToMany, ToOne
from resolvers.metering import Meter
from resolvers.paging import Listed, Page
from services.storage.select import Names

Load = Callable[[Any, Actor, Sequence[Any], Names | None, Meter | None], Awaitable[list[Any]]]

NO_ROOTS = frozenset({"Mutation", "Subscription"})


class Planted(Exception):
    """A fault."""


@dataclass(frozen=True)
class Rows:
    """What plain tuples are: rows of a table, with columns of these names."""

    table: type[Model]
    names: Names = ()


class Odd:
    """A value of no type that is known; it reads the same in every run."""

    def __repr__(self) -> str:
        return "odd"


def plant(monkeypatch: pytest.MonkeyPatch, schema: GraphQLSchema) -> None:
    """Faults in relations, pages, functions, and the resolvers of nested and of root fields.

    Engines that have made plans before go on without those in functions.
    """
    for kind in (ToOne, ToMany, Referenced, Computed):
        monkeypatch.setattr(kind, "load", of_relation(kind.load))
    monkeypatch.setattr(Listed, "page", of_page(Listed.page))
    monkeypatch.setattr(Listed, "pages", of_pages(Listed.pages))
    for place, definition in definitions(schema):
        described, resolver = definition.metadata, definition.base_resolver
        if FUNCTION in described:
            bad = {**described, FUNCTION: of_function(place, described[FUNCTION])}
            monkeypatch.setattr(definition, "metadata", bad)
            monkeypatch.setattr(resolver, "wrapped_func", computing(bad))
        elif resolver and is_asked_for_each(place, described):
            planted = of_resolver(place, resolver.wrapped_func, described.get(COLUMNS))
            monkeypatch.setattr(resolver, "wrapped_func", planted)


def definitions(schema: GraphQLSchema) -> Iterator[tuple[str, StrawberryField]]:
    """The fields of objects as they were declared, each with its place."""
    for of_type in schema.type_map.values():
        if not isinstance(of_type, GraphQLObjectType) or of_type.name in NO_ROOTS:
            continue
        for name, declared in of_type.fields.items():
            definition = (declared.extensions or {}).get(DEFINITION)
            if definition:
                yield f"{of_type.name}.{name}", definition


def is_asked_for_each(place: str, described: Mapping[Any, Any]) -> bool:
    """Whether both engines ask a field's resolver once for each object."""
    return RELATION not in described and (PAGED not in described or place.startswith("Query."))


def of_function(place: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which for some values fails or gives something spoilt."""

    def badly(*inputs: Any) -> Any:
        return faulty(function(*inputs), place, *map(name, inputs))

    return badly


def of_resolver(place: str, resolve: Any, columns: Names | None) -> Callable[..., Any]:
    """The same resolver, which for some objects and arguments fails or gives something spoilt.

    `columns` are all that it may know of its object.
    """

    @wraps(resolve)
    def badly(*args: Any, **kwargs: Any) -> Any:
        asked = (*args, *(value for _, value in sorted(kwargs.items())))
        names = [name(each, columns) for each in asked]
        found = resolve(*args, **kwargs)
        return later(found, *names) if iscoroutine(found) else faulty(found, place, *names)

    async def later(found: Awaitable[Any], *names: Any) -> Any:
        return faulty(await found, place, *names)

    return badly


def of_relation(load: Load) -> Load:
    """The same relation, which for some keys fails, finds nothing, or finds spoilt rows."""

    async def badly(
        relation: Any,
        actor: Actor,
        keys: Sequence[Any],
        columns: Names | None = None,
        meter: Meter | None = None,
    ) -> list[Any]:
        found = await load(relation, actor, keys, columns, meter)
        kind = (type(relation).__name__, relation.table)
        rows = Rows(relation.table, columns or ()) if relation.table else None
        return [
            caught(value, *kind, key, rows=rows) for key, value in zip(keys, found, strict=True)
        ]

    return badly


def of_page(read: Callable[..., Awaitable[Page]]) -> Callable[..., Awaitable[Any]]:
    """The same page, which may fail, be missing, or begin with a spoilt row."""

    async def badly(listed: Listed, columns: Names | None = None) -> Any:
        return faulty(await read(listed, columns), listed.listing.scope, listed.request)

    return badly


def of_pages(read: Callable[..., Awaitable[list[Page]]]) -> Callable[..., Awaitable[list[Any]]]:
    """The same pages, some of which fail, are missing, or begin with a spoilt row."""

    async def badly(
        listed: Listed, parents: Sequence[Any], columns: Names | None = None
    ) -> list[Any]:
        found = await read(listed, parents, columns)
        return [
            caught(each, listed.listing.scope, listed.request, parent)
            for parent, each in zip(parents, found, strict=True)
        ]

    return badly


def caught(value: Any, *place: Any, rows: Rows | None = None) -> Any:
    """As `faulty`, but the fault is given and not raised: for those that find many at once."""
    try:
        return faulty(value, *place, rows=rows)
    except Planted as fault:
        return fault


def faulty(value: Any, *place: Any, rows: Rows | None = None) -> Any:
    """The value as it may be in that place: mostly as it should be.

    Rows are spoilt more often, because few of their columns are asked for.
    """
    dice = dice_of(*place)
    seldom = 0.2 if isinstance(value, Model | tuple | list | Page) else 0.06
    roll = dice.random()
    if roll < 0.015:
        raise Planted
    if roll < 0.025:
        return None
    if roll < seldom:
        return spoilt(value, dice, rows)
    return value


def spoilt(value: Any, dice: random.Random, rows: Rows | None) -> Any:
    """Something not as it should be: a row, the first of many, or what is none at all.

    What others may hold as well is left as it is.
    """
    match value:
        case Model():
            return spoilt_row(value, dice, Rows(type(value)))
        case tuple() if rows:
            return spoilt_row(value, dice, rows)
        case [first, *others] if isinstance(value, list):
            bad = spoilt(first, dice, rows)
            return [dice.choice((None, Planted(), bad, bad, bad)), *others]
        case Page(nodes=[first, *others]):
            rows = Rows(value.listing.table, value.names)
            bad = spoilt(first, dice, rows)
            return replace(value, nodes=[dice.choice((None, bad, bad, bad)), *others])
        case None:
            return None
        case _:
            return dice.choice((value, Odd(), Planted()))


def spoilt_row(row: Any, dice: random.Random, rows: Rows) -> Any:
    """A row with values that are missing or of no type, in those columns that were read of it."""
    columns = sorted(rows.table._meta.db_fields - {"id"})
    for column in dice.sample(columns, len(columns) // 3):
        value: Any = dice.choice((None, Odd(), []))
        if not column.endswith("_id"):
            row = with_value(row, column, value, rows.names)
    return row


def with_value(row: Any, column: str, value: Any, names: Names) -> Any:
    """A row that has the value instead of its own; as it is, if it has none in that column."""
    if isinstance(row, Model):
        row = copy(row)
        setattr(row, column, value)
    elif column in names:
        place = names.index(column)
        row = (*row[:place], value, *row[place + 1 :])
    return row


def name(asked: Any, columns: Names | None = None) -> Any:
    """What a resolver or a function is asked, as something that is the same in every run."""
    match asked:
        case Model() | SimpleNamespace() if columns is not None:
            return [name(getattr(asked, column)) for column in columns]
        case Model():
            return (type(asked).__name__, asked.pk)
        case Page():
            return (asked.listing.scope, asked.parent, asked.request)
        case None | str() | int() | Enum():
            return asked
        case UUID() | Decimal() | date():
            return str(asked)
        case _:
            return type(asked).__name__


def dice_of(*parts: Any) -> random.Random:
    """Dice that fall alike for the same things, in whatever order they are asked."""
    return random.Random(zlib.crc32(repr(parts).encode()))
