"""Random valid documents over a schema, with the variables that they are run with."""

import json
import random
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
)

SIZES: Final = (0, 1, 2, 3, 12)
PAGE: Final = frozenset({"first", "after", "last", "before"})
LISTED: Final = frozenset({"where", "sort", "desc", "search", "lowOnly"})
"""What a list's cursors hold for: those of the known lists were got without."""

ONE: Final = frozenset({"order", "customer", "product", "shipment"})
"""Root fields that want exactly one of their arguments."""

UNSAID: Final = object()
"""A variable that is not sent."""


class Name(str):
    """A value that is written without quotes: of an enum, or a variable."""

    __slots__ = ()


@dataclass
class Known:
    """What is there to be asked for: ids by type, texts by argument, cursors by type and field."""

    ids: dict[str, list[str]]
    texts: dict[str, list[str]]
    cursors: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """A document, and the variables of each of its runs."""

    text: str
    runs: list[dict[str, Any]]


@dataclass
class Variable:
    name: str
    type: str
    default: Any
    values: list[Any]

    def __str__(self) -> str:
        default = "" if self.default is Undefined else f" = {literal(self.default)}"
        return f"${self.name}: {self.type}{default}"


@dataclass
class Writer:
    """Writes one document. Some fields may be banned, by name."""

    schema: GraphQLSchema
    dice: random.Random
    known: Known
    banned: frozenset[str] = frozenset()
    left: int = 20
    fragments: list[str] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)

    def query(self) -> Written:
        assert self.schema.query_type is not None
        return self.document("query", self.selections(self.schema.query_type, 5))

    def operation(self, kind: str, *fields: tuple[str, str, GraphQLObjectType | Any]) -> Written:
        """A mutation or subscription: its root fields, each with its arguments and its type."""
        roots = [
            f"root_{number}: {name}{arguments} {self.selections(get_named_type(of_type), 4)}"
            for number, (name, arguments, of_type) in enumerate(fields)
        ]
        return self.document(kind, "{ " + " ".join(roots) + " }")

    def document(self, kind: str, body: str) -> Written:
        declared = f"({', '.join(map(str, self.variables))})" if self.variables else ""
        runs = [
            {each.name: each.values[n] for each in self.variables if each.values[n] is not UNSAID}
            for n in range(2 if self.variables else 1)
        ]
        return Written("\n".join([f"{kind}{declared} {body}", *self.fragments]), runs)

    def selections(self, of_type: Any, depth: int) -> str:
        parts = [self.part(of_type, depth) for _ in range(self.dice.randint(1, 5))]
        return "{ " + (" ".join(filter(None, parts)) or "__typename") + " }"

    def part(self, of_type: Any, depth: int) -> str:
        roll = self.dice.random()
        if roll < 0.05:
            return "__typename"
        if isinstance(of_type, GraphQLUnionType) or (
            isinstance(of_type, GraphQLInterfaceType) and roll < 0.7
        ):
            chosen = self.dice.choice(self.schema.get_possible_types(of_type))
            return f"... on {chosen.name} {self.selections(chosen, depth)}"
        if roll < 0.12 and depth:
            return f"... {self.conditions()} {self.selections(of_type, depth)}"
        if roll < 0.2 and depth:
            name = f"F{len(self.fragments)}"
            self.fragments.append("")
            body = self.selections(of_type, depth - 1)
            self.fragments[int(name[1:])] = f"fragment {name} on {of_type.name} {body}"
            again = f"...{name} " if roll < 0.14 else ""
            return f"{again}...{name} {self.conditions()}"
        return self.field(of_type, depth)

    def field(self, of_type: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> str:
        name, declared = self.dice.choice(list(of_type.fields.items()))
        named = get_named_type(declared.type)
        leaf = is_leaf_type(named)
        if name in self.banned or (not leaf and (depth == 0 or self.left < 0)):
            return ""
        self.left -= 1
        arguments = self.arguments(of_type.name, name, declared.args)
        # An alias for each type and for each set of arguments, so that no two fields conflict.
        alias = f"{name}_{self.dice.randrange(10**6)}: " if arguments else ""
        if not arguments and isinstance(of_type, GraphQLObjectType):
            alias = f"{name}_{of_type.name}: "
        below = "" if leaf else self.selections(named, depth - 1)
        return f"{alias}{name}{arguments} {self.conditions()} {below}"

    def conditions(self) -> str:
        """Directives: none, one or both, with literals and with variables, which may be null."""
        asked = [name for name in ("include", "skip") if self.dice.random() < 0.08]
        return " ".join(f"@{name}(if: {self.condition()})" for name in asked)

    def condition(self) -> str:
        if self.dice.random() < 0.3:
            return self.dice.choice(("true", "false"))
        values = [self.dice.choice((True, False)) for _ in range(2)]
        if self.dice.random() < 0.1:
            # Valid, but nothing that a Boolean! may be: an error when the fields are collected.
            nullable = [None if self.dice.random() < 0.5 else value for value in values]
            return self.variable("Boolean", True, nullable)
        return self.variable("Boolean!", Undefined, values)

    def variable(self, of_type: str, default: Any, values: list[Any]) -> str:
        same = [each for each in self.variables if (each.type, each.default) == (of_type, default)]
        if same and default in (Undefined, True) and self.dice.random() < 0.3:
            return f"${self.dice.choice(same).name}"
        self.variables.append(Variable(f"v{len(self.variables)}", of_type, default, values))
        return f"${self.variables[-1].name}"

    def arguments(self, owner: str, name: str, declared: dict[str, Any]) -> str:
        """The arguments in brackets, nothing where there are none."""
        written = []
        for key in self.chosen(owner, name, declared):
            argument = declared[key]
            value = self.known_value(owner, name, key)
            if value is None:
                value = self.value(argument.type)
            if self.dice.random() < 0.25:
                value = self.as_variable(owner, name, key, argument, value)
            written.append(f"{key}: {literal(value)}")
        return f"({', '.join(written)})" if written else ""

    def chosen(self, owner: str, name: str, declared: dict[str, Any]) -> list[str]:
        """The arguments that are given."""
        if name in ONE and owner == "Query":
            return [self.dice.choice([key for key in declared if key != "trackingToken"])]
        keys = [key for key, each in declared.items() if is_required_argument(each)]
        if "after" in declared:
            known = f"{owner}.{name}" in self.known.cursors
            ways = [*[("first",)] * 4, *[("first", "after")] * 4, ("after",), ()]
            if "last" in declared:
                ways += [*[("last",)] * 2, *[("last", "before")] * 2, ("first", "last")]
                ways += [("first", "after", "before")]
            way = self.dice.choice(ways)
            keys += [key for key in way if known or key in ("first", "last")]
        cursor = not {"after", "before"}.isdisjoint(keys)
        for key in declared:
            seldom = 0.02 if cursor and key in LISTED else 0.2
            if key not in keys and key not in PAGE and self.dice.random() < seldom:
                keys.append(key)
        return keys

    def known_value(self, owner: str, name: str, key: str) -> Any:
        """What is known to be good for an argument, mostly; None where nothing is."""
        if key in ("first", "last", "max"):
            return self.dice.choice(SIZES)
        if key in ("after", "before"):
            return self.dice.choice(self.known.cursors[f"{owner}.{name}"])
        if key == "id" and name.capitalize() in self.known.ids:
            return self.dice.choice(self.known.ids[name.capitalize()])
        if key == "warehouseId":
            return self.dice.choice(self.known.ids["Warehouse"])
        return self.dice.choice(self.known.texts[key]) if key in self.known.texts else None

    def as_variable(self, owner: str, name: str, key: str, argument: Any, value: Any) -> Name:
        """A variable for an argument, with a default or without, sent or not, null or not."""
        of_type = str(argument.type)
        if not is_required_argument(argument):
            of_type = of_type.removesuffix("!")
        others = [self.known_value(owner, name, key) or value]
        default = Undefined
        if not of_type.endswith("!"):
            others += [None, UNSAID]
            default = value if self.dice.random() < 0.4 else Undefined
        values = [plain(self.dice.choice([value, *others])) for _ in range(2)]
        return Name(self.variable(of_type, default, values))

    def value(self, of_type: Any, depth: int = 2) -> Any:
        """Any value of an input type."""
        if not is_non_null_type(of_type) and self.dice.random() < 0.05:
            return None
        nullable = get_nullable_type(of_type)
        if is_list_type(nullable):
            items = range(self.dice.randint(1, 2))
            inner = GraphQLNonNull(get_nullable_type(nullable.of_type))
            return [self.value(inner, depth) for _ in items]
        if isinstance(nullable, GraphQLEnumType):
            return Name(self.dice.choice(list(nullable.values)))
        if isinstance(nullable, GraphQLInputObjectType):
            return self.fields(nullable, depth)
        return self.scalar(nullable.name)

    def fields(self, of_type: GraphQLInputObjectType, depth: int) -> dict[str, Any]:
        asked = [key for key, each in of_type.fields.items() if is_required_input_field(each)]
        plain_ones = [
            key
            for key, each in of_type.fields.items()
            if key not in asked and (depth or is_leaf_type(get_named_type(each.type)))
        ]
        asked += self.dice.sample(plain_ones, min(len(plain_ones), self.dice.randint(0, 2)))
        return {key: self.value(of_type.fields[key].type, depth - 1) for key in asked}

    def scalar(self, name: str) -> Any:
        words = [word for each in self.known.texts.values() for word in each]
        ids = [each for kind in self.known.ids.values() for each in kind]
        values: dict[str, tuple[Any, ...]] = {
            "Int": SIZES,
            "Boolean": (True, False),
            "ID": tuple(ids),
            "Decimal": ("10", "250.50"),
            "DateTime": ("2026-05-01T00:00:00Z", "2026-06-15T12:00:00Z"),
            "CurrencyCode": ("EUR",),
        }
        return self.dice.choice(values.get(name, tuple(words)))


def literal(value: Any) -> str:
    """The value as a document has it."""
    if isinstance(value, Name):
        return value
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {literal(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value)


def plain(value: Any) -> Any:
    """The value as JSON has it."""
    return str(value) if isinstance(value, Name) else value
