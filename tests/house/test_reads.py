"""Every read goes through the scoped way in, or says on its line why it finds other rows too.

The ways in are `Work.rows` and `Work.seen` in a use case, `visible` and `scope` elsewhere. Whatever
else names a table says `# unscoped:` and the reason, on a line of its statement or right above it.
"""

import ast
import re
import tokenize
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Final

import pytest

from services.work.visibility import NEEDED
from tests.support.repository import ROOT

ROOMS: Final = ("services", "resolvers", "subscriptions", "graph")
WAY_IN: Final = (Path("services/storage"), Path("services/work/visibility.py"))
"""Of what the way in is made: nothing there knows whose rows it reads."""

MODELS: Final = {table.__name__ for table in NEEDED}
LINKS: Final = [(name, table._meta) for table in NEEDED for name in table._meta.fk_fields]
PARENTS: Final = {name for name, _ in LINKS}
CHILDREN: Final = {getattr(meta.fields_map[name], "related_name", None) for name, meta in LINKS}
NAMES: Final = "|".join(sorted(table._meta.db_table for table in NEEDED))
WRITTEN: Final = re.compile(rf"\b(?:FROM|JOIN|UPDATE|INTO)\s+(?:{NAMES})\b")
WRITES: Final = {"bulk_create", "bulk_update"}
QUERIES: Final = {
    *("all", "annotate", "exclude", "exists", "filter", "first", "get_or_create", "get_or_none"),
    *("in_bulk", "raw", "select_for_update", "update_or_create", "using_db"),
}
RELATED: Final = {"fetch_related", "prefetch_related", "refresh_from_db"}
SELECTS: Final = {"Select", "select_by"}
"""Statements that are put together: of the rows that `scope` allows, in the same function."""
FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
ESCAPE: Final = re.compile(r"# unscoped: \S+ \S+")


