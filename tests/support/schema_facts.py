"""What a schema is, in words that are the same for every database: declared, and as found."""

import re
from dataclasses import dataclass, field, replace
from typing import Final

from tortoise import fields
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.tables import TABLES
from tests.support.databases import Dialect

# Text of limited length goes by its length: `text(64)`. Decimals go by their digits.
FAMILIES: Final[tuple[tuple[type, str], ...]] = (
    (fields.BigIntField, "bigint"),
    (fields.IntField, "integer"),
    (fields.BooleanField, "boolean"),
    (fields.DateField, "date"),
    (fields.DatetimeField, "instant"),
    (fields.JSONField, "json"),
    (fields.TextField, "text"),
    (fields.UUIDField, "uuid"),
)


@dataclass(frozen=True, slots=True)
class Column:
    family: str
    nullable: bool


@dataclass(frozen=True, slots=True)
class ForeignKey:
    column: str
    table: str
    on_delete: str


@dataclass(slots=True)
class Table:
    """One table. Uniques are in a list and sorted, so that one that is there twice is seen."""

    columns: dict[str, Column] = field(default_factory=dict)
    primary_key: tuple[str, ...] = ()
    uniques: list[tuple[str, ...]] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    checks: dict[str, str] = field(default_factory=dict)
    indexes: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def in_order(self) -> "Table":
        """The same facts, independent of the order in which they were found."""
        return Table(
            columns=dict(sorted(self.columns.items())),
            primary_key=self.primary_key,
            uniques=sorted(self.uniques),
            foreign_keys=sorted(self.foreign_keys, key=lambda key: key.column),
            checks=dict(sorted(self.checks.items())),
            indexes=dict(sorted(self.indexes.items())),
        )


Schema = dict[str, Table]


def condition(text: str) -> str:
    """A CHECK's condition without what databases add: quotes, brackets, casts, upper case."""
    text = re.sub(r"::[a-z ]+", "", text.lower())
    return " ".join(re.sub(r'[`"()]', "", text).split())


def declared(dialect: Dialect) -> Schema:
    """What the models say, in the column types that the dialect has."""
    schema = {model._meta.db_table: _declared(model).in_order() for model in TABLES}
    if dialect == "sqlite":
        for table in schema.values():
            table.columns = {name: _on_sqlite(column) for name, column in table.columns.items()}
    return schema


def _on_sqlite(column: Column) -> Column:
    """SQLite has no booleans; and it would keep decimals as floats, so Tortoise writes text."""
    if column.family == "boolean":
        return replace(column, family="integer")
    if column.family.startswith("decimal"):
        return replace(column, family="text(40)")
    return column


def _declared(model: type[Model]) -> Table:
    meta = model._meta
    table = Table(primary_key=(meta.db_pk_column,))
    for name, column in meta.fields_db_projection.items():
        declaration = meta.fields_map[name]
        table.columns[column] = Column(_family(declaration), declaration.null)
        if declaration.unique and not declaration.pk:
            table.uniques.append((column,))
    for name in (*meta.fk_fields, *meta.o2o_fields):
        relation = meta.fields_map[name]
        assert isinstance(relation, ForeignKeyFieldInstance)
        target = relation.related_model._meta.db_table
        column = meta.fields_db_projection[str(relation.source_field)]
        table.foreign_keys.append(ForeignKey(column, target, relation.on_delete.value))
    table.uniques += [tuple(names) for names in meta.unique_together]
    for index in meta.indexes:
        assert not isinstance(index, tuple), f"{meta.db_table}: name its index on {index}"
        table.indexes[str(index.name)] = tuple(index.field_names)
    for constraint in getattr(model.Meta, "constraints", ()):
        assert isinstance(constraint, CheckConstraint)
        table.checks[constraint.name] = condition(constraint.check)
    return table


def _family(declaration: fields.Field[object]) -> str:
    if isinstance(declaration, fields.CharField):
        return f"text({declaration.max_length})"
    if isinstance(declaration, fields.DecimalField):
        return f"decimal({declaration.max_digits},{declaration.decimal_places})"
    return next(family for kind, family in FAMILIES if isinstance(declaration, kind))
