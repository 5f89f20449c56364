"""Finds the values of a field for all objects of a level at once.

An exception among the values stands for a value that could not be found.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, cast

from graphql import GraphQLError
from graphql.execution import Executor
from graphql.execution.values import get_argument_values
from graphql.pyutils import Path

from graph.execution.plan.levels import Field, Way
from graph.execution.run.rows import Rows, attempt, each
from graph.fields import Input
from resolvers.context import MAX_RUN_COST, Context, Lookup
from resolvers.loaders.relation import Relation
from resolvers.metering import Exhausted, Meter
from resolvers.paging import Listed
from services.storage.select import Names

Values = Sequence[Any]
Place = Callable[[int], Path]


def meter_of(executor: Executor[Any]) -> Meter:
    """The meter of the executor's operation; a new one if the context is not ours."""
    context = executor.context_value
    return context.meter if isinstance(context, Context) else Meter(MAX_RUN_COST)


class Finder:
    """Finds values for one operation, from the database if necessary; completes nothing."""

    def __init__(self, executor: Executor[Any]) -> None:
        self.executor = executor
        self.context: Context = executor.context_value

    def at_hand(self, planned: Field, rows: Rows) -> Values:
        """Values that need no waiting."""
        match planned.way:
            case Way.TYPE_NAME:
                return [planned.parent.name] * len(rows)
            case Way.ATTRIBUTE:
                return rows.column(cast("str", planned.inputs[0]))
            case _:
                if self._is_denied(planned):
                    return [None] * len(rows)
                function = cast("Callable[..., Any]", planned.function)
                columns = [
                    rows.column(source) if isinstance(source, str) else [self.context] * len(rows)
                    for source in planned.inputs
                ]
                return each(function, *columns)

    async def find(self, planned: Field, rows: Rows, place: Place) -> Values:
        """Values that may need waiting."""
        match planned.way:
            case Way.RELATION:
                relation = cast("Relation", planned.relation)
                keys = rows.column(relation.key)
                return list(map((await self.related(planned, relation, keys)).__getitem__, keys))
            case Way.COMPUTED if planned.waits:
                return await self._computed(planned, rows)
            case Way.PAGED:
                return await self._paged(planned, rows, place)
            case Way.RESOLVER:
                return await self._resolved(planned, rows, place)
            case _:
                return self.at_hand(planned, rows)

    async def related(self, planned: Field, relation: Relation, keys: Values) -> dict[Any, Any]:
        """The relation's result for each key; None without a key or without the permission."""
        if self._is_denied(planned):
            return dict.fromkeys(keys)
        return await self._load(relation, keys, planned.columns)

    def _is_denied(self, planned: Field) -> bool:
        return planned.needs is not None and not self.context.actor.may(planned.needs)

    async def _load(
        self, relation: Relation, keys: Values, columns: Names | None
    ) -> dict[Any, Any]:
        """The relation's result for each key; an exception as a key is its own result."""
        values: dict[Any, Any] = dict.fromkeys(keys)
        wanted = [key for key in values if key is not None and not isinstance(key, Exception)]
        if len(wanted) < len(values):
            values.update((key, key) for key in values if isinstance(key, Exception))
        if wanted:
            try:
                found: Values = await relation.load(
                    self.context.actor, wanted, columns, self.context.meter
                )
            except Exhausted:
                raise
            except Exception as error:  # noqa: BLE001 - the field's error, for each object
                found = [error] * len(wanted)
            values.update(zip(wanted, found, strict=True))
        return values

    async def _computed(self, planned: Field, rows: Rows) -> Values:
        if self._is_denied(planned):
            return [None] * len(rows)
        columns = [await self._input(source, rows) for source in planned.inputs]
        return [attempt(cast("Any", planned.function), *row) for row in zip(*columns, strict=True)]

    async def _input(self, source: Input, rows: Rows) -> Values:
        if isinstance(source, str):
            return rows.column(source)
        if isinstance(source, Relation):
            keys = rows.column(source.key)
            return list(map((await self._load(source, keys, None)).__getitem__, keys))
        return [self.context] * len(rows)

    async def _paged(self, planned: Field, rows: Rows, place: Place) -> Values:
        """Pages of the list below each object; the resolver is called once for all."""
        listed = self._resolver_results(planned, [None], place)[0]
        if isinstance(listed, Exception):
            return [listed] * len(rows)
        return await self._pages(listed, rows.column("id"), planned.columns)

    async def _pages(self, listed: Listed, parents: Values, columns: Names | None) -> Values:
        wanted = [key for key in dict.fromkeys(parents) if not isinstance(key, Exception)]
        try:
            found = dict(zip(wanted, await listed.pages(wanted, columns), strict=True))
        except Exhausted:
            raise
        except Exception as error:  # noqa: BLE001 - the field's error, for each object
            return [error] * len(parents)
        return [key if isinstance(key, Exception) else found[key] for key in parents]

    async def _resolved(self, planned: Field, rows: Rows, place: Place) -> Values:
        """The resolver's result for each object; objects that it only names are read together."""
        values = self._resolver_results(planned, rows.parents(planned.needed), place)
        lookups: dict[Relation, list[int]] = defaultdict(list)
        for number, value in enumerate(values):
            if isinstance(value, Lookup):
                lookups[value.relation].append(number)
            elif isinstance(value, Listed) and value.listing.by is None:
                values[number] = value.page(planned.columns)
        for relation, numbers in lookups.items():
            columns = planned.columns if relation.table is planned.table else None
            found = await self._load(relation, [values[n].key for n in numbers], columns)
            for number in numbers:
                values[number] = found[values[number].key]
        return await self.arrived(values)

    async def arrived(self, values: list[Any]) -> list[Any]:
        """The values with awaitable ones awaited; an exception for each that failed."""
        waits = self.executor.is_awaitable
        if not any(map(waits, dict(zip(map(type, values), values, strict=True)).values())):
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

    def _resolver_results(self, planned: Field, parents: Values, place: Place) -> list[Any]:
        """The resolver's result for each object. Its `info` has the first object's path."""
        executor, details = self.executor, planned.details[0]
        resolve = planned.declared.resolve or executor.field_resolver
        info = executor.build_resolve_info(
            planned.declared, planned.nodes, planned.parent, place(0)
        )
        arguments = planned.arguments
        if arguments is None:
            try:
                arguments = get_argument_values(
                    planned.declared,
                    planned.node,
                    executor.variable_values,
                    details.fragment_variable_values,
                    executor.hide_suggestions,
                )
            except GraphQLError as error:
                return [error] * len(parents)
            if planned.is_constant:
                planned.arguments = arguments
        return [attempt(lambda each: resolve(each, info, **arguments), row) for row in parents]
