"""Running a plan level by level: each field once for all objects of its level.

graphql-core runs a field for one object after the other, which costs a coroutine, a task and a
dozen checks for each. Here a field's values are a column, found together and completed together.
What a client gets is the same, by the same rules of the specification: an error nulls the nearest
place that may be null, and says where it came up.
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
    """One operation under way. `errors` are those that left a null behind, with their places."""

    kind: Callable[[Any], Hashable] = type
    """What tells a value's concrete type: with Strawberry, its Python class."""

    def __init__(self, executor: Executor[Any], small: float = SMALL) -> None:
        """It measures no objects of one level that have at most so many bytes together."""
        self.executor = executor
        self.small = small
        self.finder = Finder(executor)
        self.meter = meter_of(executor)
        self.bytes: float = 0
        self.errors: list[tuple[GraphQLError, Path | None]] = []

    async def root(self, level: Level, value: Any, *, serially: bool) -> dict[str, Any]:
        """The answer's data.

        Raises:
            GraphQLError: an error nulled all of it, or it came to more than is allowed.
        """
        parts = level.single if serially else [level]
        answer: dict[str, Any] = {}
        try:
            for part in parts:
                self.meter.tenths -= OBJECT  # what fields stand in at the root is no object
                column = await self.level(part, [value], lambda _: None, in_turn=True)
                self._tell()
                for error in column.lost.values():
                    raise error
                answer.update(column.values[0])
        except Exhausted as error:
            raise GraphQLError(str(error), original_error=error) from None
        self.meter.bytes = self.bytes
        return answer

    def _tell(self) -> None:
        for error, place in self.errors:
            self.executor.collected_errors.add(error, place)
        self.errors.clear()

    async def level(
        self, level: Level, objects: Sequence[Any], places: Places, *, in_turn: bool = False
    ) -> Column:
        """An object of the answer for each one given; one that may not have a null is lost.

        Fields that begin in turn let the loop go on between: at the root each may bring much.
        """
        if not objects:
            return Column([])
        self.meter.charge(len(objects) * level.tenths)
        if not level.fields:
            self.bytes += len(objects) * level.frame
            return Column([{} for _ in objects])
        rows = Rows(level.columns, objects)
        runs = [self.field(level.fields[number], rows, places) for number in level.nested]
        if in_turn:
            runs = [after(turns, run) for turns, run in enumerate(runs)]
        nested = await together(runs)
        try:
            assemble = assemble_of(level, rows=rows.are_tuples)
            values = assemble(self.finder.context, objects, *[column.values for column in nested])
        except Exception:  # noqa: BLE001 - the careful way finds out what it is, and where
            return await self._carefully(level, rows, nested, places)
        self.bytes += level.size_of(values, self.small)
        return Column(values, self._lost(values, nested))

    async def _carefully(
        self, level: Level, rows: Rows, nested: Sequence[Column], places: Places
    ) -> Column:
        """As `level`, field by field, with an error for each value that cannot be completed."""
        known = dict(zip(level.nested, nested, strict=True))
        columns = [
            known[number] if number in known else await self.field(asked, rows, places)
            for number, asked in enumerate(level.fields)
        ]
        names = [asked.name for asked in level.fields]
        found = zip(*[column.values for column in columns], strict=True)
        values: list[Any] = [dict(zip(names, row, strict=True)) for row in found]
        self.bytes += level.size_of(values, self.small)
        return Column(values, self._lost(values, columns))

    def _lost(self, values: list[Any], columns: Sequence[Column]) -> Lost:
        """The objects of which a column has lost a value; from now on they are None."""
        lost: Lost = {}
        for column in columns:
            if column.lost:
                lost = column.lost | lost
        for number in lost:
            values[number] = None
        return lost

    async def field(self, asked: Field, rows: Rows, places: Places) -> Column:
        """A field's values for all rows, found and completed; nulled where they may be."""
        place = places_of(asked, places)
        if asked.way is Way.RELATION and isinstance(asked.relation, ToOne):
            column = await self._shared(asked, asked.relation, rows, place)
        else:
            values = await self.finder.find(asked, rows, place)
            column = await self.complete(asked, asked.type, values, place)
        return self._nulled(asked.type, column, place)

    def _nulled(self, of_type: GraphQLOutputType, column: Column, place: Places) -> Column:
        """The column with a null instead of each error, where the type allows nulls."""
        if not column.lost or (is_non_null_type(of_type) and self.executor.error_propagation):
            return column
        self.errors += [(error, place(number)) for number, error in column.lost.items()]
        return Column(column.values)

    async def _shared(self, asked: Field, relation: ToOne, rows: Rows, place: Places) -> Column:
        """Objects that several parents point to are completed once.

        What went wrong in one is told for each parent, because each has a place of its own.
        """
        keys = rows.column(relation.key)
        found = await self.finder.related(asked, relation, keys)
        if len(found) == len(keys):
            return await self.complete(asked, asked.type, list(found.values()), place)
        first = dict(zip(reversed(keys), range(len(keys) - 1, -1, -1), strict=True))
        leads = [first[key] for key in found]
        apart = Run(self.executor, self.small * len(found) / len(keys))
        column = await apart.complete(
            asked, asked.type, list(found.values()), lambda number: place(leads[number])
        )
        self.bytes += apart.bytes * most_often(keys, len(found), apart.bytes)
        shared = dict(zip(found, column.values, strict=True))
        lost: Lost = {}
        if column.lost or apart.errors:
            numbers = dict(zip(found, range(len(found)), strict=True))
            lost = self._told_to_each([numbers[key] for key in keys], leads, column, apart, place)
        return Column(list(map(shared.__getitem__, keys)), lost)

    def _told_to_each(
        self,
        owned: Sequence[int],
        leads: Sequence[int],
        column: Column,
        apart: "Run",
        place: Places,
    ) -> Lost:
        """The errors of shared objects, told at each parent; those that a parent's object lost.

        `owned` is the object's number for each parent, `leads` the first parent of each object.
        """
        length = len(cast("Path", place(0)).as_list())
        below: dict[tuple[Any, ...], list[GraphQLError]] = {}
        for error, _ in apart.errors:
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
        self, asked: Field, of_type: GraphQLOutputType, values: Sequence[Any], places: Places
    ) -> Column:
        """The values as the answer has them, by the type's rules."""
        nullable = get_nullable_type(of_type)
        if is_list_type(nullable):
            column = await self._lists(asked, nullable.of_type, values, places)
        elif is_leaf_type(nullable):
            column = self._leaves(asked, nullable, values, places)
        else:
            column = await self._objects(asked, cast("GraphQLOutputType", nullable), values, places)
        return column if nullable is of_type else self._without_null(asked, column, places)

    def _without_null(self, asked: Field, column: Column, places: Places) -> Column:
        if None not in column.values:
            return column
        for number, value in enumerate(column.values):
            if value is None and number not in column.lost:
                name = f"{asked.parent}.{asked.node.name.value}"
                error = TypeError(f"Cannot return null for non-nullable field {name}.")
                column.lost[number] = self._located(asked, error, places(number))
        return column

    def _leaves(
        self, asked: Field, of_type: GraphQLLeafType, values: Sequence[Any], places: Places
    ) -> Column:
        write = writer(of_type)
        try:
            return Column([None if value is None else write(value) for value in values])
        except Exception:  # noqa: BLE001 - found out below, for each value
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
        lists: Sequence[Any] = values
        if set(map(type, values)) != {list}:
            lists = [self._listed(asked, value, n, places, lost) for n, value in enumerate(values)]
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
        column = await self.complete(asked, inner, joined, place)
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
        self, asked: Field, value: Any, number: int, places: Places, lost: Lost
    ) -> list[Any] | None:
        """The value as a list; None for none, and for what is no list and thereby lost."""
        try:
            return items(asked, value)
        except Exception as error:  # noqa: BLE001 - becomes the field's error
            lost[number] = self._located(asked, error, places(number))
            return None

    async def _objects(
        self, asked: Field, of_type: GraphQLOutputType, values: Sequence[Any], places: Places
    ) -> Column:
        """Objects are run level by level, those of one concrete type together."""
        level = asked.takes_rows(of_type)
        if level and set(map(type, values)) == {tuple}:
            return await self.level(level, values, places)
        if concrete := self._type_of_all(asked, of_type, values, places):
            return await self._group(asked, concrete, range(len(values)), values, places)
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
                    types[kind] = self._type_of(asked, of_type, value, cast("Path", places(number)))
                groups.setdefault(types[kind], []).append(number)
            except Exception as error:  # noqa: BLE001 - becomes the field's error
                lost[number] = self._located(asked, error, places(number))
        runs = [self._group(asked, each, group, values, places) for each, group in groups.items()]
        for group, column in zip(groups.values(), await together(runs), strict=True):
            for number, value in zip(group, column.values, strict=True):
                completed[number] = value
            lost |= {group[number]: error for number, error in column.lost.items()}
        return Column(completed, lost)

    async def _group(
        self,
        asked: Field,
        of_type: GraphQLObjectType,
        group: Sequence[int],
        values: Sequence[Any],
        places: Places,
    ) -> Column:
        try:
            level = level_below(self.executor, asked, of_type)
        except Exception as error:  # noqa: BLE001 - becomes the error of each object
            lost = {n: self._located(asked, error, places(at)) for n, at in enumerate(group)}
            return Column([None] * len(group), lost)
        if len(group) == len(values):
            return await self.level(level, values, places)
        rows = [values[number] for number in group]
        return await self.level(level, rows, lambda number: places(group[number]))

    def _type_of_all(
        self, asked: Field, of_type: GraphQLOutputType, values: Sequence[Any], places: Places
    ) -> GraphQLObjectType | None:
        """The concrete type where all values are of one kind, as most are, and none is missing."""
        if len(set(map(self.kind, values))) != 1 or values[0] is None or values[0] is Undefined:
            return None
        try:
            return self._type_of(asked, of_type, values[0], cast("Path", places(0)))
        except Exception:  # noqa: BLE001 - told for each of them
            return None

    def _type_of(
        self, asked: Field, of_type: GraphQLOutputType, value: Any, place: Path
    ) -> GraphQLObjectType:
        """The concrete type of a value. All values of its kind have the same."""
        executor = self.executor
        if isinstance(value, Exception):
            raise value
        if type(value) is tuple and asked.takes_rows(of_type):
            return cast("GraphQLObjectType", of_type)
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
