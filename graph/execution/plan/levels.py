"""Levels and fields: the parts of a plan."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, cast

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    get_nullable_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetails
from tortoise.models import Model

from graph.execution.documents.conditions import has_variables
from graph.execution.sizing import NULL, size_of_column, width
from graph.fields import (
    Input,
)
from graph.types.node import table_of
from models.rules.access import Permission
from resolvers.loaders.relation import Relation
from resolvers.metering import OBJECT, SCALAR
from services.storage.select import Names

Assemble = Callable[..., list[Any]]
"""Makes the objects of (context, objects of the level, and a column for each nested field)."""


def is_inline(asked: "Field") -> bool:
    """Whether a compiled loop can make the field's values: they are at hand and of one type."""
    if asked.reads:
        return False
    of_type = get_nullable_type(asked.type)
    if is_leaf_type(of_type):
        return True
    if not isinstance(of_type, GraphQLObjectType) or of_type.is_type_of:
        return False
    level = asked.below.get(of_type.name)
    if level is None or level.nested:
        return False
    # What is no object of that type has to be noticed by what is asked of it.
    return any(isinstance(source, str) for each in level.fields for source in each.inputs)


class Way(Enum):
    """How a field's values are found."""

    TYPE_NAME = auto()
    """It is the type's name."""
    ATTRIBUTE = auto()
    """Each object has it."""
    COMPUTED = auto()
    """A function makes it of columns and of what relations find."""
    RELATION = auto()
    """One call of a relation finds it for all objects."""
    PAGED = auto()
    """One call reads the pages of a list below all objects."""
    RESOLVER = auto()
    """A resolver is asked for each object; those that wait, wait together."""


@dataclass(slots=True)
class Field:
    """One field of a level, under the name that it has in the answer.

    `inputs` are what a function is given, or the one attribute that it is; `needed` are the columns
    of its object that finding it takes.
    `waits` tells whether finding its own values may wait for the database, `reads` whether anything
    at it or below it may. `arguments` are known once it was asked, where no variable is among them.
    `columns` is what has to be read of the rows of `table` that it gives;
    None: it takes instances.
    """

    name: str
    details: list[FieldDetails]
    declared: GraphQLField
    parent: GraphQLObjectType
    way: Way = Way.RESOLVER
    relation: Relation | None = None
    function: Callable[..., Any] | None = None
    inputs: Sequence[Input] = ()
    needs: Permission | None = None
    needed: Names | None = None
    table: type[Model] | None = None
    columns: Names | None = None
    waits: bool = True
    reads: bool = True
    arguments: dict[str, Any] | None = None
    below: dict[str, "Level"] = field(default_factory=dict)

    @property
    def node(self) -> FieldNode:
        return self.details[0].node

    @property
    def nodes(self) -> list[FieldNode]:
        return [details.node for details in self.details]

    @property
    def is_constant(self) -> bool:
        """Whether its arguments are the same for every operation of the document."""
        return not any(has_variables(each.value) for each in self.node.arguments or ())

    def takes_rows(self, of_type: GraphQLOutputType) -> "Level | None":
        """The level below for a type whose objects may come as rows; None where they may not."""
        level = self.below.get(of_type.name) if isinstance(of_type, GraphQLObjectType) else None
        return level if level and level.columns is not None else None

    @property
    def type(self) -> GraphQLOutputType:
        return self.declared.type

    @property
    def width(self) -> float:
        """Bytes of the answer that one value of a scalar or an enum has at most."""
        of_type = cast("GraphQLLeafType", get_nullable_type(self.type))
        characters = None
        if self.way is Way.TYPE_NAME:
            characters = len(self.parent.name)
        elif self.way is Way.ATTRIBUTE and (table := table_of(self.parent)):
            column = table._meta.fields_map.get(str(self.inputs[0]))
            characters = getattr(column, "max_length", None)
        return width(of_type, characters)


@dataclass(slots=True)
class Level:
    """The fields that are asked of the objects of one concrete type.

    Where its objects may come as rows, `columns` are those of the rows. `nested` are the places of
    fields that no compiled loop makes. One of its objects costs so many `tenths` of a point and has
    at most `width` bytes in the answer: `frame` with a null for each field, and what those in
    `measured` have. What nested fields make counts at their levels.
    """

    type: GraphQLObjectType
    fields: list[Field]
    columns: Names | None = None
    nested: list[int] = field(init=False)
    measured: list[str] = field(default_factory=list)
    tenths: int = OBJECT
    frame: int = NULL
    width: float = 0
    compiled: dict[bool, Assemble] = field(default_factory=dict)
    _single: "list[Level]" = field(default_factory=list)

    def __post_init__(self) -> None:
        self.nested = [number for number, each in enumerate(self.fields) if not is_inline(each)]
        for number, each in enumerate(self.fields):
            self.frame += len(each.name) + NULL + NULL
            if is_leaf_type(get_nullable_type(each.type)):
                self.tenths += SCALAR
                self.width += each.width - NULL
            elif number not in self.nested:
                inside = next(iter(each.below.values()))
                self.tenths += inside.tenths
                self.width += inside.width
            else:
                continue
            self.measured.append(each.name)
        self.width += self.frame

    @property
    def single(self) -> "list[Level]":
        """A level for each of the fields, for those that run one after the other."""
        if not self._single:
            self._single = [Level(self.type, [each]) for each in self.fields]
        return self._single

    def size_of(self, objects: Sequence[Mapping[str, Any]], small: float) -> float:
        """The bytes that objects of the answer have at most; nearly, where that is not small."""
        most = len(objects) * self.width
        if most <= small:
            return most
        columns = ([each[name] for each in objects] for name in self.measured)
        return len(objects) * self.frame + sum(map(size_of_column, columns))
