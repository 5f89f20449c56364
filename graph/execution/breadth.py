"""Running a plan level by level: each field once for all objects of its level.

graphql-core runs a field for one object after the other, which costs a coroutine, a task and a
dozen checks for each. Here a field's values are a column, found together and completed together.
What a client gets is the same, by the same rules of the specification: an error nulls the nearest
place that may be null, and says where it came up.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter
from typing import Any, cast

from graphql import (
    GraphQLError,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    Undefined,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.error import located_error
from graphql.execution import Executor
from graphql.execution.values import get_argument_values
from graphql.pyutils import Path, inspect, is_iterable

from graph.execution.columns import complete_quickly
from graph.execution.planning import Field, Level, Way, level_below
from resolvers.loaders.relation import ToOne

Places = Callable[[int], Path | None]
"""Where the value with a number stands in the answer. Asked only when there is an error."""

Lost = dict[int, GraphQLError]
"""Values that could not be completed, by their number in the column, each with its error."""


@dataclass(slots=True)
class Column:
    """The completed values of one field or level. What is lost is None among them."""

    values: Sequence[Any]
    lost: Lost = field(default_factory=dict)


class Run:
    """One operation under way. `errors` are those that left a null behind, with their places."""

    kind: Callable[[Any], Hashable] = type
    """What tells a value's concrete type: with Strawberry, its Python class."""

    def __init__(self, executor: Executor[Any]) -> None:
        self.executor = executor
        self.context = executor.context_value
        self.errors: list[tuple[GraphQLError, Path | None]] = []

    async def root(self, level: Level, value: Any, *, serially: bool) -> dict[str, Any]:
        """The answer's data.

        Raises:
            GraphQLError: an error nulled all of it.
        """
        parts = [Level(level.type, [each]) for each in level.fields] if serially else [level]
        answer: dict[str, Any] = {}
        for part in parts:
            column = await self.level(part, [value], lambda _: None)
            self._tell()
            for error in column.lost.values():
                raise error
            answer.update(column.values[0])
        return answer

    def _tell(self) -> None:
        for error, place in self.errors:
            self.executor.collected_errors.add(error, place)
        self.errors.clear()

    async def level(self, level: Level, rows: Sequence[Any], places: Places) -> Column:
        """An object of the answer for each row; one that may not have a null is lost."""
        if not rows or not level.fields:
            return Column([{} for _ in rows])
        columns = await _together([self.field(each, rows, places) for each in level.fields])
        lost: Lost = {}
        for column in columns:
            lost = column.lost | lost
        names = level.names
        values: list[Any] = [
            dict(zip(names, row, strict=True))
            for row in zip(*(column.values for column in columns), strict=True)
        ]
        for number in lost:
            values[number] = None
        return Column(values, lost)

    async def field(self, asked: Field, rows: Sequence[Any], places: Places) -> Column:
        """A field's values for all rows, found and completed; nulled where they may be."""
        if asked.way is Way.TYPE_NAME:
            return Column([asked.parent.name] * len(rows))

        def place(number: int) -> Path:
            return Path(places(number), asked.name, asked.parent.name)

        if asked.way is Way.RELATION and isinstance(asked.relation, ToOne):
            column = await self._shared(asked, rows, place)
        else:
            values = await self._find(asked, rows, place)
            column = await self.complete(asked, asked.declared.type, values, place)
        return self._nulled(asked.declared.type, column, place)

    def _nulled(self, of_type: GraphQLOutputType, column: Column, place: Places) -> Column:
        """The column with a null instead of each error, where the type allows nulls."""
        if not column.lost or (is_non_null_type(of_type) and self.executor.error_propagation):
            return column
        self.errors += [(error, place(number)) for number, error in column.lost.items()]
        return Column(column.values)

    async def _shared(self, asked: Field, rows: Sequence[Any], place: Places) -> Column:
        """Objects that several parents point to are completed once.

        Where that meets an error it is done again for each parent, because each has a place of its
        own to tell of it.
        """
        keys = [_attribute(row, cast("ToOne", asked.relation).key) for row in rows]
        distinct = list(dict.fromkeys(keys))
        found = await self._related(asked, keys)
        if len(distinct) < len(keys):
            values = dict(zip(keys, found, strict=True))
            apart = Run(self.executor)
            column = await apart.complete(
                asked, asked.declared.type, [values[key] for key in distinct], place
            )
            if not column.lost and not apart.errors:
                shared = dict(zip(distinct, column.values, strict=True))
                return Column([shared[key] for key in keys])
        return await self.complete(asked, asked.declared.type, found, place)

    async def _find(self, asked: Field, rows: Sequence[Any], place: Places) -> Sequence[Any]:
        """What the field's values are made of, for each row; an exception where there is none."""
        match asked.way:
            case Way.ATTRIBUTE:
                return _each(attrgetter(asked.attribute), rows)
            case Way.FUNCTION:
                return _each(cast("Callable[[Any], Any]", asked.function), rows)
            case Way.RELATION:
                key = cast("Any", asked.relation).key
                return await self._related(asked, [_attribute(row, key) for row in rows])
            case _:
                return await self._resolved(asked, rows, place)

    async def _related(self, asked: Field, keys: Sequence[Any]) -> list[Any]:
        """What a relation finds for each key; None without a key or without the permission."""
        if asked.relation is None or (asked.needs and not self.context.actor.may(asked.needs)):
            return [None] * len(keys)
        wanted = list(dict.fromkeys(key for key in keys if key is not None))
        if not wanted:
            return [None] * len(keys)
        try:
            found = await asked.relation.load(self.context.actor, wanted)
        except Exception as error:  # noqa: BLE001 - the field's error, told for each object
            return [error if key is not None else None for key in keys]
        values: dict[Any, Any] = dict(zip(wanted, found, strict=True))
        return [values.get(key) for key in keys]

    async def _resolved(self, asked: Field, rows: Sequence[Any], place: Places) -> list[Any]:
        """What the resolver gives for each row. It is told the place of the first only."""
        executor, details = self.executor, asked.details[0]
        resolve = asked.declared.resolve or executor.field_resolver
        info = executor.build_resolve_info(
            asked.declared, asked.nodes, asked.parent, cast("Path", place(0))
        )
        try:
            arguments = get_argument_values(
                asked.declared,
                asked.node,
                executor.variable_values,
                details.fragment_variable_values,
                executor.hide_suggestions,
            )
        except GraphQLError as error:
            return [error] * len(rows)
        values = [_attempt(lambda each: resolve(each, info, **arguments), row) for row in rows]
        return await self._arrived(values)

    async def _arrived(self, values: list[Any]) -> list[Any]:
        """The values, those that wait when they are there; an exception for each that failed."""
        waits = self.executor.is_awaitable
        if not any(map(waits, {type(value): value for value in values}.values())):
            return values
        waiting = [number for number, value in enumerate(values) if waits(value)]
        arrived = await asyncio.gather(
            *(values[number] for number in waiting), return_exceptions=True
        )
        for number, value in zip(waiting, arrived, strict=True):
            if isinstance(value, BaseException) and not isinstance(value, Exception):
                raise value
            values[number] = value
        return values

    async def complete(
        self, asked: Field, of_type: GraphQLOutputType, values: Sequence[Any], places: Places
    ) -> Column:
        """The values as the answer has them, by the type's rules."""
        if is_non_null_type(of_type):
            column = await self.complete(asked, of_type.of_type, values, places)
            return self._without_null(asked, column, places)
        if is_list_type(of_type):
            return await self._lists(asked, of_type.of_type, values, places)
        if is_leaf_type(of_type):
            return self._leaves(asked, of_type, values, places)
        return await self._objects(asked, of_type, values, places)

    def _without_null(self, asked: Field, column: Column, places: Places) -> Column:
        for number, value in enumerate(column.values):
            if value is None and number not in column.lost:
                name = f"{asked.parent}.{asked.node.name.value}"
                error = TypeError(f"Cannot return null for non-nullable field {name}.")
                column.lost[number] = self._located(asked, error, places(number))
        return column

    def _leaves(
        self, asked: Field, of_type: GraphQLLeafType, values: Sequence[Any], places: Places
    ) -> Column:
        quickly = complete_quickly(of_type, values)
        if quickly is not None:
            return Column(quickly)
        column = Column(completed := [None] * len(values))
        for number, value in enumerate(values):
            if value is None or value is Undefined:
                continue
            try:
                if isinstance(value, Exception):
                    raise value
                completed[number] = self.executor.complete_leaf_value(of_type, value)
            except Exception as error:  # noqa: BLE001 - becomes the field's error
                column.lost[number] = self._located(asked, error, places(number))
        return column

    async def _lists(
        self, asked: Field, inner: GraphQLOutputType, values: Sequence[Any], places: Places
    ) -> Column:
        """Lists are completed as one long list, and cut again."""
        lost: Lost = {}
        lists: list[list[Any] | None] = []
        for number, value in enumerate(values):
            items: list[Any] | None = None
            try:
                items = _listed(asked, value)
            except Exception as raised:  # noqa: BLE001 - becomes the field's error
                lost[number] = self._located(asked, raised, places(number))
            lists.append(items)
        owners = [(n, i) for n, kept in enumerate(lists) for i in range(len(kept or ()))]

        def place(number: int) -> Path:
            owner, index = owners[number]
            return Path(places(owner), index, None)

        joined = await self._arrived(list(chain.from_iterable(kept or () for kept in lists)))
        column = await self.complete(asked, inner, joined, place)
        column = self._nulled(inner, column, place)
        for number, error in column.lost.items():
            lost.setdefault(owners[number][0], error)
        remaining = iter(column.values)
        cut: list[Any] = [
            None if kept is None else [next(remaining) for _ in kept] for kept in lists
        ]
        for number in lost:
            cut[number] = None
        return Column(cut, lost)

    async def _objects(
        self, asked: Field, of_type: GraphQLOutputType, values: Sequence[Any], places: Places
    ) -> Column:
        """Objects are run level by level, those of one concrete type together."""
        lost: Lost = {}
        completed: list[Any] = [None] * len(values)
        groups: dict[GraphQLObjectType, list[int]] = {}
        types: dict[Hashable, GraphQLObjectType] = {}
        for number, value in enumerate(values):
            if value is None or value is Undefined:
                continue
            try:
                if isinstance(value, Exception):
                    raise value
                kind = self.kind(value)
                if kind not in types:
                    types[kind] = self._type_of(asked, of_type, value, cast("Path", places(number)))
                groups.setdefault(types[kind], []).append(number)
            except Exception as error:  # noqa: BLE001 - becomes the field's error
                lost[number] = self._located(asked, error, places(number))
        runs = [self._group(asked, each, group, values, places) for each, group in groups.items()]
        for group, column in zip(groups.values(), await _together(runs), strict=True):
            for number, value in zip(group, column.values, strict=True):
                completed[number] = value
            lost |= {group[number]: error for number, error in column.lost.items()}
        return Column(completed, lost)

    async def _group(
        self,
        asked: Field,
        of_type: GraphQLObjectType,
        group: list[int],
        values: Sequence[Any],
        places: Places,
    ) -> Column:
        try:
            level = level_below(self.executor, asked, of_type)
        except Exception as error:  # noqa: BLE001 - becomes the error of each object
            lost = {n: self._located(asked, error, places(at)) for n, at in enumerate(group)}
            return Column([None] * len(group), lost)
        rows = [values[number] for number in group]
        return await self.level(level, rows, lambda number: places(group[number]))

    def _type_of(
        self, asked: Field, of_type: GraphQLOutputType, value: Any, place: Path
    ) -> GraphQLObjectType:
        """The concrete type of a value. All values of its kind have the same."""
        executor = self.executor
        info = executor.build_resolve_info(asked.declared, asked.nodes, asked.parent, place)
        if is_abstract_type(of_type):
            resolve = of_type.resolve_type or executor.type_resolver
            name = resolve(value, info, of_type)
            concrete = executor.ensure_valid_runtime_type(name, of_type, asked.details, info, value)
        else:
            concrete = cast("GraphQLObjectType", of_type)
        if concrete.is_type_of and not concrete.is_type_of(value, info):
            message = f"Expected value of type '{concrete.name}' but got: {inspect(value)}."
            raise GraphQLError(message, asked.nodes)
        return concrete

    def _located(self, asked: Field, error: Exception, place: Path | None) -> GraphQLError:
        return located_error(error, asked.nodes, place.as_list() if place else None)


async def _together(runs: Sequence[Awaitable[Column]]) -> list[Column]:
    """What all of them give. One that fails ends the operation, after all have ended."""
    if len(runs) == 1:
        return [await runs[0]]
    return list(await asyncio.gather(*runs))


def _each(function: Callable[[Any], Any], rows: Sequence[Any]) -> list[Any]:
    """What the function gives for each row, or the exception that it raised for it."""
    with suppress(Exception):
        return list(map(function, rows))
    return [_attempt(function, row) for row in rows]


def _attempt(function: Callable[[Any], Any], row: Any) -> Any:
    try:
        return function(row)
    except Exception as error:  # noqa: BLE001 - becomes the field's error
        return error


def _attribute(row: Any, name: str) -> Any:
    return getattr(row, name)


def _listed(asked: Field, value: Any) -> list[Any] | None:
    """The items of what is to be a list; what gives them may raise."""
    if isinstance(value, Exception):
        raise value
    if value is None or value is Undefined:
        return None
    if not is_iterable(value):
        name = f"{asked.parent}.{asked.node.name.value}"
        raise GraphQLError(f"Expected Iterable, but did not find one for field '{name}'.")
    return list(value)
