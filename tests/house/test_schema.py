"""The published schema is this code's, and says what everything means."""

from collections.abc import Iterator

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
)

from graph.schema import schema
from tests.support.repository import ROOT

PUBLISHED = (ROOT / "schema.graphql").read_text(encoding="utf-8")
STANDARD = {"ID", "Int", "Float", "String", "Boolean"}


def undescribed() -> Iterator[str]:
    for name, declared in build_schema(PUBLISHED).type_map.items():
        if name.startswith("__") or name in STANDARD:
            continue
        if not declared.description:
            yield name
        if isinstance(declared, GraphQLEnumType):
            for value, member in declared.values.items():
                if not member.description:
                    yield f"{name}.{value}"
        if isinstance(
            declared, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType
        ):
            for field_name, field in declared.fields.items():
                if not field.description:
                    yield f"{name}.{field_name}"
                for argument_name, argument in getattr(field, "args", {}).items():
                    if not argument.description:
                        yield f"{name}.{field_name}({argument_name})"


def test_the_published_schema_is_fresh() -> None:
    """`ordergraph schema --output schema.graphql` makes it so."""
    assert schema.as_str().strip() == PUBLISHED.strip()


def test_everything_is_described() -> None:
    assert list(undescribed()) == []
