"""What implements an interface can be read whole, in one selection, by any client."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any, Final

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_leaf_type,
    is_wrapping_type,
    parse,
    validate,
)

from tests.support.repository import ROOT

SCHEMA: Final = build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))
OF_NODES: Final = {"kind", "order", "product", "reason", "status", "stock"}
"""Fields that two kinds of nodes have with different types. Let there be no more."""

FAULTY: Final = build_schema("""
type Query { any: Any }
interface Any { id: ID! }
type A implements Any { id: ID! one: Int! same: Int! some: [Int!] inner: X! deep: D1 }
type B implements Any { id: ID! one: Int same: Int! some: Int inner: Y! deep: D2 }
type X { value: Int! }
type Y { value: String! }
type D1 { next: D1 same: Int }
type D2 { next: D2 same: Int }
""")


def conflicts(schema: GraphQLSchema, interface: str) -> set[str]:
    """Names of fields that two members have with types that cannot be merged."""
    declared = schema.type_map[interface]
    assert isinstance(declared, GraphQLInterfaceType)
    pairs = combinations(schema.get_possible_types(declared), 2)
    return {name for one, other in pairs for name in _between(one, other, set())}


def _between(one: Any, other: Any, seen: set[tuple[str, str]]) -> Iterator[str]:
    seen.add((one.name, other.name))
    fields = getattr(one, "fields", {}), getattr(other, "fields", {})
    for name in fields[0].keys() & fields[1].keys():
        if _differ(fields[0][name].type, fields[1][name].type, seen):
            yield name


def _differ(one: Any, other: Any, seen: set[tuple[str, str]]) -> bool:
    """By the rule OverlappingFieldsCanBeMerged: objects differ where fields within them do."""
    named = get_named_type(one), get_named_type(other)
    if _wrapping(one) != _wrapping(other):
        return True
    if is_leaf_type(named[0]) or is_leaf_type(named[1]):
        return named[0] is not named[1]
    if named[0] is named[1] or (named[0].name, named[1].name) in seen:
        return False
    return any(_between(*named, seen))


def _wrapping(declared: Any) -> list[type]:
    """How lists and non-null lie around the type, from the outside."""
    return [type(declared), *_wrapping(declared.of_type)] if is_wrapping_type(declared) else []


def test_refusals_are_read_whole() -> None:
    assert conflicts(SCHEMA, "UserError") == set()


def test_no_more_fields_of_nodes_conflict() -> None:
    assert conflicts(SCHEMA, "Node") == OF_NODES


def test_conflicts_are_found() -> None:
    assert conflicts(FAULTY, "Any") == {"one", "some", "inner"}


def test_one_selection_holds_every_field_of_every_refusal() -> None:
    """As graphql-core, and with it every client, validates it."""
    members = SCHEMA.get_possible_types(SCHEMA.type_map["UserError"])  # type: ignore[arg-type]
    parts = " ".join(f"... on {each.name} {_whole(each)}" for each in members)
    note = 'orderNote(id: "1", text: "1")'
    document = f"mutation {{ {note} {{ userErrors {{ {parts} }} }} }}"
    assert validate(SCHEMA, parse(document)) == []


def _whole(declared: GraphQLObjectType, depth: int = 2) -> str:
    """Every field without required arguments, objects within it as deep as this."""
    found = []
    for name, field in declared.fields.items():
        named: Any = get_named_type(field.type)
        if is_leaf_type(named):
            found.append(name)
        elif depth and isinstance(named, GraphQLObjectType):
            found.append(f"{name} {_whole(named, depth - 1)}")
        else:
            found.append(f"{name} {{ __typename }}")
    return f"{{ {' '.join(found)} }}"