class Source:
    """A module: which node stands in which, its comments by line, the tables that it imports."""

    def __init__(self, text: str) -> None:
        self.nodes: Final = [*ast.walk(ast.parse(text))]
        self.parents: Final = {
            child: node for node in self.nodes for child in ast.iter_child_nodes(node)
        }
        tokens = tokenize.generate_tokens(StringIO(text).readline)
        self.comments: Final = {
            each.start[0]: each for each in tokens if each.type == tokenize.COMMENT
        }
        imported = {pair for pair in self.imports() if pair[0].startswith("models.")}
        self.tables: Final = {name for _, name in imported if name in MODELS}

    def imports(self) -> Iterator[tuple[str, str]]:
        """The module and the name of everything that is imported by name."""
        for node in self.nodes:
            if isinstance(node, ast.ImportFrom):
                yield from ((node.module or "", alias.name) for alias in node.names)

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around a node, the innermost first."""
        while (parent := self.parents.get(node)) is not None:
            yield parent
            node = parent

    def seen(self) -> set[str]:
        """The constants that are handed to `Work.seen`, and to nothing else."""
        given: dict[str, set[bool]] = {}
        for node in self.nodes:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id.isupper():
                call = self.parents[node]
                is_seen = isinstance(call, ast.Call) and ast.unparse(call.func) == "work.seen"
                given.setdefault(node.id, set()).add(is_seen)
        return {name for name, all_seen in given.items() if all_seen == {True}}

    def reads(self) -> Iterator[ast.expr]:
        """The expressions that name rows of a table, and are not scoped."""
        for node in self.nodes:
            if isinstance(node, ast.expr) and self._is_read(node):
                yield node

    def _is_read(self, node: ast.expr) -> bool:
        match node:
            case ast.Constant(value=str(text)):
                is_docstring = isinstance(self.parents[node], ast.Expr)
                return not is_docstring and bool(WRITTEN.search(text)) and not self._is_seen(node)
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if name in self.tables:
                return attr not in WRITES and not attr.startswith("_")
            case ast.Await(value=ast.Attribute(attr=attr)):
                return attr in PARENTS
            case ast.Call(func=ast.Name(id=name)):
                return name in SELECTS and not self._asks_scope(node)
            case ast.Call(func=ast.Attribute(value=rows, attr=attr)):
                is_query = attr in QUERIES or (attr == "get" and bool(node.keywords))
                return attr in RELATED or (is_query and self._is_table(rows))
        return False

    def _is_table(self, rows: ast.expr) -> bool:
        """Whether it is a table that the module was given, or what belongs to an object."""
        named = ast.unparse(rows).rpartition(".")[2]
        if isinstance(rows, ast.Attribute) and named in CHILDREN:
            return True
        return named == "table" or any(
            each.arg == named and ast.unparse(each.annotation).startswith("type[")
            for each in self.nodes
            if isinstance(each, ast.arg) and each.annotation
        )

    def _is_seen(self, text: ast.AST) -> bool:
        around = (each for each in self.above(text) if isinstance(each, ast.AnnAssign))
        return any(ast.unparse(each.target) in self.seen() for each in around)

    def _asks_scope(self, node: ast.AST) -> bool:
        """Whether the function around it asks which rows the actor may see."""
        around = next((each for each in self.above(node) if isinstance(each, FUNCTIONS)), None)
        return around is not None and any(
            isinstance(each, ast.Call) and ast.unparse(each.func) == "scope"
            for each in ast.walk(around)
        )

    def reasons(self, node: ast.AST) -> set[int]:
        """The lines on which the statement around it says why it is not scoped."""
        statement = next(each for each in self.above(node) if isinstance(each, ast.stmt))
        body = getattr(statement, "body", None)
        first = statement.lineno
        last = body[0].lineno - 1 if body else statement.end_lineno or first
        while (above := self.comments.get(first - 1)) and above.line.lstrip().startswith("#"):
            first -= 1
        return {
            line
            for line, comment in self.comments.items()
            if first <= line <= last and ESCAPE.match(comment.string)
        }


def faults(text: str) -> list[int]:
    """The lines of reads that are neither scoped nor say why not, and of reasons without a read."""
    source = Source(text)
    said = {node: source.reasons(node) for node in source.reads()}
    bare = {node.lineno for node, lines in said.items() if not lines}
    given = {line for line, each in source.comments.items() if each.string.startswith("# unscoped")}
    return sorted(bare | given.difference(*said.values()))


def sources() -> Iterator[tuple[Path, str]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield path.relative_to(ROOT), path.read_text(encoding="utf-8")


def test_every_read_is_scoped_or_says_why_not() -> None:
    found = [
        f"{path}:{line}"
        for path, text in sources()
        if not any(path.is_relative_to(each) for each in WAY_IN)
        for line in faults(text)
    ]
    assert found == []


def test_a_statement_that_is_seen_in_its_own_module_is_seen_in_others() -> None:
    modules = {".".join(path.with_suffix("").parts): Source(text) for path, text in sources()}
    used = [
        (f"{module} sends {name}", name in source.seen())
        for module, source in modules.items()
        for home, name in source.imports()
        if home in modules and name in modules[home].seen()
    ]
    assert [use for use, is_seen in used if not is_seen] == []
    assert used


HEAD: Final = f"from models.tables import {', '.join(sorted(MODELS))}\n"
BUYER: Final = 'BUYER: Final = Query("SELECT {columns} FROM customer WHERE id = ?")\n'


@pytest.mark.parametrize(
    "read",
    [
        "Order.filter(id=1)",
        "Customer.get(id=1)",
        "rows = map(Order.filter, wanted)",
        "table.filter(id=1)",
        "listing.table.all()",
        "async def one(kind: type[Row]) -> Row: return await kind.get(id=1)",
        "async def buyer(order): return await order.customer",
        "order.lines.filter(sku='A')",
        "order.fetch_related('lines')",
        "Select(Order, names)",
        "select_by(Order, names, by, keys, (), Q())",
        "TEXT = 'SELECT id FROM customer WHERE id = ?'",
        "text = f'SELECT id FROM {table} JOIN order_line ON {condition}'",
        "Statement('DELETE FROM order_line WHERE id = ?')",
        "Statement('UPDATE stock_item SET on_hand = ?')",
        "Order.filter(id=1)  # unscoped:",
        "Order.filter(id=1)  # unscoped: because",
        "Order.filter(id=1)  # of all orders",
        "# unscoped: all orders\nwork.rows(Order).filter(id=1)",
        "work.rows(Order)  # unscoped: all orders",
    ],
)
def test_a_read_that_says_nothing_is_found(read: str) -> None:
    assert faults(HEAD + read) == [2]


@pytest.mark.parametrize(
    "use", ["BUYER.rows(client, key)", "work.seen(BUYER, key)\nBUYER.rows(client, key)", ""]
)
def test_a_statement_that_is_sent_past_the_way_in_is_found(use: str) -> None:
    assert faults(HEAD + BUYER + use) == [2]


@pytest.mark.parametrize(
    "read",
    [
        "work.rows(Order).filter(id=1)",
        "visible(Order, actor).filter(id=1)",
        BUYER + "work.seen(BUYER, key)",
        "def rows():\n    condition = scope(Order, actor)\n    return Select(Order, names)",
        "Order.filter(id=1)  # unscoped: all orders are counted",
        "# unscoped: all orders are counted,\n# whoever sees them\nOrder.filter(id=1)",
        "rows = Order.filter(  # unscoped: all orders are counted\n    id=1\n)",
        "if Order.filter(id=1):  # unscoped: all orders are counted\n    pass",
        "Order(id=1)",
        "Order.bulk_create(orders)",
        "Feed.get(id=1)",
        "words = table.get(text, default)",
        '"""Reads FROM customer."""',
    ],
)
def test_a_read_that_is_scoped_or_says_why_not_is_none(read: str) -> None:
    assert faults(HEAD + read) == []
