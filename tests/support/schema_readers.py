"""Reading a schema back from the connected database, in the words of `schema_facts`."""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from services.storage.database import connection
from tests.support.databases import Dialect
from tests.support.schema_facts import Column, ForeignKey, Schema, Table, condition

BOOKKEEPING: Final = "tortoise_migrations"

Row = dict[str, Any]

SQLITE_FAMILIES: Final = {
    "BIGINT": "bigint",
    "CHAR(36)": "uuid",
    "DATE": "date",
    "INT": "integer",
    "INTEGER": "integer",
    "JSON": "json",
    "TEXT": "text",
    "TIMESTAMP": "instant",
}
POSTGRES_FAMILIES: Final = {
    "bigint": "bigint",
    "date": "date",
    "boolean": "boolean",
    "integer": "integer",
    "jsonb": "json",
    "text": "text",
    "timestamp with time zone": "instant",
    "uuid": "uuid",
}
MARIADB_FAMILIES: Final = {
    "bigint(20)": "bigint",
    "char(36)": "uuid",
    "date": "date",
    "datetime(6)": "instant",
    "int(11)": "integer",
    "longtext": "text",
    "tinyint(1)": "boolean",
}
MYSQL_FAMILIES: Final = MARIADB_FAMILIES | {"bigint": "bigint", "int": "integer", "json": "json"}


async def found(dialect: Dialect) -> Schema:
    """The tables of the connected database, without the migrations' own."""
    readers = {
        "sqlite": _on_sqlite,
        "postgres": _on_postgres,
        "mariadb": _on_mariadb,
        "mysql": _on_mysql,
    }
    schema = await readers[dialect]()
    return {name: table.in_order() for name, table in schema.items() if name != BOOKKEEPING}


async def _rows(query: str) -> list[Row]:
    return [dict(row) for row in await connection().execute_query_dict(query)]


def _family(kind: str, known: dict[str, str]) -> str:
    """`varchar(64)` and `character varying(64)` are `text(64)`; decimals keep their digits."""
    text = re.fullmatch(r"(?:varchar|character varying)\((\d+)\)", kind, re.IGNORECASE)
    if text:
        return f"text({text[1]})"
    digits = re.fullmatch(r"(?:decimal|numeric)\((\d+),(\d+)\)", kind)
    if digits:
        return f"decimal({digits[1]},{digits[2]})"
    return known.get(kind, f"unknown: {kind}")


