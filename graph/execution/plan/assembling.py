"""Objects of the answer, put together by a function that is compiled for what is asked of them.

Most of what a level asks for is at hand: columns of its rows, what a function makes of them, and
small objects of these. For such fields one loop over the rows is written and compiled, once a plan;
it takes the form that a person would give it who knew the query. Where a value is not what its type
writes as it stands, the loop gives up, and the careful way of `breadth.py` finds out why.
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

AS_THEY_ARE: Final[dict[str, type]] = {
    "String": str,
    "ID": str,
    "Boolean": bool,
    "Decimal": str,  # what `models.rules.money` has written
    "Cursor": str,
    "CurrencyCode": str,
}
"""Scalars of which a value of the Python type is written as it is."""

LEAST_INT: Final = -(2**31)
GREATEST_INT: Final = 2**31 - 1


class Odd(Exception):
    """A value that its type does not write, or not without a word about it."""


def writer(of_type: GraphQLLeafType) -> Write:
    """What a value is written as.

    Raises:
        Odd: as nothing, or it is an error. The type raises errors of its own.
    """
    write = of_type.coerce_output_value

    def written(value: Any) -> Any:
        if value is None or value is Undefined or isinstance(value, Exception):
            raise Odd
        answer = write(value)
        if answer is None or answer is Undefined:
            raise Odd
        return answer

    return Known(written).__getitem__ if isinstance(of_type, GraphQLEnumType) else written


class Known(dict[Any, Any]):
    """What values of an enum are written as: there are few of them."""

    def __init__(self, write: Write) -> None:
        self.write = write

    def __missing__(self, value: Any) -> Any:
        answer = self[value] = self.write(value)
        return answer


def assemble_of(level: Level, *, rows: bool) -> Assemble:
    """The function that makes a level's objects of rows, or of objects with attributes."""
    made = level.compiled.get(rows)
    if made is None:
        columns = level.columns if rows else None
        made = level.compiled[rows] = assembly(level.fields, level.nested, columns)
    return made


def assembly(fields: Sequence[Field], nested: Sequence[int], columns: Names | None) -> Assemble:
    """The function for objects of these fields; those at `nested` are given as columns.

    With `columns` the objects are rows of them, else they have attributes.
    """
    code = _Code()
    entries = []
    for number, asked in enumerate(fields):
        value = f"nested{nested.index(number)}" if number in nested else code.value(asked, columns)
        entries.append(f"{asked.name!r}: {value}")
    code.line(f"add({{{', '.join(entries)}}})")
    return code.compiled(len(nested))


@dataclass
class _Code:
    """A loop under way. Names in it are those of GraphQL and of our own columns and attributes."""

    given: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    permissions: dict[Permission, str] = field(default_factory=dict)
    depth: int = 2
    names: int = 0

    def line(self, text: str) -> None:
        self.lines.append(f"{'    ' * self.depth}{text}")

    def name(self, value: str | None = None) -> str:
        """A new name, for what an expression gives."""
        self.names += 1
        name = f"value{self.names}"
        if value is not None:
            self.line(f"{name} = {value}")
        return name

    def constant(self, value: Any) -> str:
        """A name for what is the same whenever the loop runs."""
        name = f"given{len(self.given)}"
        self.given[name] = value
        return name

    def value(self, asked: Field, columns: Names | None, row: str = "row") -> str:
        """An expression for a field's completed value; what it needs first is written before."""
        if not asked.inputs:
            return repr(asked.parent.name)
        read = [
            _read(row, each, columns) if isinstance(each, str) else "context"
            for each in asked.inputs
        ]
        if asked.function is None:
            return self.complete(asked, self.name(read[0]))
        call = f"{self.constant(asked.function)}({', '.join(read)})"
        if asked.needs:
            call = f"{call} if {self.allowed(asked.needs)} else None"
        return self.complete(asked, self.name(call))

    def allowed(self, permission: Permission) -> str:
        """A name for whether who asks has the permission."""
        return self.permissions.setdefault(permission, f"allowed{len(self.permissions)}")

    def complete(self, asked: Field, value: str) -> str:
        """An expression for the value as the answer has it."""
        of_type = get_nullable_type(asked.type)
        required = is_non_null_type(asked.type)
        if is_leaf_type(of_type):
            return self.leaf(of_type, value, required=required)
        level = asked.below[cast("GraphQLObjectType", of_type).name]
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
        entries = (f"{asked.name!r}: {self.value(asked, None, value)}" for asked in fields)
        return f"{{{', '.join(entries)}}}"

    def leaf(self, of_type: GraphQLLeafType, value: str, *, required: bool) -> str:
        write = f"{self.constant(writer(of_type))}({value})"
        conditions = list(_written_as_they_are(of_type, value))
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
        # The text is made of names that the parser lets through, and of our own declarations'.
        made: dict[str, Assemble] = {}
        exec(compile(text, "<assembly>", "exec"), self.given, made)  # noqa: S102 - of names
        return made["assemble"]


def _read(row: str, name: str, columns: Names | None) -> str:
    return f"{row}.{name}" if columns is None else f"{row}[{columns.index(name)}]"


def _written_as_they_are(of_type: GraphQLLeafType, value: str) -> Iterator[str]:
    """Conditions, each of which says of a value that it is written as it is."""
    if of_type.name == "Int":
        yield f"type({value}) is int and {LEAST_INT} <= {value} <= {GREATEST_INT}"
    elif known := AS_THEY_ARE.get(of_type.name):
        yield f"type({value}) is {known.__name__}"
