"""Random valid documents over a schema."""

import random
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

SIZES = ("1", "2", "3")


@dataclass
class Writer:
    """Writes one query. `ids` are those of existing objects, for `node` and its like."""

    schema: GraphQLSchema
    dice: random.Random
    ids: list[str]
    fragments: list[str] = field(default_factory=list)
    left: int = 60

    def document(self) -> str:
        query = self.schema.query_type
        assert query is not None
        body = self.selections(query, 5)
        variables = "query($yes: Boolean = true, $no: Boolean = false, $n: Int = 2)"
        # A document has to use each variable that it declares.
        uses = "__typename @include(if: $yes) @skip(if: $no) used: orders(first: $n) { __typename }"
        return "\n".join([f"{variables} {{ {uses} {body[1:]}", *self.fragments])

    def selections(self, of_type: Any, depth: int) -> str:
        parts = [self.part(of_type, depth) for _ in range(self.dice.randint(1, 5))]
        kept = [part for part in parts if part]
        return "{ " + " ".join(kept or ["__typename"]) + " }"

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
            return f"... {self.condition()} {self.selections(of_type, depth)}"
        if roll < 0.2 and depth:
            name = f"F{len(self.fragments)}"
            self.fragments.append("")
            body = self.selections(of_type, depth - 1)
            self.fragments[int(name[1:])] = f"fragment {name} on {of_type.name} {body}"
            return f"...{name} ...{name}" if roll < 0.14 else f"...{name}"
        return self.field(of_type, depth)

    def field(self, of_type: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> str:
        name, declared = self.dice.choice(list(of_type.fields.items()))
        named = get_named_type(declared.type)
        arguments = self.arguments(name, declared)
        if arguments is None:
            return ""
        self.left -= 1
        # An alias for each type and for each set of arguments, so that no two fields conflict.
        alias = f"{name}_{self.dice.randrange(10**6)}: " if arguments else ""
        if not arguments and isinstance(of_type, GraphQLObjectType):
            alias = f"{name}_{of_type.name}: "
        if is_leaf_type(named):
            return f"{alias}{name}{arguments} {self.condition()}"
        if depth == 0 or self.left < 0:
            return ""
        return f"{alias}{name}{arguments} {self.condition()} {self.selections(named, depth - 1)}"

    def condition(self) -> str:
        choices = ("@include(if: $yes)", "@skip(if: $no)", "@skip(if: $yes)", "@include(if: $no)")
        return self.dice.choice(choices) if self.dice.random() < 0.1 else ""

    def arguments(self, name: str, declared: GraphQLField) -> str | None:
        """The arguments in brackets, nothing where there are none; None where nobody knows them."""
        values: dict[str, str] = {}
        chosen = [f'"{self.dice.choice(self.ids)}"' for _ in range(3)]
        if name == "node" and "id" in declared.args:
            values["id"] = chosen[0]
        if name == "nodes" and "ids" in declared.args:
            values["ids"] = f"[{', '.join(chosen)}]"
        if "first" in declared.args:
            values["first"] = "$n" if self.dice.random() < 0.3 else self.dice.choice(SIZES)
        if "last" in declared.args and self.dice.random() < 0.2:
            values.pop("first", None)
            values["last"] = self.dice.choice(SIZES)
        for key, argument in declared.args.items():
            named = get_named_type(argument.type)
            if isinstance(named, GraphQLEnumType) and self.dice.random() < 0.3 and key == "sort":
                values[key] = self.dice.choice(list(named.values))
            if key == "desc" and self.dice.random() < 0.3:
                values[key] = self.dice.choice(("true", "false"))
        missing = [
            key
            for key, argument in declared.args.items()
            if is_required_argument(argument) and key not in values
        ]
        if missing or (
            not values and declared.args and "first" not in declared.args and name in ONE
        ):
            return None
        return "(" + ", ".join(f"{k}: {v}" for k, v in values.items()) + ")" if values else ""


ONE = {"order", "customer", "product"}
"""Root fields that need one of several arguments."""
