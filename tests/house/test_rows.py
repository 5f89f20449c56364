"""Every field says which columns it needs, so that each level of a query is read as rows.

A level with one field that does not say so is right all the same, but ten times slower.
"""

from collections.abc import Iterator

from graphql import GraphQLField, GraphQLObjectType, get_named_type
from tortoise.models import Model

from graph.execution.plan import planning
from graph.execution.plan.levels import Field, Way
from graph.fields import DEFINITION
from graph.schema import schema
from graph.types.node import table_of
from tests.support.databases import Database

TYPES = [each for each in schema._schema.type_map.values() if isinstance(each, GraphQLObjectType)]


def planned(of_type: GraphQLObjectType, name: str, declared: GraphQLField) -> Field:
    field = Field(name, [], declared, of_type)
    planning._find_way(field, declared.extensions[DEFINITION])
    return field


def fields(of_type: GraphQLObjectType) -> Iterator[Field]:
    for name, declared in of_type.fields.items():
        if DEFINITION in (declared.extensions or {}):
            yield planned(of_type, name, declared)


def types_with_tables() -> Iterator[tuple[GraphQLObjectType, type[Model]]]:
    """The types that stand for a table, and those that a relation gives rows of."""
    for of_type in TYPES:
        if table := table_of(of_type):
            yield of_type, table
        for field in fields(of_type):
            named = get_named_type(field.type)
            if field.way is Way.RELATION and isinstance(named, GraphQLObjectType):
                assert field.relation
                if table := field.relation.table:
                    yield named, table


async def test_each_field_names_columns_of_its_table(sqlite_database: Database) -> None:
    pairs = dict.fromkeys(types_with_tables())
    assert len(pairs) > 20
    unknown = [
        f"{of_type.name}.{field.name} of {table.__name__} needs {field.needed}"
        for of_type, table in pairs
        for field in fields(of_type)
        if field.needed is None or set(field.needed) - table._meta.fields_db_projection.keys()
    ]
    assert unknown == []
