"""Runs a plan level by level: each field once for all objects of its level.

graphql-core runs a field object by object, which costs a coroutine, a task and a dozen checks for
each. Here a field's values are a column, found together and completed together. The answer is the
same, by the same rules of the specification: an error nulls the nearest nullable place, and names
its path.
"""

from bisect import bisect_right
from collections.abc import Callable, Hashable, Sequence
from itertools import accumulate, chain, islice
from typing import Any, cast

from graphql import (
    GraphQLError,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    Undefined,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.error import located_error
from graphql.execution import Executor
from graphql.pyutils import Path, inspect

from graph.execution.plan.assembling import assemble_of, writer
from graph.execution.plan.levels import Field, Level, Way
from graph.execution.plan.planning import level_below
from graph.execution.run.columns import (
    Column,
    Lost,
    Places,
    after,
    items,
    most_often,
    moved,
    places_of,
    together,
)
from graph.execution.run.finding import Finder, meter_of
from graph.execution.run.rows import Rows
from graph.execution.sizing import NULL, SMALL, size_of_column
from resolvers.loaders.relation import ToOne
from resolvers.metering import OBJECT, SCALAR, Exhausted


class Run:
    """A running operation. `errors` are those that were replaced by a null, with their places."""

    kind: Callable[[Any], Hashable] = type
    """Maps a value to a key of its concrete type: with Strawberry, its Python class."""

    def __init__(self, executor: Executor[Any], small: float = SMALL) -> None:
        """Objects of a level that take at most `small` bytes together are not measured."""
        self.executor = executor
        self.small = small
        self.finder = Finder(executor)
        self.meter = meter_of(executor)
        self.bytes: float = 0
        self.errors: list[tuple[GraphQLError, Path | None]] = []

    async def root(self, level: Level, value: Any, *, serially: bool) -> dict[str, Any]:
        """The answer's data.

        Raises:
            GraphQLError: an error nulled all data, or the operation exceeded its cost.
        """
        parts = level.single if serially else [level]
        answer: dict[str, Any] = {}
        try:
            for part in parts:
                self.meter.tenths -= OBJECT  # the root itself costs nothing
                column = await self.level(part, [value], lambda _: None, staggered=True)
                self._collect_errors()
                for error in column.lost.values():
                    raise error
                answer.update(column.values[0])
        except Exhausted as error:
            raise GraphQLError(str(error), original_error=error) from None
        self.meter.bytes = self.bytes
        return answer

    def _collect_errors(self) -> None:
        for error, place in self.errors:
            self.executor.collected_errors.add(error, place)
        self.errors.clear()

    async def level(
        self, level: Level, objects: Sequence[Any], places: Places, *, staggered: bool = False
    ) -> Column:
        """An object of the answer for each given one; an invalid one is lost.

        `staggered` starts each field in a later iteration of the event loop, so that others run in
        between: at the root each field may be large.
        """
        if not objects:
            return Column([])
        self.meter.charge(len(objects) * level.tenths)
        if not level.fields:
            self.bytes += len(objects) * level.frame
            return Column([{} for _ in objects])
        rows = Rows(level.columns, objects)
        runs = [self.field(level.fields[number], rows, places) for number in level.nested]
        if staggered:
            runs = [after(iterations, run) for iterations, run in enumerate(runs)]
        nested = await together(runs)
        try:
            assemble = assemble_of(level, rows=rows.are_tuples)
            values = assemble(self.finder.context, objects, *[column.values for column in nested])
        except Exception:  # noqa: BLE001 - the slow way finds the error and its place
            return await self._field_by_field(level, rows, nested, places)
        self.bytes += level.size_of(values, self.small)
        return Column(values, self._lost(values, nested))

    async def _field_by_field(
        self, level: Level, rows: Rows, nested: Sequence[Column], places: Places
    ) -> Column:
        """As `level`, but field by field, with an error for each invalid value."""
        known = dict(zip(level.nested, nested, strict=True))
        columns = [
            known[number] if number in known else await self.field(planned, rows, places)
            for number, planned in enumerate(level.fields)
        ]
        names = [planned.name for planned in level.fields]
        found = zip(*[column.values for column in columns], strict=True)
        values: list[Any] = [dict(zip(names, row, strict=True)) for row in found]
        self.bytes += level.size_of(values, self.small)
        return Column(values, self._lost(values, columns))

    def _lost(self, values: list[Any], columns: Sequence[Column]) -> Lost:
        """The objects that lost a value of a column; they become None."""
        lost: Lost = {}
        for column in columns:
            if column.lost:
                lost = column.lost | lost
        for number in lost:
            values[number] = None
        return lost

    async def field(self, planned: Field, rows: Rows, places: Places) -> Column:
        """A field's values for all rows, found and completed; errors nulled if possible."""
        place = places_of(planned, places)
        if planned.way is Way.RELATION and isinstance(planned.relation, ToOne):
            column = await self._shared(planned, planned.relation, rows, place)
        else:
            values = await self.finder.find(planned, rows, place)
            column = await self.complete(planned, planned.type, values, place)
        return self._nulled(planned.type, column, place)

    def _nulled(self, of_type: GraphQLOutputType, column: Column, place: Places) -> Column:
        """The column with a null for each error, if the type allows nulls."""
        if not column.lost or (is_non_null_type(of_type) and self.executor.error_propagation):
            return column
        self.errors += [(error, place(number)) for number, error in column.lost.items()]
        return Column(column.values)

    async def _shared(self, planned: Field, relation: ToOne, rows: Rows, place: Places) -> Column:
        """Completes an object that several parents share once.

        Its errors are repeated for each parent, because each parent has its own path.
        """
        keys = rows.column(relation.key)
        found = await self.finder.related(planned, relation, keys)
        if len(found) == len(keys):
            return await self.complete(planned, planned.type, list(found.values()), place)
        first = dict(zip(reversed(keys), range(len(keys) - 1, -1, -1), strict=True))
        leads = [first[key] for key in found]
        shared_run = Run(self.executor, self.small * len(found) / len(keys))
        column = await shared_run.complete(
            planned, planned.type, list(found.values()), lambda number: place(leads[number])
        )
        self.bytes += shared_run.bytes * most_often(keys, len(found), shared_run.bytes)
        shared = dict(zip(found, column.values, strict=True))
        lost: Lost = {}
        if column.lost or shared_run.errors:
            numbers = dict(zip(found, range(len(found)), strict=True))
            lost = self._errors_of_each(
                [numbers[key] for key in keys], leads, column, shared_run, place
            )
        return Column(list(map(shared.__getitem__, keys)), lost)

    def _errors_of_each(
        self,
        owned: Sequence[int],
        leads: Sequence[int],
        column: Column,
        shared_run: "Run",
        place: Places,
    ) -> Lost:
        """Adds the errors of shared objects for each parent; returns the lost values.

        `owned` is the object's number for each parent, `leads` the first parent of each object.
        """
        length = len(cast("Path", place(0)).as_list())
        below: dict[tuple[Any, ...], list[GraphQLError]] = {}
        for error, _ in shared_run.errors:
            below.setdefault(tuple(error.path or ())[:length], []).append(error)
        lost: Lost = {}
        for parent, number in enumerate(owned):
            own = cast("Path", place(parent))
            if number in column.lost:
                lost[parent] = moved(column.lost[number], length, own)[0]
            lead = tuple(cast("Path", place(leads[number])).as_list())
            self.errors += [moved(error, length, own) for error in below.get(lead, ())]
        return lost

    async def complete(
        self, planned: Field, of_type: GraphQLOutputType, values: Sequence[Any], places: Places
    ) -> Column:
        """The values as they stand in the answer, by the rules of the type."""
        nullable = get_nullable_type(of_type)
        if is_list_type(nullable):
            column = await self._lists(planned, nullable.of_type, values, places)
        elif is_leaf_type(nullable):
            column = self._leaves(planned, nullable, values, places)
        else:
            column = await self._objects(
                planned, cast("GraphQLOutputType", nullable), values, places
            )
        return column if nullable is of_type else self._without_null(planned, column, places)

    def _without_null(self, planned: Field, column: Column, places: Places) -> Column:
        if None not in column.values:
            return column
        for number, value in enumerate(column.values):
            if value is None and number not in column.lost:
                name = f"{planned.parent}.{planned.node.name.value}"
                error = TypeError(f"Cannot return null for non-nullable field {name}.")
                column.lost[number] = self._located(planned, error, places(number))
        return column

    def _leaves(
        self, planned: Field, of_type: GraphQLLeafType, values: Sequence[Any], places: Places
    ) -> Column:
        write = writer(of_type)
        try:
            return Column([None if value is None else write(value) for value in values])
        except Exception:  # noqa: BLE001 - each value's error is found below
            column = Column(completed := [None] * len(values))
        for number, value in enumerate(values):
            if value is None or value is Undefined:
                continue
            try:
                if isinstance(value, Exception):
                    raise value
                completed[number] = self.executor.complete_leaf_value(of_type, value)
            except Exception as error:  # noqa: BLE001 - becomes the field's error
                column.lost[number] = self._located(planned, error, places(number))
        return column

    async def _lists(
        self, planned: Field, inner: GraphQLOutputType, values: Sequence[Any], places: Places
    ) -> Column:
        """Completes lists as one long list, and cuts it again."""
        lost: Lost = {}
        lists: Sequence[Any] = values
        if set(map(type, values)) != {list}:
            lists = [
                self._listed(planned, value, n, places, lost) for n, value in enumerate(values)
            ]
        ends = list(accumulate(len(kept or ()) for kept in lists))

        def owner(number: int) -> int:
            return bisect_right(ends, number)

        def place(number: int) -> Path:
            of = owner(number)
            return Path(places(of), number - ends[of] + len(lists[of]), None)

        joined = list(chain.from_iterable(kept for kept in lists if kept))
        joined = await self.finder.arrived(joined)
        is_leaves = is_leaf_type(get_nullable_type(inner))
        self.bytes += len(joined) * NULL
        self.meter.charge(len(joined) * SCALAR if is_leaves else 0)
        column = await self.complete(planned, inner, joined, place)
        if is_leaves:
            self.bytes += size_of_column(column.values)
        column = self._nulled(inner, column, place)
        for number, error in column.lost.items():
            lost.setdefault(owner(number), error)
        remaining = iter(column.values)
        cut: list[Any] = [
            None if kept is None else list(islice(remaining, len(kept))) for kept in lists
        ]
        for number in lost:
            cut[number] = None
        return Column(cut, lost)

    def _listed(
        self, planned: Field, value: Any, number: int, places: Places, lost: Lost
    ) -> list[Any] | None:
        """The value as a list; None for null, and for a lost value that is no list."""
        try:
            return items(planned, value)
        except Exception as error:  # noqa: BLE001 - becomes the field's error
            lost[number] = self._located(planned, error, places(number))
            return None

    async def _objects(
        self, planned: Field, of_type: GraphQLOutputType, values: Sequence[Any], places: Places
    ) -> Column:
        """Runs objects level by level, those of one concrete type together."""
        level = planned.takes_rows(of_type)
        if level and set(map(type, values)) == {tuple}:
            return await self.level(level, values, places)
        if concrete := self._type_of_all(planned, of_type, values, places):
            return await self._group(planned, concrete, range(len(values)), values, places)
        lost: Lost = {}
        completed: list[Any] = [None] * len(values)
        groups: dict[GraphQLObjectType, list[int]] = {}
        types: dict[Hashable, GraphQLObjectType] = {}
        for number, value in enumerate(values):
            if value is None or value is Undefined:
                continue
            try:
                kind = self.kind(value)
                if kind not in types:
                    types[kind] = self._type_of(
                        planned, of_type, value, cast("Path", places(number))
                    )
                groups.setdefault(types[kind], []).append(number)
            except Exception as error:  # noqa: BLE001 - becomes the field's error
                lost[number] = self._located(planned, error, places(number))
        runs = [self._group(planned, each, group, values, places) for each, group in groups.items()]
        for group, column in zip(groups.values(), await together(runs), strict=True):
            for number, value in zip(group, column.values, strict=True):
                completed[number] = value
            lost |= {group[number]: error for number, error in column.lost.items()}
        return Column(completed, lost)

    async def _group(
        self,
        planned: Field,
        of_type: GraphQLObjectType,
        group: Sequence[int],
        values: Sequence[Any],
        places: Places,
    ) -> Column:
        try:
            level = level_below(self.executor, planned, of_type)
        except Exception as error:  # noqa: BLE001 - becomes the error of each object
            lost = {n: self._located(planned, error, places(at)) for n, at in enumerate(group)}
            return Column([None] * len(group), lost)
        if len(group) == len(values):
            return await self.level(level, values, places)
        rows = [values[number] for number in group]
        return await self.level(level, rows, lambda number: places(group[number]))

    def _type_of_all(
        self, planned: Field, of_type: GraphQLOutputType, values: Sequence[Any], places: Places
    ) -> GraphQLObjectType | None:
        """The concrete type if all values are of one kind, as most are, and none is null."""
        if len(set(map(self.kind, values))) != 1 or values[0] is None or values[0] is Undefined:
            return None
        try:
            return self._type_of(planned, of_type, values[0], cast("Path", places(0)))
        except Exception:  # noqa: BLE001 - becomes the error of each value
            return None

    def _type_of(
        self, planned: Field, of_type: GraphQLOutputType, value: Any, place: Path
    ) -> GraphQLObjectType:
        """The concrete type of a value. All values of its kind have the same one."""
        executor = self.executor
        if isinstance(value, Exception):
            raise value
        if type(value) is tuple and planned.takes_rows(of_type):
            return cast("GraphQLObjectType", of_type)
        info = executor.build_resolve_info(planned.declared, planned.nodes, planned.parent, place)
        if is_abstract_type(of_type):
            resolve = of_type.resolve_type or executor.type_resolver
            name = resolve(value, info, of_type)
            concrete = executor.ensure_valid_runtime_type(
                name, of_type, planned.details, info, value
            )
        else:
            concrete = cast("GraphQLObjectType", of_type)
        if concrete.is_type_of and not concrete.is_type_of(value, info):
            message = f"Expected value of type '{concrete.name}' but got: {inspect(value)}."
            raise GraphQLError(message, planned.nodes)
        return concrete

    def _located(self, planned: Field, error: Exception, place: Path | None) -> GraphQLError:
        return located_error(error, planned.nodes, place.as_list() if place else None)
