"""The parts of a plan: levels and fields."""

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
"""Makes objects from (context, objects of the level, a column for each nested field)."""


def is_inline(planned: "Field") -> bool:
    """Whether a compiled loop can make the field's values: all at hand, and of one type."""
    if planned.reads:
        return False
    of_type = get_nullable_type(planned.type)
    if is_leaf_type(of_type):
        return True
    if not isinstance(of_type, GraphQLObjectType) or of_type.is_type_of:
        return False
    level = planned.below.get(of_type.name)
    if level is None or level.nested:
        return False
    # An object of another type must be noticed, by an attribute that it lacks.
    return any(isinstance(source, str) for each in level.fields for source in each.inputs)


class Way(Enum):
    """The way in which a field's values are found."""

    TYPE_NAME = auto()
    """The name of the type."""
    ATTRIBUTE = auto()
    """An attribute of each object."""
    COMPUTED = auto()
    """The result of a function of columns and relations."""
    RELATION = auto()
    """One call of a relation for all objects."""
    PAGED = auto()
    """One call for the pages of a list below all objects."""
    RESOLVER = auto()
    """A resolver for each object; the awaitable results are awaited together."""


@dataclass(slots=True)
class Field:
    """One field of a level, under its name in the answer.

    `inputs` are the function's inputs, or the one attribute. `needed` are the columns of its object
    that finding its values takes. `waits` says whether finding its own values may wait for the
    database, `reads` whether it or a field below it may. `arguments` are cached after the first
    use, if they have no variables. `columns` are those to read of the rows of `table`; with None
    instances are read.
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
        """Whether its arguments are the same for each operation of the document."""
        return not any(has_variables(each.value) for each in self.node.arguments or ())

    def takes_rows(self, of_type: GraphQLOutputType) -> "Level | None":
        """The level below for a type whose objects may come as rows, or None."""
        level = self.below.get(of_type.name) if isinstance(of_type, GraphQLObjectType) else None
        return level if level and level.columns is not None else None

    @property
    def type(self) -> GraphQLOutputType:
        return self.declared.type

    @property
    def width(self) -> float:
        """The most bytes that a value of a scalar or an enum takes in the answer."""
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
    """The selected fields of the objects of one concrete type.

    `columns` are those of the rows, if its objects may come as rows. `nested` are the places of
    fields that no compiled loop makes. An object costs `tenths` of a point and takes at most
    `width` bytes in the answer: `frame` with a null for each field, and the values of the fields in
    `measured`. Objects of nested fields count at their own levels.
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
        """A level for each of the fields, for fields that run one after the other."""
        if not self._single:
            self._single = [Level(self.type, [each]) for each in self.fields]
        return self._single

    def size_of(self, objects: Sequence[Mapping[str, Any]], small: float) -> float:
        """The most bytes of these objects; if that is more than `small`, nearly their size."""
        most = len(objects) * self.width
        if most <= small:
            return most
        columns = ([each[name] for each in objects] for name in self.measured)
        return len(objects) * self.frame + sum(map(size_of_column, columns))
