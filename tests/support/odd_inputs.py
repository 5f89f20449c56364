"""Every argument and input field of the schema, each filled with what is sent by mistake."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
    is_required_input_field,
)

TEXTS: Final = {
    "empty": "",
    "blank": "  ",
    "NUL": "A\0B",
    "U+0001": "A\x01B",
    "U+007F": "A\x7fB",
    "half a character": "A\ud800B",
    "U+202E": "A\u202eB",
    "newline": "A\nB",
}
"""What a text may be by mistake or by intent."""

NEEDED: Final = {
    "ProductInput": ("sku", "name", "price", "currencyCode"),
    "CustomerInput": ("code", "name"),
    "CustomerGroupInput": ("name",),
    "CategoryInput": ("name",),
    "SupplierInput": ("code", "name"),
    "WarehouseInput": ("code", "name"),
    "StockChange": ("delta",),
    "OrderEditInput": ("lines",),
}
"""What is optional to the schema and needed by the use case, so that it looks at the rest."""

SCALARS: Final = {
    "Int": 1,
    "Float": 1.0,
    "Boolean": True,
    "String": "A",
    "Decimal": "1.00",
    "BigInt": "1",
    "DateTime": "2026-05-01T00:00:00Z",
    "Date": "2036-05-01",
    "CurrencyCode": "EUR",
    "JSON": {},
}

Path = tuple[str | int, ...]
_numbers = count()


@dataclass(frozen=True)
class Place:
    """An argument, or an input field within one: `path` leads there from the field's arguments."""

    field: str
    path: Path
    type: Any

    def __str__(self) -> str:
        return f"{self.field}({'.'.join(map(str, self.path))})"

    def forms(self) -> Iterator[tuple[str, Any]]:
        """What is sent there, by name."""
        nullable = get_nullable_type(self.type)
        if is_list_type(nullable):
            yield "no values", []
            if not isinstance(get_named_type(nullable), GraphQLInputObjectType):
                yield from ((name, [text]) for name, text in TEXTS.items())
        elif isinstance(nullable, GraphQLInputObjectType):
            yield "no fields", {}
        else:
            yield from TEXTS.items()


def places(name: str, field: GraphQLField) -> Iterator[Place]:
    """The places of a field's arguments, those within them too; of types that nest, one level."""
    for key, argument in field.args.items():
        yield from _within(name, (key,), argument.type, frozenset())


def _within(field: str, path: Path, of_type: Any, seen: frozenset[str]) -> Iterator[Place]:
    yield Place(field, path, of_type)
    named = get_named_type(of_type)
    if not isinstance(named, GraphQLInputObjectType) or named.name in seen:
        return
    is_list = is_list_type(get_nullable_type(of_type))
    inside: Path = (*path, 0) if is_list else path
    if is_list:
        yield Place(field, inside, named)
    for key, each in named.fields.items():
        yield from _within(field, (*inside, key), each.type, seen | {named.name})


class Filling:
    """Makes arguments that are good, but for one place. `known` has good values by their names."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        self.known = known

    def arguments(self, field: GraphQLField, place: Place, value: Any) -> dict[str, Any]:
        """The arguments of a field: those that it needs, and the value at the place."""
        wanted = place.path[0]
        return {
            key: self._value(place.field, key, each.type, place.path[1:], value)
            if key == wanted
            else self._good(place.field, key, each.type)
            for key, each in field.args.items()
            if key == wanted or is_required_argument(each)
        }

    def _value(self, owner: str, key: str, of_type: Any, path: Path, value: Any) -> Any:
        """What stands at a name, with the value at the end of the path that leads on from there."""
        if not path:
            return value
        named = get_named_type(of_type)
        if path[0] == 0:
            return [self._object(named, path[1:], value) if path[1:] else value]
        return self._object(named, path, value)

    def _object(self, of_type: GraphQLInputObjectType, path: Path, value: Any) -> dict[str, Any]:
        (wanted, *rest) = path
        made = self._needed(of_type)
        key = str(wanted)
        declared = of_type.fields[key]
        made[key] = self._value(of_type.name, key, declared.type, tuple(rest), value)
        return made

    def _needed(self, of_type: GraphQLInputObjectType) -> dict[str, Any]:
        needed = NEEDED.get(of_type.name, ())
        return {
            key: self._good(of_type.name, key, each.type)
            for key, each in of_type.fields.items()
            if key in needed or is_required_input_field(each)
        }

    def _good(self, owner: str, key: str, of_type: Any) -> Any:
        for name in (f"{owner}.{key}", key):
            if name in self.known:
                found = self.known[name]
                return f"{found}{next(_numbers)}" if found == "NEW-" else found
        named = get_named_type(of_type)
        if isinstance(named, GraphQLInputObjectType):
            one: Any = self._needed(named)
        elif isinstance(named, GraphQLEnumType):
            one = next(iter(named.values))
        else:
            one = SCALARS[named.name]
        return [one] if is_list_type(get_nullable_type(of_type)) else one


def document(operation: str, field: GraphQLField, name: str, given: Mapping[str, Any]) -> str:
    """A document that asks one root field with these arguments as variables."""
    return f"{operation}{_declared(field, given)} {{ {name}{_passed(given)} {_selected(field)} }}"


def document_below(owner: str, field: GraphQLField, name: str, given: Mapping[str, Any]) -> str:
    """A document that asks a field of the object with the id `$of`."""
    declared = _declared(field, given)[1:-1]
    inside = f"{name}{_passed(given)} {_selected(field)}"
    return f"query($of: ID!, {declared}) {{ node(id: $of) {{ ... on {owner} {{ {inside} }} }} }}"


def _declared(field: GraphQLField, given: Mapping[str, Any]) -> str:
    return f"({', '.join(f'${key}: {field.args[key].type}' for key in given)})"


def _passed(given: Mapping[str, Any]) -> str:
    return f"({', '.join(f'{key}: ${key}' for key in given)})"


def _selected(field: GraphQLField) -> str:
    named = get_named_type(field.type)
    if is_leaf_type(named):
        return ""
    if not isinstance(named, GraphQLObjectType):
        return "{ __typename }"
    if "userErrors" in named.fields:
        return "{ userErrors { code message path } }"
    return (
        "{ nodes { __typename } totalCount }"
        if "totalCount" in named.fields
        else ("{ nodes { __typename } }" if "nodes" in named.fields else "{ __typename }")
    )


def fields_below(schema: GraphQLSchema) -> Iterator[tuple[str, str, GraphQLField]]:
    """Fields with arguments of objects that have an id: the type, the field's name, the field."""
    node = schema.get_type("Node")
    for of_type in schema.get_possible_types(node):  # type: ignore[arg-type] # an interface
        for name, field in of_type.fields.items():
            if field.args:
                yield of_type.name, name, field
