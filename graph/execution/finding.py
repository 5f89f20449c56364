"""How the values of a field are found, for all objects of a level at once.

What could not be found for an object stands among the values as an exception.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any, cast

from graphql import GraphQLError
from graphql.execution import Executor
from graphql.execution.values import get_argument_values
from graphql.pyutils import Path

from graph.execution.planning import Field, Way
from graph.execution.rows import Rows, attempt, each
from graph.fields import Input
from resolvers.context import Context, Lookup
from resolvers.loaders.relation import Relation
from resolvers.loaders.select import Names
from resolvers.paging import Listed

Values = Sequence[Any]
Place = Callable[[int], Path]


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
                return rows.column(asked.attribute)
            case _:
                if self._is_denied(asked):
                    return [None] * len(rows)
                function = cast("Callable[..., Any]", asked.function)
                columns = [
                    rows.column(source) if isinstance(source, str) else repeat(self.context)
                    for source in asked.inputs
                ]
                return each(function, *columns) if columns else [function() for _ in rows.objects]

    async def find(self, asked: Field, rows: Rows, place: Place) -> Values:
        """Values that may have to be waited for."""
        match asked.way:
            case Way.RELATION:
                relation = cast("Relation", asked.relation)
                return await self.related(asked, relation, rows.column(relation.key))
            case Way.COMPUTED if asked.waits:
                return await self._computed(asked, rows)
            case Way.PAGED:
                return await self._paged(asked, rows, place)
            case Way.RESOLVER:
                return await self._resolved(asked, rows, place)
            case _:
                return self.at_hand(asked, rows)

    async def related(self, asked: Field, relation: Relation, keys: Values) -> Values:
        """What a relation finds for each key; None without a key or without the permission."""
        if self._is_denied(asked):
            return [None] * len(keys)
        return await self._load(relation, keys, asked.columns)

    def _is_denied(self, asked: Field) -> bool:
        return asked.needs is not None and not self.context.actor.may(asked.needs)

    async def _load(self, relation: Relation, keys: Values, columns: Names | None) -> Values:
        wanted = [
            key for key in dict.fromkeys(keys) if key is not None and not isinstance(key, Exception)
        ]
        if not wanted:
            return [key if isinstance(key, Exception) else None for key in keys]
        try:
            found = await relation.load(self.context.actor, wanted, columns)
        except Exception as error:  # noqa: BLE001 - the field's error, told for each object
            return [error if key is not None else None for key in keys]
        values: dict[Any, Any] = dict(zip(wanted, found, strict=True))
        return [key if isinstance(key, Exception) else values.get(key) for key in keys]

    async def _computed(self, asked: Field, rows: Rows) -> Values:
        if self._is_denied(asked):
            return [None] * len(rows)
        columns = await asyncio.gather(*(self._input(source, rows) for source in asked.inputs))
        return [attempt(cast("Any", asked.function), *row) for row in zip(*columns, strict=True)]

    async def _input(self, source: Input, rows: Rows) -> Values:
        if isinstance(source, str):
            return rows.column(source)
        if isinstance(source, Relation):
            return await self._load(source, rows.column(source.key), None)
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
        except Exception as error:  # noqa: BLE001 - the field's error, told for each object
            return [error] * len(parents)
        return [key if isinstance(key, Exception) else found[key] for key in parents]

    async def _resolved(self, asked: Field, rows: Rows, place: Place) -> Values:
        """What the resolver gives for each object; what it leaves to be read is read at once."""
        values = self._asked(asked, rows.parents(asked.needed), place)
        lookups: dict[Relation, list[int]] = defaultdict(list)
        waiting: list[int] = []
        for number, value in enumerate(values):
            if isinstance(value, Lookup):
                lookups[value.relation].append(number)
            elif self.executor.is_awaitable(value):
                waiting.append(number)
        for relation, numbers in lookups.items():
            columns = asked.columns if relation.table is asked.table else None
            keys = [values[number].key for number in numbers]
            found = await self._load(relation, keys, columns)
            for number, value in zip(numbers, found, strict=True):
                values[number] = value
        arrived = await asyncio.gather(
            *(self._arrived(values[number], asked.columns) for number in waiting),
            return_exceptions=True,
        )
        for number, value in zip(waiting, arrived, strict=True):
            if isinstance(value, BaseException) and not isinstance(value, Exception):
                raise value
            values[number] = value
        return values

    async def _arrived(self, value: Any, columns: Names | None) -> Any:
        return await (value.page(columns) if isinstance(value, Listed) else value)

    def _asked(self, asked: Field, parents: Values, place: Place) -> list[Any]:
        """What the resolver returns for each object. It is told the place of the first only."""
        executor, details = self.executor, asked.details[0]
        resolve = asked.declared.resolve or executor.field_resolver
        info = executor.build_resolve_info(asked.declared, asked.nodes, asked.parent, place(0))
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
        return [attempt(lambda each: resolve(each, info, **arguments), row) for row in parents]
