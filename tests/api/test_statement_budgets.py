"""A nested field costs the same number of SQL statements for 1, 10 and 100 parents.

The fields are read off the schema, so that none can be forgotten.
"""

import json
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)

from models.rules.access import SYSTEM
from resolvers.identifiers import to_global
from resolvers.nodes import TABLES
from services.demo.fill import fill
from services.demo.size import Size
from tests.support.api import ENGINE, ask
from tests.support.databases import Database
from tests.support.statements import counted

NODES: Final = {table.__name__: table for table in TABLES}
PARENTS: Final = (1, 10, 100)

ROOTS: Final = {
    "orders": "query($n: Int!) { orders(first: $n) { nodes { id } totalCount } }",
    "orders where": """query($n: Int!) { orders(first: $n, sort: TOTAL, where: {or: [
        {status: [CONFIRMED]}, {sku: {startsWith: "A"}}, {not: {country: ["DE"]}}
    ]}) { nodes { id } totalCount } }""",
    "orders search": """query($n: Int!) {
        orders(first: $n, search: "so") { nodes { id } } }""",
    "customers": "query($n: Int!) { customers(first: $n) { nodes { id } totalCount } }",
    "products": "query($n: Int!) { products(last: $n) { nodes { id } totalCount } }",
    "stockItems": """query($n: Int!) { stockItems(first: $n, where: {lowOnly: false}) {
        nodes { id } totalCount } }""",
    "suppliers": "query($n: Int!) { suppliers(first: $n) { nodes { id } totalCount } }",
    "shipments": """query($n: Int!) { shipments(first: $n, where: {status: [DELIVERED]}) {
        nodes { id } totalCount } }""",
    "payments": """query($n: Int!) { payments(first: $n, where: {kind: [CHARGE, REFUND]}) {
        nodes { id } totalCount } }""",
    "returns": """query($n: Int!) { returns(first: $n, where: {not: {status: [REJECTED]}}) {
        nodes { id } count { value isExact } } }""",
    "invoices": """query($n: Int!) { invoices(first: $n, where: {open: false}) {
        nodes { id balance { amount } } totalCount } }""",
    "events": "query($n: Int!) { events(first: $n) { nodes { id } } }",
    "nested page": """query($n: Int!) { customers(first: $n, sort: CREATED_AT) { nodes {
        code orders(first: 3) { nodes { number lines { sku product { name stock {
            onHand warehouse { code } } } } } } } } }""",
}


def selection(field: GraphQLField, depth: int = 3) -> str:
    """The least that makes a field load everything that it stands for."""
    named: Any = get_named_type(field.type)
    if is_leaf_type(named) or depth == 0:
        return ""
    if named.name.endswith("Connection"):
        total = "totalCount count { value }" if "totalCount" in named.fields else ""
        return (
            f"{{ nodes {{ id }} edges {{ cursor }} pageInfo {{ hasNextPage endCursor }} {total} }}"
        )
    if isinstance(named, GraphQLInterfaceType) or named.name in NODES:
        return "{ __typename id }"
    parts = [f"{name} {selection(each, depth - 1)}" for name, each in named.fields.items()]
    return f"{{ {' '.join(parts)} }}"


def nested_fields() -> list[tuple[str, str, str]]:
    """Type, name and selection of every field that is no plain column."""
    found = []
    for type_name in NODES:
        declared = ENGINE.schema.type_map[type_name]
        assert isinstance(declared, GraphQLObjectType)
        found += [(type_name, name, selection(field)) for name, field in declared.fields.items()]
    return found


async def parents(type_name: str, field: str, fields: str) -> list[str]:
    """Ids of up to 100 objects, those first for which the field has most to load."""
    rows = await NODES[type_name].all().order_by("-id").limit(100)
    ids = [to_global(type_name, row.pk) for row in rows]
    document = document_of(type_name, field, fields)
    values = [node.get(field) for node in (await ask(document, ids=ids))["nodes"]]
    typename = next((each.get("__typename") for each in values if isinstance(each, dict)), None)
    rich = sorted(zip(values, ids, strict=True), key=lambda each: -len(json.dumps(each[0])))
    # Subjects of several types take a statement a type, however many parents there are.
    return [
        parent
        for value, parent in rich
        if not isinstance(value, dict) or value.get("__typename") == typename
    ]


def test_no_list_is_forgotten() -> None:
    assert ENGINE.schema.query_type is not None
    lists = {
        name
        for name, field in ENGINE.schema.query_type.fields.items()
        if str(get_named_type(field.type)).endswith("Connection")
    }
    assert {name.partition(" ")[0] for name in ROOTS} - {"nested"} == lists


def document_of(type_name: str, field: str, fields: str) -> str:
    selected = f"... on {type_name} {{ {field} {fields} }}"
    return f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ {selected} }} }}"


@pytest.fixture
async def company(database: Database) -> Database:
    """A database with a demo company of more than a hundred of most things."""
    size = Size(customers=120, products=120, orders=400)
    await fill(SYSTEM, size, seed=7, now=datetime(2026, 6, 30, 12, tzinfo=UTC))
    return database


async def costs_of(document: str, **variables: Any) -> int:
    with counted() as statements:
        await ask(document, **variables)
    return len(statements)


async def test_statements_do_not_grow_with_rows(company: Database) -> None:
    grown: dict[str, list[int]] = {}
    for name, document in ROOTS.items():
        costs = [await costs_of(document, n=count) for count in PARENTS]
        if len(set(costs)) > 1:
            grown[name] = costs
    for type_name, field, fields in nested_fields():
        ids = await parents(type_name, field, fields)
        document = document_of(type_name, field, fields)
        costs = [await costs_of(document, ids=ids[:count]) for count in PARENTS]
        if len(set(costs)) > 1:
            grown[f"{type_name}.{field}"] = costs
    assert grown == {}
