"""Written statements say of each column what its table does, and new rows name no other columns."""

import ast
import importlib
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from types import NoneType
from typing import Any, Final, NamedTuple, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from tortoise.fields.base import Field
from tortoise.fields.data import (
    BooleanField,
    CharEnumFieldInstance,
    CharField,
    DecimalField,
    IntField,
    JSONField,
    UUIDField,
)
from tortoise.models import Model

from models.columns import UtcDatetime
from models.rules.catalog import BackorderPolicy
from models.tables import TABLES
from services.storage.statements import Query
from tests.support.databases import Database
from tests.support.repository import ROOT, sources

HOLDS: Final[tuple[tuple[type[Field[Any]], type[Any]], ...]] = (
    (BooleanField, bool),
    (IntField, int),
    (UUIDField, UUID),
    (DecimalField, Decimal),
    (UtcDatetime, datetime),
    (JSONField, tuple),
    (CharField, str),
)
JOIN: Final = re.compile(r"(LEFT )?(?:FROM|JOIN|UPDATE) (\w+)")
COMPARED: Final = re.compile(r"(\w+) (?:=|IN) \?")
PLACE: Final = {table._meta.db_table: table for table in TABLES}
NAMED: Final = {table.__name__: table for table in TABLES}


def queries() -> Iterator[tuple[str, Query[Any]]]:
    """The queries of the services by their names."""
    for path in sources():
        if path.parts[0] == "services" and path.name != "__init__.py":
            name = ".".join(path.with_suffix("").parts)
            for called, value in vars(importlib.import_module(name)).items():
                if isinstance(value, Query):
                    yield f"{name}.{called}", value


def held(field: Field[Any]) -> type[Any]:
    """The type of a column's values."""
    if isinstance(field, CharEnumFieldInstance):
        return field.enum_type
    return next(holds for kind, holds in HOLDS if isinstance(field, kind))


def wrong(query: Query[Any]) -> list[str]:
    """The fields of a query's rows that are not of the type of their columns."""
    joined = {table: bool(left) for left, table in JOIN.findall(query.text) if table in PLACE}
    if "{columns}" not in query.text or issubclass(query.row, Model):
        return []
    return [*_wrong_fields(query.row, joined, set(COMPARED.findall(query.text)))]


def _wrong_fields(row: type[Any], joined: dict[str, bool], compared: set[str]) -> Iterator[str]:
    for name, hint in get_type_hints(row).items():
        kinds = [each for each in get_args(hint) or [hint] if each is not NoneType]
        kind, is_optional = (get_origin(hint) or hint), NoneType in get_args(hint)
        if is_optional:
            kind = get_origin(kinds[0]) or kinds[0]
        if kind in TABLES or hasattr(kind, "_fields"):
            table = kind._meta.db_table if kind in TABLES else name
            if joined.get(table) is not is_optional:
                yield f"{row.__name__}.{name}: joined as {joined}"
            if kind not in TABLES:
                yield from _wrong_fields(kind, {table: False}, compared)
            continue
        holders = [table for table in joined if name in PLACE[table]._meta.fields_map]
        if len(holders) != 1:
            yield f"{row.__name__}.{name}: a column of {holders}"
            continue
        field = PLACE[holders[0]]._meta.fields_map[name]
        may_lack = (field.null and name not in compared) or joined[holders[0]]
        if kind is not held(field) or (may_lack and not is_optional):
            yield f"{row.__name__}.{name}: {hint}"


async def test_rows_are_of_the_types_of_their_columns(sqlite_database: Database) -> None:
    found = dict(queries())
    assert len({id(query) for query in found.values()}) > 15
    assert {name: faults for name, query in found.items() if (faults := wrong(query))} == {}


class _Named(NamedTuple):
    id: UUID
    name: str | None


class _Odd(NamedTuple):
    sku: int
    backorder: BackorderPolicy
    supplier_id: UUID
    colour: str


@pytest.mark.parametrize(
    ("row", "text", "faults"),
    [
        (_Named, "SELECT {columns} FROM product", []),
        (
            _Odd,
            "SELECT {columns} FROM product",
            [
                "_Odd.sku: <class 'int'>",
                "_Odd.supplier_id: <class 'uuid.UUID'>",
                "_Odd.colour: a column of []",
            ],
        ),
        (
            _Named,
            "SELECT {columns} FROM product JOIN supplier ON supplier_id = supplier.id",
            [
                "_Named.id: a column of ['product', 'supplier']",
                "_Named.name: a column of ['product', 'supplier']",
            ],
        ),
    ],
)
async def test_such_faults_are_found(
    sqlite_database: Database, row: type[Any], text: str, faults: list[str]
) -> None:
    assert wrong(Query(row, text)) == faults


def unknown(tree: ast.AST) -> list[str]:
    """What new rows are given that their tables have no columns for."""
    return [
        f"{table}.{keyword.arg}"
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "fresh"
        for table in [ast.unparse(call.args[0])]
        for keyword in call.keywords
        if table in NAMED and keyword.arg
        if keyword.arg not in NAMED[table]._meta.fields_db_projection
    ]


async def test_new_rows_are_given_columns_of_their_tables(sqlite_database: Database) -> None:
    trees = [ast.parse((ROOT / path).read_text()) for path in sources() if path.parts[0] != "tests"]
    assert [fault for tree in trees for fault in unknown(tree)] == []
    assert unknown(ast.parse("fresh(Order, status=1, statuss=3)")) == ["Order.statuss"]
