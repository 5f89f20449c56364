"""Families of documents that ask for as much as they may: each by numbers that can be turned up."""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.worst_orders import Asked, Shop
from tests.support.documents import Known, Writer

Numbers = Mapping[str, int]


@dataclass(frozen=True)
class Stock:
    """What there is to be asked for: ids of a company, an order with many lines."""

    shop: Shop
    skus: list[str]
    ids: dict[str, list[str]]
    texts: dict[str, list[str]]
    great_order: str


@dataclass(frozen=True)
class Family:
    """Documents of one kind. `ranges` are the numbers that they are made by, each with its most."""

    name: str
    ranges: Mapping[str, int]
    make: Callable[[Stock, Numbers], Asked]


def _roots(count: int, field: str) -> str:
    return "{ " + " ".join(f"r{number}: {field}" for number in range(max(count, 1))) + " }"


WORDS: Final = "alpha beta gamma delta eps zeta eta theta iota kappa"
CONDITIONS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"number": {"eq": "A", "startsWith": "B"}},
    {"sku": {"startsWith": "A"}},
    {"total": {"eq": "1.00", "gte": "0.01", "lt": "2.00"}},
    {"number": {"words": WORDS}},
    {"country": ["DE", "FR"], "channel": ["web"], "isDelayed": True},
    {"number": {"in": [f"SO-{number}" for number in range(100)]}},
    {"externalRef": {"system": "A", "key": "B"}},
)


def _filters(stock: Stock, numbers: Numbers) -> Asked:
    condition = (*CONDITIONS, {"warehouseId": stock.ids["Warehouse"][0]})[numbers["condition"]]
    where: dict[str, Any] = {"or": [condition] * numbers["parts"]}
    for shape in range(numbers["shape"]):
        where = {"not": where} if shape % 2 else {"and": [where]}
    roots = _roots(numbers["roots"], "orders(first: 1, where: $w) { nodes { id } totalCount }")
    return f"query($w: OrderWhere) {roots}", {"w": where}


def _searches(_stock: Stock, numbers: Numbers) -> Asked:
    letters = ("a", "ﷺ", "e\u0301", "ﬃ")[numbers["letter"]] * numbers["letters"]
    text = " ".join([letters] * numbers["words"])[:500]
    field = f"orders(first: {numbers['first']}, search: $s) {{ nodes {{ id }} totalCount }}"
    return f"query($s: String) {_roots(numbers['roots'], field)}", {"s": text}


def _lines(stock: Stock, count: int) -> list[dict[str, Any]]:
    return [{"sku": stock.skus[n % len(stock.skus)], "quantity": 1} for n in range(count)]


def _availability(stock: Stock, numbers: Numbers) -> Asked:
    inside = ("sku", "sku earliest warehouses { available warehouse { name } }")[numbers["inside"]]
    field = f"availability(lines: $l) {{ {inside} }}"
    variables = {"l": _lines(stock, numbers["lines"])}
    return f"query($l: [LineInput!]!) {_roots(numbers['roots'], field)}", variables


def _previews(stock: Stock, numbers: Numbers) -> Asked:
    field = "orderEditPreview(id: $id, input: $i) { difference { amount } }"
    roots = _roots(numbers["roots"], field)
    variables = {"id": stock.great_order, "i": {"lines": _lines(stock, numbers["lines"])}}
    return f"query($id: ID!, $i: OrderEditInput!) {roots}", variables


def _nodes(stock: Stock, numbers: Numbers) -> Asked:
    ids = [each for kind in ("Order", "Customer", "Product") for each in stock.ids[kind]]
    asked = (ids * 100)[: numbers["ids"]]
    inside = "id ... on Order { number lines { sku name } customer { name } }"
    return (
        f"query($ids: [ID!]!) {_roots(numbers['roots'], f'nodes(ids: $ids) {{ {inside} }}')}",
        {"ids": asked},
    )


def _pages(_stock: Stock, numbers: Numbers) -> Asked:
    line = "sku name quantity unitPrice { amount } product { sku name stock { onHand } }"
    order = f"number status total {{ gross {{ amount }} }} lines {{ {line} }} balance {{ amount }}"
    customer = f"name code orders(first: {numbers['orders']}) {{ nodes {{ {order} }} totalCount }}"
    page = f"customers(first: {numbers['customers']}) {{ nodes {{ {customer} }} }}"
    return _roots(numbers["roots"], page), {}


def _edges(_stock: Stock, numbers: Numbers) -> Asked:
    count = "totalCount" if numbers["count"] else ""
    edges = f"edges {{ cursor node {{ id }} }} pageInfo {{ endCursor }} {count}"
    orders = f"orders(first: {numbers['orders']}) {{ {edges} }}"
    page = f"customers(first: {numbers['customers']}) {{ edges {{ cursor node {{ {orders} }} }} }}"
    return _roots(numbers["roots"], page), {}


def _put_off(_stock: Stock, numbers: Numbers) -> Asked:
    order = f"... @defer {{ id number lines {'@stream' if numbers['stream'] else ''} {{ sku }} }}"
    orders = f"orders(first: {numbers['orders']}) {{ nodes {{ {order} }} }}"
    page = f"customers(first: {numbers['customers']}) {{ nodes {{ id {orders} }} }}"
    return f"{{ {page} }}", {}


