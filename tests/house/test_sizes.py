"""Every text and every list that a client sends has a declared size."""

from collections.abc import Iterator

from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from graph.schema import schema
from graph.sizes import LISTS, SCALARS, TEXTS

COUNTED = {"Int", "Float", "Boolean", "Decimal", "BigInt", "Date", "DateTime", "CurrencyCode"}
"""Scalars whose own form bounds their text."""

EXECUTABLE = {"QUERY", "MUTATION", "SUBSCRIPTION", "FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"}
"""Where a client may write a directive."""

CORE = schema._schema
Inputs = Iterator[tuple[str, str, GraphQLArgument | GraphQLInputField]]


def inputs_of_directives() -> Inputs:
    for directive in CORE.directives:
        if {place.name for place in directive.locations} & EXECUTABLE:
            for name, argument in directive.args.items():
                yield f"@{directive.name}", name, argument


def inputs() -> Inputs:
    """Each argument and input field of the schema: the type or field it is of, and its name."""
    yield from inputs_of_directives()
    for of_type in CORE.type_map.values():
        if of_type.name.startswith("__"):
            continue
        if isinstance(of_type, GraphQLInputObjectType):
            for name, declared in of_type.fields.items():
                yield of_type.name, name, declared
        elif isinstance(of_type, GraphQLObjectType):
            for field_name, field in of_type.fields.items():
                for name, argument in field.args.items():
                    yield f"{of_type.name}.{field_name}", name, argument


def texts() -> Iterator[tuple[str, str]]:
    for owner, name, declared in inputs():
        if get_named_type(declared.type).name == "String":
            yield owner, name


def lists() -> Iterator[tuple[str, str]]:
    for owner, name, declared in inputs():
        if is_list_type(get_nullable_type(declared.type)):
            yield owner, name


def missing(found: Iterator[tuple[str, str]], sizes: dict[str, int]) -> list[str]:
    return [
        f"{owner}.{name}"
        for owner, name in found
        if name not in sizes and f"{owner}.{name}" not in sizes
    ]


def test_every_text_has_a_size() -> None:
    assert missing(texts(), dict(TEXTS)) == []


def test_every_list_has_a_size() -> None:
    assert missing(lists(), dict(LISTS)) == []


def test_every_scalar_has_a_size_or_a_form_of_its_own() -> None:
    scalars = {
        named.name
        for _, _, declared in inputs()
        if isinstance(named := get_named_type(declared.type), GraphQLScalarType)
    }
    assert sorted(scalars - COUNTED - {"String"}) == sorted(SCALARS)


def test_no_size_is_declared_for_what_is_not_there() -> None:
    for sizes, found in ((TEXTS, texts()), (LISTS, lists())):
        known = {key for owner, name in found for key in (name, f"{owner}.{name}")}
        assert set(sizes) - known == set()


def test_no_list_is_of_lists() -> None:
    """Sizes hold for one list; one of lists would multiply them."""
    for owner, name, declared in inputs():
        of_type = get_nullable_type(declared.type)
        if is_list_type(of_type):
            inner = of_type.of_type
            inner = inner.of_type if isinstance(inner, GraphQLNonNull) else inner
            assert not is_list_type(inner), f"{owner}.{name}"
