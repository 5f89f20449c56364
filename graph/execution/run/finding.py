"""How the values of a field are found, for all objects of a level at once.

What could not be found for an object stands among the values as an exception.
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
    """What counts for the executor's operation; a new one where its context is not ours."""
    context = executor.context_value
    return context.meter if isinstance(context, Context) else Meter(MAX_RUN_COST)


class Finder:
    """Finds values for one operation. It asks the database, and completes nothing."""

    def __init__(self, executor: Executor[Any]) -> None:
        self.executor = executor
        self.context: Context = executor.context_value

    def at_hand(self, asked: Field, rows: Rows) -> Values:
        """Values that need no waiting."""
        match asked.way:
            case Way.TYPE_NAME:
                return [asked.parent.name] * len(rows)
            case Way.ATTRIBUTE:
                return rows.column(cast("str", asked.inputs[0]))
            case _:
                if self._is_denied(asked):
                    return [None] * len(rows)
                function = cast("Callable[..., Any]", asked.function)
                columns = [
                    rows.column(source) if isinstance(source, str) else [self.context] * len(rows)
                    for source in asked.inputs
                ]
                return each(function, *columns)

    async def find(self, asked: Field, rows: Rows, place: Place) -> Values:
        """Values that may have to be waited for."""
        match asked.way:
            case Way.RELATION:
                relation = cast("Relation", asked.relation)
                keys = rows.column(relation.key)
                return list(map((await self.related(asked, relation, keys)).__getitem__, keys))
            case Way.COMPUTED if asked.waits:
                return await self._computed(asked, rows)
            case Way.PAGED:
                return await self._paged(asked, rows, place)
            case Way.RESOLVER:
                return await self._resolved(asked, rows, place)
            case _:
                return self.at_hand(asked, rows)

    async def related(self, asked: Field, relation: Relation, keys: Values) -> dict[Any, Any]:
        """What a relation finds for each key; None without a key or without the permission."""
        if self._is_denied(asked):
            return dict.fromkeys(keys)
        return await self._load(relation, keys, asked.columns)

    def _is_denied(self, asked: Field) -> bool:
        return asked.needs is not None and not self.context.actor.may(asked.needs)

    async def _load(
        self, relation: Relation, keys: Values, columns: Names | None
    ) -> dict[Any, Any]:
        """What the relation finds for each key. A key that could not be found stands for itself."""
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
            except Exception as error:  # noqa: BLE001 - the field's error, told for each object
                found = [error] * len(wanted)
            values.update(zip(wanted, found, strict=True))
        return values

    async def _computed(self, asked: Field, rows: Rows) -> Values:
        if self._is_denied(asked):
            return [None] * len(rows)
        columns = [await self._input(source, rows) for source in asked.inputs]
        return [attempt(cast("Any", asked.function), *row) for row in zip(*columns, strict=True)]

    async def _input(self, source: Input, rows: Rows) -> Values:
        if isinstance(source, str):
            return rows.column(source)
        if isinstance(source, Relation):
            keys = rows.column(source.key)
            return list(map((await self._load(source, keys, None)).__getitem__, keys))
        return [self.context] * len(rows)

    async def _paged(self, asked: Field, rows: Rows, place: Place) -> Values:
        """Pages of the same list below each object: which list is asked once for all of them."""
        listed = self._asked(asked, [None], place)[0]
        if isinstance(listed, Exception):
            return [listed] * len(rows)
        return await self._pages(listed, rows.column("id"), asked.columns)

    async def _pages(self, listed: Listed, parents: Values, columns: Names | None) -> Values:
        wanted = [key for key in dict.fromkeys(parents) if not isinstance(key, Exception)]
        try:
            found = dict(zip(wanted, await listed.pages(wanted, columns), strict=True))
        except Exhausted:
            raise
        except Exception as error:  # noqa: BLE001 - the field's error, told for each object
            return [error] * len(parents)
        return [key if isinstance(key, Exception) else found[key] for key in parents]

    async def _resolved(self, asked: Field, rows: Rows, place: Place) -> Values:
        """What the resolver gives for each object; what it leaves to be read is read at once."""
        values = self._asked(asked, rows.parents(asked.needed), place)
        lookups: dict[Relation, list[int]] = defaultdict(list)
        for number, value in enumerate(values):
            if isinstance(value, Lookup):
                lookups[value.relation].append(number)
            elif isinstance(value, Listed) and value.listing.by is None:
                values[number] = value.page(asked.columns)
        for relation, numbers in lookups.items():
            columns = asked.columns if relation.table is asked.table else None
            found = await self._load(relation, [values[n].key for n in numbers], columns)
            for number in numbers:
                values[number] = found[values[number].key]
        return await self.arrived(values)

    async def arrived(self, values: list[Any]) -> list[Any]:
        """The values, those that wait when they are there; an exception for each that failed."""
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

    def _asked(self, asked: Field, parents: Values, place: Place) -> list[Any]:
        """What the resolver returns for each object. It is told the place of the first only."""
        executor, details = self.executor, asked.details[0]
        resolve = asked.declared.resolve or executor.field_resolver
        info = executor.build_resolve_info(asked.declared, asked.nodes, asked.parent, place(0))
        arguments = asked.arguments
        if arguments is None:
            try:
                arguments = get_argument_values(
                    asked.declared,
                    asked.node,
                    executor.variable_values,
                    details.fragment_variable_values,
                    executor.hide_suggestions,
                )
            except GraphQLError as error:
                return [error] * len(parents)
            if asked.is_constant:
                asked.arguments = arguments
        return [attempt(lambda each: resolve(each, info, **arguments), row) for row in parents]
