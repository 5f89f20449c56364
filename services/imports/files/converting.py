"""Converts the cells of a row to a record by the mapping, with every error at once."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from email_validator import EmailNotValidError, validate_email
from pydantic import ValidationError

from models.rules.errors import ErrorCode
from models.rules.text import clean
from services.imports.files.mapping import ANYTHING, Mapping, Value
from services.imports.files.reading import Row
from services.imports.files.records import (
    BY_CODE,
    RECORDS,
    CustomerRow,
    Kind,
    ProductRow,
    Record,
    SupplierRow,
)
from services.imports.files.report import Problem
from services.imports.files.values import number, quoted, rounded


@dataclass(slots=True)
class Converted:
    """A row's record, or its errors; and its oddities.

    `raw` has the fields' texts, also of a row without a record.
    """

    row: Row
    raw: dict[str, Any]
    record: Record | None = None
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    @property
    def key(self) -> Any:
        """The key of its record, otherwise the key in the row, if there is one."""
        return self.record.key if self.record else self.raw.get("key")


class Converter:
    """Converts the rows of one source, the mapping's `index`th."""

    def __init__(self, mapping: Mapping, index: int) -> None:
        self.mapping = mapping
        self.index = index
        self.source = mapping.sources[index]
        self.formats = mapping.formats(self.source)
        self._record = RECORDS[self.source.kind]
        values = self.source.fields | ({"key": self.source.key} if self.source.key else {})
        self._values = [(*name.partition("."), value) for name, value in values.items()]
        self._currency = mapping.currency if "currency" in self._record.model_fields else None

    def convert(self, row: Row) -> Converted:
        """The record of the row, or its errors."""
        found = Converted(row, {})
        if row.fault:
            found.problems.append(self.problem(row, row.column, ErrorCode.INVALID, row.fault))
            return found
        self._fill(found)
        if found.problems:
            return found
        try:
            record = self._record.model_validate(found.raw, context=self.formats)
            if isinstance(record, ProductRow):
                record.amounts()
        except ValidationError as error:
            found.problems += [self._explained(row, each) for each in error.errors()]
        except ValueError as error:
            columns = self._columns(str(error).partition(":")[0])
            found.problems.append(self.problem(row, columns, ErrorCode.INVALID, str(error)))
        else:
            found.record = record
            found.warnings += self._oddities(row, record)
        return found

    def problem(self, row: Row, column: str | None, code: ErrorCode, reason: str) -> Problem:
        """A problem of a row of this source."""
        return Problem(self.source.name, row.line, column, code, reason)

    def orders(self, row: Row) -> list[str]:
        """The possible keys of the order of a line or a shipment, as far as they are readable.

        An empty key stands for an empty cell.
        """
        value = self.source.fields.get("order")
        found: dict[str, None] = {}
        for cells in row.readings if row.fault else (row.cells,):
            try:
                found[clean(str(self._text(value, cells))) if value else ""] = None
            except (KeyError, ValueError):
                continue
        return list(found)

    def _fill(self, found: Converted) -> None:
        """Sets `raw` from the cells, without fields whose cells are empty."""
        for head, _, rest, value in self._values:
            try:
                text = self._text(value, found.row.cells)
            except ValueError as error:
                column = ", ".join(value.columns) or None
                found.problems.append(
                    self.problem(found.row, column, ErrorCode.INVALID, str(error))
                )
                continue
            if text == "":
                continue
            if value.by == "code":
                text = f"{BY_CODE}{text}"
            if rest:
                found.raw.setdefault(head, {})[rest] = text
            else:
                found.raw[head] = text
        if self._currency:
            found.raw.setdefault("currency", self._currency)
        if self.source.kind is Kind.STOCK:
            found.raw["key"] = f"{found.raw.get('product')}\t{found.raw.get('warehouse')}"
        elif self.source.key is None:
            found.raw["key"] = f"{self.index}:{found.row.line}"

    def _text(self, value: Value, cells: dict[str, str]) -> str | Decimal:
        text = value.fill(cells)
        table = self.mapping.table(value)
        if table is not None:
            entry = table.get(text, table.get(ANYTHING) if text else "")
            if entry is None:
                raise ValueError(f"{quoted(text)} is not in its value table")
            text = text if entry == ANYTHING else entry
        if not text or not (value.percent or value.round is not None):
            return text
        amount = number(text, self.formats)
        if value.percent:
            amount = amount.scaleb(-2)
        return amount if value.round is None else rounded(amount, value.round)

    def _explained(self, row: Row, error: Any) -> Problem:
        """An error of pydantic as a problem, with the column instead of the field."""
        name = ".".join(part for part in error["loc"] if isinstance(part, str))
        message = error["msg"].removeprefix("Value error, ")
        if error["type"] == "missing":
            reason = f"a {self.source.kind} needs {name}"
            return self.problem(row, self._columns(name), ErrorCode.REQUIRED, reason)
        said = error["input"]
        if isinstance(said, str) and said and quoted(said) not in message:
            message += f" (it is {quoted(said)})"
        return self.problem(row, self._columns(name), ErrorCode.INVALID, f"{name}: {message}")

    def _columns(self, name: str) -> str | None:
        """The columns of a field."""
        fields = self.source.fields
        values = [self.source.key] if name == "key" else [fields.get(name)]
        if values == [None]:  # several fields together, such as an address
            values = [value for part, value in fields.items() if part.startswith(f"{name}.")]
        columns = [column for value in values if value for column in value.columns]
        return ", ".join(dict.fromkeys(columns)) or None

    def _oddities(self, row: Row, record: Record) -> list[Problem]:
        """Values that are accepted with a warning."""
        if not isinstance(record, CustomerRow | SupplierRow) or record.email is None:
            return []
        try:
            validate_email(record.email, check_deliverability=False)
        except EmailNotValidError:
            reason = "is no e-mail address; it is kept as it is"
            return [self.problem(row, self._columns("email"), ErrorCode.INVALID, reason)]
        return []
