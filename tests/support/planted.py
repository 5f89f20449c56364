"""Faults planted below a schema: what is read fails, is missing or is spoilt, here and there.

Where they lie depends only on what is read, so that both engines meet the same.
"""

import random
import zlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from enum import Enum
from functools import wraps
from typing import Any

import pytest
from graphql import GraphQLObjectType, GraphQLSchema
from strawberry.types.fields.resolver import StrawberryResolver
from tortoise.models import Model

from graph.binding import RELATION
from graph.execution.planning import DEFINITION
from models.rules.access import Actor
from resolvers import paging
from resolvers.loaders.relation import Computed, ToMany, ToOne
from resolvers.paging import Listing, Page, PageRequest

Load = Callable[[Any, Actor, Sequence[Any]], Awaitable[list[Any]]]

NO_ROOTS = frozenset({"Mutation", "Subscription"})


class Planted(Exception):
    """A fault."""


class Odd:
    """A value of no type that is known; it reads the same in every run."""

    def __repr__(self) -> str:
        return "odd"


def plant(monkeypatch: pytest.MonkeyPatch, schema: GraphQLSchema) -> None:
    """Faults in relations, pages, and the resolvers of nested and of root fields."""
    for kind in (ToOne, ToMany, Computed):
        monkeypatch.setattr(kind, "load", of_relation(kind.load))
    monkeypatch.setattr(paging, "pages_below", of_pages(paging.pages_below))
    for place, resolver in resolvers(schema):
        monkeypatch.setattr(resolver, "wrapped_func", of_resolver(place, resolver))


def resolvers(schema: GraphQLSchema) -> Iterator[tuple[str, StrawberryResolver[Any]]]:
    """The functions that fields are found with, but for relations, each with its place."""
    for of_type in schema.type_map.values():
        if not isinstance(of_type, GraphQLObjectType) or of_type.name in NO_ROOTS:
            continue
        for name, declared in of_type.fields.items():
            definition = (declared.extensions or {}).get(DEFINITION)
            if definition and definition.base_resolver and RELATION not in definition.metadata:
                yield f"{of_type.name}.{name}", definition.base_resolver


def of_resolver(place: str, resolver: StrawberryResolver[Any]) -> Callable[..., Any]:
    """The same function, which for some objects and arguments fails or gives something spoilt."""
    function: Any = resolver.wrapped_func

    @wraps(function)
    async def later(*args: Any, **kwargs: Any) -> Any:
        return faulty(await function(*args, **kwargs), place, *named(args, kwargs))

    @wraps(function)
    def at_once(*args: Any, **kwargs: Any) -> Any:
        return faulty(function(*args, **kwargs), place, *named(args, kwargs))

    return later if resolver.is_async else at_once


def of_relation(load: Load) -> Load:
    """The same relation, which for some keys fails, finds nothing, or finds spoilt rows."""

    async def load_badly(relation: Any, actor: Actor, keys: Sequence[Any]) -> list[Any]:
        found = await load(relation, actor, keys)
        kind = (type(relation).__name__, getattr(relation, "table", None))
        return [caught(value, *kind, key) for key, value in zip(keys, found, strict=True)]

    return load_badly


def of_pages(read: Callable[..., Awaitable[list[Page]]]) -> Callable[..., Awaitable[list[Any]]]:
    """The same pages, some of which fail, are missing, or begin with a spoilt row."""

    async def read_badly(
        context: Any, listing: Listing, request: PageRequest, parents: Sequence[Any]
    ) -> list[Any]:
        found = await read(context, listing, request, parents)
        return [
            caught(each, listing.scope, request, parent)
            for parent, each in zip(parents, found, strict=True)
        ]

    return read_badly


def caught(value: Any, *place: Any) -> Any:
    """As `faulty`, but the fault is given and not raised: for those that find many at once."""
    try:
        return faulty(value, *place)
    except Planted as fault:
        return fault


def faulty(value: Any, *place: Any) -> Any:
    """The value as it may be in that place: mostly as it should be."""
    dice = dice_of(*place)
    roll = dice.random()
    if roll < 0.015:
        raise Planted
    if roll < 0.025:
        return None
    if roll < 0.06:
        return spoilt(value, dice)
    return value


def spoilt(value: Any, dice: random.Random) -> Any:
    """Something not as it should be: a row, the first of many, or what is none at all."""
    if isinstance(value, Model):
        column = dice.choice(sorted(value._meta.db_fields - {"id"}))
        if not column.endswith("_id"):
            setattr(value, column, dice.choice((None, Odd(), [])))
    elif isinstance(value, list) and value:
        value[0] = dice.choice((None, Planted(), spoilt(value[0], dice)))
    elif isinstance(value, Page) and value.nodes:
        value.nodes[0] = dice.choice((None, spoilt(value.nodes[0], dice)))
    elif value is not None:
        return dice.choice((value, Odd(), Planted()))
    return value


def named(args: Sequence[Any], kwargs: dict[str, Any]) -> list[Any]:
    """What a resolver is asked, as something that is the same in every run."""
    return [name(each) for each in (*args, *(value for _, value in sorted(kwargs.items())))]


def name(asked: Any) -> Any:
    match asked:
        case Model():
            return (type(asked).__name__, asked.pk)
        case Page():
            return (asked.listing.scope, asked.parent, asked.request)
        case None | str() | int() | Enum():
            return asked
        case _:
            return type(asked).__name__


def dice_of(*parts: Any) -> random.Random:
    """Dice that fall alike for the same things, in whatever order they are asked."""
    return random.Random(zlib.crc32(repr(parts).encode()))