PARTS: Final = (
    "lines { id product { sku category { name } stock { onHand warehouse { name } } } }",
    "shipments { id parcels { id } lines { quantity orderLine { sku product { name } } } }",
    "payments { id } returns { id lines { quantity } } invoices { id }",
    "customer { name group { name } addresses { city } }",
)
"""What an order has below it, each of which is read by a statement of its own."""


def _nests(stock: Stock, numbers: Numbers) -> Asked:
    inside = "id"
    for _ in range(min(numbers["depth"], 4)):
        parts = " ".join(PARTS[: numbers["parts"]])
        inside = f"{parts} customer {{ orders(first: 1) {{ nodes {{ id {inside} }} }} }}"
    roots = _roots(numbers["roots"], f"order(id: $id) {{ {inside} }}")
    return f"query($id: ID!) {roots}", {"id": stock.ids["Order"][0]}


def _great_order(stock: Stock, numbers: Numbers) -> Asked:
    product = "product { sku name stock { onHand available warehouse { name } } }"
    line = f"id sku name quantity unitPrice {{ amount }} {product if numbers['products'] else ''}"
    inside = f"number lines {{ {line} }} shipments {{ id parcels {{ id }} }}"
    roots = _roots(numbers["roots"], f"order(id: $id) {{ {inside} }}")
    return f"query($id: ID!) {roots}", {"id": stock.great_order}


def _repeated(_stock: Stock, numbers: Numbers) -> Asked:
    part = ("id ", "customer { id } ", "... { id } ", "... on Order { id number } ")[
        numbers["part"]
    ]
    return f"{{ orders(first: 1) {{ nodes {{ {part * numbers['times']} }} }} }}", {}


def _fragments(_stock: Stock, numbers: Numbers) -> Asked:
    count = numbers["fragments"]
    fragments = [
        f"fragment F{n} on Order {{ id number {f'...F{n + 1}' if n + 1 < count else ''} }}"
        for n in range(count)
    ]
    spread = " ".join(f"...F{n}" for n in range(min(count, numbers["spread"] + 1)))
    return f"{{ orders(first: 1) {{ nodes {{ {spread} }} }} }} {' '.join(fragments)}", {}


def _literals(_stock: Stock, numbers: Numbers) -> Asked:
    parts = ", ".join('{number: {eq: "A"}}' for _ in range(numbers["parts"]))
    field = f"orders(first: 1, where: {{or: [{parts}]}}) {{ nodes {{ id }} }}"
    return _roots(numbers["roots"], field), {}


def _schema(_stock: Stock, numbers: Numbers) -> Asked:
    of_type = "name kind"
    for _ in range(numbers["depth"]):
        of_type = f"name kind ofType {{ {of_type} }}"
    fields = f"name description args {{ name type {{ {of_type} }} }} type {{ {of_type} }}"
    return f"{{ __schema {{ types {{ name description fields {{ {fields} }} }} }} }}", {}


def _random(stock: Stock, numbers: Numbers) -> Asked:
    from graph.schema import schema

    dice = random.Random(numbers["seed"])
    known = Known(stock.ids, stock.texts)
    core = schema._schema  # noqa: SLF001 - Strawberry has no public name for it
    writer = Writer(core, dice, known, left=numbers["fields"])
    written = writer.query()
    return written.text, written.runs[0]


FAMILIES: Final = (
    Family(
        "filters",
        {"roots": 20, "parts": 100, "condition": len(CONDITIONS), "shape": 8},
        _filters,
    ),
    Family(
        "searches", {"roots": 20, "letter": 3, "letters": 500, "words": 10, "first": 100}, _searches
    ),
    Family("availability", {"roots": 3, "lines": 2_000, "inside": 1}, _availability),
    Family("previews", {"roots": 3, "lines": 2_000}, _previews),
    Family("nodes", {"roots": 20, "ids": 100}, _nodes),
    Family("pages", {"roots": 20, "customers": 100, "orders": 100}, _pages),
    Family("edges", {"roots": 10, "customers": 100, "orders": 100, "count": 1}, _edges),
    Family("put off", {"customers": 100, "orders": 50, "stream": 1}, _put_off),
    Family("nests", {"roots": 20, "depth": 4, "parts": 4}, _nests),
    Family("great order", {"roots": 20, "products": 1}, _great_order),
    Family("repeated fields", {"part": 3, "times": 900}, _repeated),
    Family("fragments", {"fragments": 200, "spread": 200}, _fragments),
    Family("literals", {"roots": 20, "parts": 180}, _literals),
    Family("introspection", {"depth": 9}, _schema),
    Family("random", {"seed": 1_000_000, "fields": 200}, _random),
)


def described(asked: Asked, most: int = 700) -> str:
    """A document with its variables, shortened to be read."""
    document, variables = asked
    text = f"{document}\n    {json.dumps(variables, ensure_ascii=True)}" if variables else document
    return text if len(text) <= most else f"{text[:most]} ... ({len(text):,} characters)"
