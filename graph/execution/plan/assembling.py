"""Makes objects of the answer by a function that is compiled for the selected fields.

Most fields of a level are at hand: columns of its rows, functions of them, and small objects of
these. For such fields one loop over the rows is written and compiled, once for each plan; it looks
as a person would write it for this query. If a value is not valid for its type as it is, the loop
stops, and the slow way of `breadth.py` finds the error.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from graphql import (
    GraphQLEnumType,
    GraphQLLeafType,
    GraphQLObjectType,
    Undefined,
    get_nullable_type,
    is_leaf_type,
    is_non_null_type,
)

from graph.execution.plan.levels import Assemble, Field, Level
from models.rules.access import Permission
from services.storage.select import Names

Write = Callable[[Any], Any]

WRITTEN_UNCHANGED: Final[dict[str, type]] = {
    "String": str,
    "ID": str,
    "Boolean": bool,
    "Decimal": str,  # written by `models.rules.money`
    "Cursor": str,
    "CurrencyCode": str,
}
"""Scalars whose values of this Python type are written unchanged."""

LEAST_INT: Final = -(2**31)
GREATEST_INT: Final = 2**31 - 1


class InvalidValue(Exception):
    """A value that its type cannot write."""


def writer(of_type: GraphQLLeafType) -> Write:
    """The function that writes a value of the type.

    Raises:
        Odd: by the function: the value is null or an error. The type raises errors of its own.
    """
    write = of_type.coerce_output_value

    def written(value: Any) -> Any:
        if value is None or value is Undefined or isinstance(value, Exception):
            raise InvalidValue
        answer = write(value)
        if answer is None or answer is Undefined:
            raise InvalidValue
        return answer

    return Known(written).__getitem__ if isinstance(of_type, GraphQLEnumType) else written


class Known(dict[Any, Any]):
    """The written values of an enum, cached: there are few."""

    def __init__(self, write: Write) -> None:
        self.write = write

    def __missing__(self, value: Any) -> Any:
        answer = self[value] = self.write(value)
        return answer


def assemble_of(level: Level, *, rows: bool) -> Assemble:
    """The function that makes a level's objects from rows, or from objects with attributes."""
    made = level.compiled.get(rows)
    if made is None:
        columns = level.columns if rows else None
        made = level.compiled[rows] = assembly(level.fields, level.nested, columns)
    return made


def assembly(fields: Sequence[Field], nested: Sequence[int], columns: Names | None) -> Assemble:
    """The function that makes objects of these fields; those at `nested` come as columns.

    With `columns` its input is rows with these columns, otherwise objects with attributes.
    """
    code = _Code()
    entries = []
    for number, planned in enumerate(fields):
        value = (
            f"nested{nested.index(number)}" if number in nested else code.value(planned, columns)
        )
        entries.append(f"{planned.name!r}: {value}")
    code.line(f"add({{{', '.join(entries)}}})")
    return code.compiled(len(nested))


@dataclass
class _Code:
    """A loop in the making. Its names are those of GraphQL and of our own columns."""

    given: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    permissions: dict[Permission, str] = field(default_factory=dict)
    depth: int = 2
    names: int = 0

    def line(self, text: str) -> None:
        self.lines.append(f"{'    ' * self.depth}{text}")

    def name(self, value: str | None = None) -> str:
        """A new name, assigned the expression if there is one."""
        self.names += 1
        name = f"value{self.names}"
        if value is not None:
            self.line(f"{name} = {value}")
        return name

    def constant(self, value: Any) -> str:
        """A name for a value that is the same in each run of the loop."""
        name = f"given{len(self.given)}"
        self.given[name] = value
        return name

    def value(self, planned: Field, columns: Names | None, row: str = "row") -> str:
        """An expression for a field's completed value; adds the lines that it needs before."""
        if not planned.inputs:
            return repr(planned.parent.name)
        read = [
            _read(row, each, columns) if isinstance(each, str) else "context"
            for each in planned.inputs
        ]
        if planned.function is None:
            return self.complete(planned, self.name(read[0]))
        call = f"{self.constant(planned.function)}({', '.join(read)})"
        if planned.needs:
            call = f"{call} if {self.allowed(planned.needs)} else None"
        return self.complete(planned, self.name(call))

    def allowed(self, permission: Permission) -> str:
        """A name for whether the actor has the permission."""
        return self.permissions.setdefault(permission, f"allowed{len(self.permissions)}")

    def complete(self, planned: Field, value: str) -> str:
        """An expression for the value as it stands in the answer."""
        of_type = get_nullable_type(planned.type)
        required = is_non_null_type(planned.type)
        if is_leaf_type(of_type):
            return self.leaf(of_type, value, required=required)
        level = planned.below[cast("GraphQLObjectType", of_type).name]
        if required:
            return self.object(level.fields, value)
        made = self.name()
        self.line(f"{made} = None")
        self.line(f"if {value} is not None:")
        self.depth += 1
        self.line(f"{made} = {self.object(level.fields, value)}")
        self.depth -= 1
        return made

    def object(self, fields: Iterable[Field], value: str) -> str:
        entries = (f"{planned.name!r}: {self.value(planned, None, value)}" for planned in fields)
        return f"{{{', '.join(entries)}}}"

    def leaf(self, of_type: GraphQLLeafType, value: str, *, required: bool) -> str:
        write = f"{self.constant(writer(of_type))}({value})"
        conditions = list(_unchanged_conditions(of_type, value))
        if not required:
            conditions.insert(0, f"{value} is None")
        return f"{value} if {' or '.join(conditions)} else {write}" if conditions else write

    def compiled(self, nested: int) -> Assemble:
        names = [f"nested{number}" for number in range(nested)]
        columns = [f"columns{number}" for number in range(nested)]
        rows = "row in rows"
        if nested:
            rows = f"row, {', '.join(names)} in zip(rows, {', '.join(columns)}, strict=True)"
        checks = [
            f"    {name} = context.actor.may({self.constant(permission)})"
            for permission, name in self.permissions.items()
        ]
        text = "\n".join(
            [
                f"def assemble({', '.join(['context', 'rows', *columns])}):",
                *checks,
                "    made = []",
                "    add = made.append",
                f"    for {rows}:",
                *self.lines,
                "    return made",
            ]
        )
        # The text consists of names that the parser accepted and of names of our declarations.
        made: dict[str, Assemble] = {}
        exec(compile(text, "<assembly>", "exec"), self.given, made)  # noqa: S102 - of names
        return made["assemble"]


def _read(row: str, name: str, columns: Names | None) -> str:
    return f"{row}.{name}" if columns is None else f"{row}[{columns.index(name)}]"


def _unchanged_conditions(of_type: GraphQLLeafType, value: str) -> Iterator[str]:
    """Conditions under which a value is written unchanged."""
    if of_type.name == "Int":
        yield f"type({value}) is int and {LEAST_INT} <= {value} <= {GREATEST_INT}"
    elif known := WRITTEN_UNCHANGED.get(of_type.name):
        yield f"type({value}) is {known.__name__}"