def _grouped(rows: Iterable[Row]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Columns by table and index, in the order of the rows."""
    columns: dict[tuple[str, str], tuple[str, ...]] = defaultdict(tuple)
    for row in rows:
        columns[row["table_name"], row["name"]] += (row["column_name"],)
    return columns


# ------------------------------------------------------------------ SQLite


async def _on_sqlite() -> Schema:
    tables = await _rows(
        "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    schema = {}
    for row in tables:
        name = row["name"]
        table = Table(checks=_checks_in(row["sql"]))
        await _columns_on_sqlite(name, table)
        await _indexes_on_sqlite(name, table)
        table.foreign_keys = [
            ForeignKey(key["from"], key["table"], key["on_delete"])
            for key in await _rows(f"PRAGMA foreign_key_list('{name}')")
        ]
        schema[name] = table
    return schema


async def _columns_on_sqlite(name: str, table: Table) -> None:
    columns = await _rows(f"PRAGMA table_info('{name}')")
    for column in columns:
        family = _family(column["type"], SQLITE_FAMILIES)
        table.columns[column["name"]] = Column(family, not column["notnull"])
    table.primary_key = tuple(column["name"] for column in columns if column["pk"])


async def _indexes_on_sqlite(name: str, table: Table) -> None:
    for index in await _rows(f"PRAGMA index_list('{name}')"):
        parts = await _rows(f"PRAGMA index_info('{index['name']}')")
        columns = tuple(part["name"] for part in parts)
        if index["origin"] == "pk":
            continue
        if index["unique"]:
            table.uniques.append(columns)
        else:
            table.indexes[index["name"]] = columns


def _checks_in(statement: str) -> dict[str, str]:
    """The named CHECKs of a CREATE TABLE, each read up to its closing bracket."""
    checks = {}
    for start in re.finditer(r'CONSTRAINT "(\w+)" CHECK \(', statement):
        depth, end = 1, start.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(statement[end], 0)
            end += 1
        checks[start[1]] = condition(statement[start.end() : end - 1])
    return checks


# ------------------------------------------------------------------ PostgreSQL


async def _on_postgres() -> Schema:
    schema: Schema = defaultdict(Table)
    for row in await _rows(
        "SELECT c.relname AS table_name, a.attname AS name, NOT a.attnotnull AS nullable, "
        "format_type(a.atttypid, a.atttypmod) AS type FROM pg_attribute a "
        "JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r' "
        "WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped"
    ):
        family = _family(row["type"], POSTGRES_FAMILIES)
        schema[row["table_name"]].columns[row["name"]] = Column(family, row["nullable"])
    await _indexes_on_postgres(schema)
    await _constraints_on_postgres(schema)
    return schema


async def _indexes_on_postgres(schema: Schema) -> None:
    rows = await _rows(
        "SELECT t.relname AS table_name, i.relname AS name, a.attname AS column_name, "
        "x.indisunique AS is_unique, x.indisprimary AS is_primary FROM pg_index x "
        "JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid "
        "CROSS JOIN unnest(x.indkey) WITH ORDINALITY AS k(attnum, place) "
        "JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum "
        "WHERE t.relnamespace = 'public'::regnamespace ORDER BY 1, 2, k.place"
    )
    kinds = {(row["table_name"], row["name"]): row for row in rows}
    for (table, name), columns in _grouped(rows).items():
        kind = kinds[table, name]
        if kind["is_primary"]:
            schema[table].primary_key = columns
        elif kind["is_unique"]:
            schema[table].uniques.append(columns)
        else:
            schema[table].indexes[name] = columns


async def _constraints_on_postgres(schema: Schema) -> None:
    for row in await _rows(
        "SELECT k.conrelid::regclass::text AS table_name, a.attname AS column_name, "
        "k.confrelid::regclass::text AS target, pg_get_constraintdef(k.oid) AS definition "
        "FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid "
        "AND a.attnum = ANY (k.conkey) "
        "WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace"
    ):
        rule = re.search(r"ON DELETE (RESTRICT|CASCADE|SET NULL)", row["definition"])
        on_delete = rule[1] if rule else "NO ACTION"
        key = ForeignKey(row["column_name"], row["target"], on_delete)
        schema[row["table_name"]].foreign_keys.append(key)
    for row in await _rows(
        "SELECT conrelid::regclass::text AS table_name, conname AS name, "
        "pg_get_expr(conbin, conrelid) AS condition FROM pg_constraint "
        "WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
    ):
        schema[row["table_name"]].checks[row["name"]] = condition(row["condition"])


# ------------------------------------------------------------------ MariaDB and MySQL


async def _on_mariadb() -> Schema:
    schema = await _tables(MARIADB_FAMILIES)
    for row in await _rows(
        "SELECT table_name AS table_name, constraint_name AS name, check_clause AS clause "
        "FROM information_schema.check_constraints WHERE constraint_schema = DATABASE()"
    ):
        table = schema[row["table_name"]]
        # MariaDB's JSON is text with a CHECK of the column's name.
        if row["clause"] == f"json_valid(`{row['name']}`)":
            nullable = table.columns[row["name"]].nullable
            table.columns[row["name"]] = Column("json", nullable)
        else:
            table.checks[row["name"]] = condition(row["clause"])
    return schema


async def _on_mysql() -> Schema:
    schema = await _tables(MYSQL_FAMILIES)
    for row in await _rows(
        "SELECT t.table_name AS table_name, c.constraint_name AS name, c.check_clause AS clause "
        "FROM information_schema.check_constraints c "
        "JOIN information_schema.table_constraints t "
        "ON t.constraint_schema = c.constraint_schema AND t.constraint_name = c.constraint_name "
        "WHERE c.constraint_schema = DATABASE()"
    ):
        schema[row["table_name"]].checks[row["name"]] = condition(row["clause"])
    return schema


async def _tables(families: dict[str, str]) -> Schema:
    """All but the CHECKs."""
    schema: Schema = defaultdict(Table)
    for row in await _rows(
        "SELECT table_name AS table_name, column_name AS name, column_type AS type, "
        "is_nullable AS nullable FROM information_schema.columns WHERE table_schema = DATABASE()"
    ):
        family = _family(row["type"], families)
        schema[row["table_name"]].columns[row["name"]] = Column(family, row["nullable"] == "YES")
    await _indexes(schema)
    await _foreign_keys(schema)
    return schema


async def _indexes(schema: Schema) -> None:
    rows = await _rows(
        "SELECT table_name AS table_name, index_name AS name, column_name AS column_name, "
        "non_unique AS repeats FROM information_schema.statistics "
        "WHERE table_schema = DATABASE() ORDER BY 1, 2, seq_in_index"
    )
    repeats = {(row["table_name"], row["name"]): row["repeats"] for row in rows}
    for (table, name), columns in _grouped(rows).items():
        if name == "PRIMARY":
            schema[table].primary_key = columns
        elif repeats[table, name]:
            schema[table].indexes[name] = columns
        else:
            schema[table].uniques.append(columns)


async def _foreign_keys(schema: Schema) -> None:
    for row in await _rows(
        "SELECT u.table_name AS table_name, u.column_name AS column_name, "
        "u.referenced_table_name AS target, r.delete_rule AS on_delete "
        "FROM information_schema.key_column_usage u "
        "JOIN information_schema.referential_constraints r "
        "ON r.constraint_schema = u.constraint_schema AND r.constraint_name = u.constraint_name "
        "AND r.table_name = u.table_name WHERE u.table_schema = DATABASE()"
    ):
        key = ForeignKey(row["column_name"], row["target"], row["on_delete"])
        schema[row["table_name"]].foreign_keys.append(key)
