"""The published schema is this code's, and says what everything means."""

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLScalarType, build_schema
from strawberry.types import get_object_definition

from graph.fields import PERMISSION
from graph.mutations import Mutation
from graph.schema import DESCRIPTION, Query, Subscription, schema
from models.rules.errors import ErrorCode
from tests.support.repository import ROOT

PUBLISHED = (ROOT / "schema.graphql").read_text(encoding="utf-8")
DECLARED = build_schema(PUBLISHED)
STANDARD = {"ID", "Int", "Float", "String", "Boolean"}
WITHOUT_SPECIFICATION = {"Cursor": "sealed by the server, and opaque to clients"}
"""Our own scalars: no page specifies them."""

MOODS = re.compile(r"\b(what|who|whom|told|somebody|nobody|wish\w*)\b", re.IGNORECASE)
"""Words that stand for a trade term which a partner would search for."""


def parts(name: str, declared: Any) -> Iterator[tuple[str, Any]]:
    """A type and all that stands in it, by name."""
    yield name, declared
    if isinstance(declared, GraphQLEnumType):
        for value, member in declared.values.items():
            yield f"{name}.{value}", member
    for field_name, field in getattr(declared, "fields", {}).items():
        yield f"{name}.{field_name}", field
        for argument_name, argument in getattr(field, "args", {}).items():
            yield f"{name}.{field_name}({argument_name})", argument


def test_the_published_schema_is_fresh() -> None:
    """`ordergraph schema --output schema.graphql` makes it so."""
    assert schema.as_str().strip() == PUBLISHED.strip()


@pytest.mark.parametrize(
    "module", ["graph.server.app", "graph.errors", "graph.types.access", "resolvers.inputs.orders"]
)
def test_it_is_the_same_whatever_was_imported_first(module: str) -> None:
    program = f"import {module}; from graph.schema import schema; print(schema.as_str())"
    command = [sys.executable, "-c", program]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == PUBLISHED.strip()


def described() -> Iterator[tuple[str, Any]]:
    """Everything of ours in the schema, by name: types, fields, arguments, values."""
    for name, declared in DECLARED.type_map.items():
        if not name.startswith("__") and name not in STANDARD:
            yield from parts(name, declared)


def test_everything_is_described() -> None:
    assert DECLARED.description == DESCRIPTION
    assert [place for place, part in described() if not part.description] == []


def test_descriptions_name_trade_terms() -> None:
    assert [place for place, part in described() if MOODS.search(part.description)] == []


@pytest.mark.parametrize("root", [Query, Mutation, Subscription])
def test_every_root_field_names_the_permission_that_it_is_bound_to(root: type[Any]) -> None:
    declared: Any = DECLARED.type_map[root.__name__]
    for field in get_object_definition(root, strict=True).fields:
        name = schema.config.name_converter.get_graphql_name(field)
        text = declared.fields[name].description
        assert re.findall(r"Permission: `(.+?)`\.", text) == [field.metadata[PERMISSION]], name


def test_every_mutation_names_error_codes_that_exist() -> None:
    declared: Any = DECLARED.mutation_type
    for name, field in declared.fields.items():
        _, _, listed = field.description.partition(" Error codes: ")
        codes = re.findall(r"`(\w+)`", listed)
        assert codes, name
        assert set(codes) <= set(ErrorCode), name


def test_every_scalar_has_a_specification() -> None:
    without = {
        name
        for name, declared in DECLARED.type_map.items()
        if isinstance(declared, GraphQLScalarType)
        and name not in STANDARD
        and not declared.specified_by_url
    }
    assert without == set(WITHOUT_SPECIFICATION)
