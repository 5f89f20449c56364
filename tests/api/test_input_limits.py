"""What an operation may bring: each limit just kept and just broken, before it is coerced."""

from typing import Any

import pytest

from graph.execution.documents.documents import Documents
from graph.execution.documents.inputs import Amount
from graph.execution.documents.limits import Limits
from graph.execution.failures import Code, Rejected
from graph.schema import schema
from tests.support.api import ask, failure
from tests.support.databases import Database

DOCUMENTS = Documents(schema._schema, Limits(), open_schema=True)
INPUTS = DOCUMENTS.inputs

ORDERS = "query($where: OrderWhere) { orders(where: $where) { nodes { id } } }"
SEARCH = "query($text: String) { customers(search: $text) { nodes { id } } }"
NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
AVAILABLE = "query($lines: [LineInput!]!) { availability(lines: $lines) { sku } }"
PLACE = "mutation($input: OrderInput!) { orderPlace(input: $input) { order { id } } }"
SAVE = "mutation($input: CustomerInput!) { customerSave(input: $input) { customer { id } } }"
LINE = {"sku": "TEA", "quantity": 1}


def amount(document: str, **variables: Any) -> Amount:
    """How much the document's one operation brings."""
    (operation_inputs,) = DOCUMENTS.document(document).operation_inputs.values()
    return INPUTS.amount(operation_inputs, variables)


def refused(document: str, **variables: Any) -> str:
    """Why the document's one operation brings too much."""
    with pytest.raises(Rejected) as caught:
        amount(document, **variables)
    assert caught.value.code is Code.LIMIT_EXCEEDED
    return caught.value.message


@pytest.mark.parametrize(
    ("document", "within", "beyond", "message"),
    [
        (SEARCH, {"text": "a" * 500}, {"text": "a" * 501}, "`$text` has at most 500 characters."),
        (
            ORDERS,
            {"where": {"number": {"in": ["a"] * 500}}},
            {"where": {"number": {"in": ["a"] * 501}}},
            "`$where.number.in` has at most 500 values.",
        ),
        (
            ORDERS,
            {"where": {"number": {"in": ["a" * 500]}}},
            {"where": {"number": {"in": ["a" * 501]}}},
            "`$where.number.in.0` has at most 500 characters.",
        ),
        (
            ORDERS,
            {"where": {"or": [{}] * 99}},
            {"where": {"or": [{}] * 100}},
            "The filters of an operation have at most 100 conditions together.",
        ),
        (
            "query($after: Cursor) { orders(after: $after) { nodes { id } } }",
            {"after": "a" * 4_096},
            {"after": "a" * 4_097},
            "`$after` has at most 4096 characters.",
        ),
        (
            "query($token: String) { order(trackingToken: $token) { id } }",
            {"token": "a" * 8_192},
            {"token": "a" * 8_193},
            "`$token` has at most 8192 characters.",
        ),
        (
            AVAILABLE,
            {"lines": [LINE] * 3_000},
            {"lines": [LINE] * 3_001},
            "An operation has at most 3000 values in its lists.",
        ),
        (
            SAVE,
            {"input": {"preferences": {"a": [0] * 2_999}}},
            {"input": {"preferences": {"a": [0] * 3_000}}},
            "An operation has at most 3000 values in its lists.",
        ),
        (
            SAVE,
            {"input": {"preferences": {"a": "b" * 20_000}}},
            {"input": {"preferences": {"a": "b" * 20_001}}},
            "`$input.preferences.a` has at most 20000 characters.",
        ),
        (
            PLACE,
            {"input": {"note": "a" * 20_000}},
            {"input": {"note": "a" * 20_001}},
            "`$input.note` has at most 20000 characters.",
        ),
        (
            PLACE,
            {"input": {"lines": [{"unitPrice": "1" * 100}]}},
            {"input": {"lines": [{"unitPrice": "1" * 101}]}},
            "`$input.lines.0.unitPrice` has at most 100 characters.",
        ),
        (
            "query($kinds: [EventKind!]) { events(kinds: $kinds) { nodes { id } } }",
            {"kinds": "A" * 100},
            {"kinds": "A" * 101},
            "`$kinds` has at most 100 characters.",
        ),
    ],
)
def test_a_size_may_be_reached_but_not_passed(
    document: str, within: dict[str, Any], beyond: dict[str, Any], message: str
) -> None:
    amount(document, **within)
    assert refused(document, **beyond) == message


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ('{number: {eq: "' + "a" * 501 + '"}}', "`where.number.eq` has at most 500 characters."),
        (
            "{or: [" + "{}" * 100 + "]}",
            "The filters of an operation have at most 100 conditions together.",
        ),
        ("[" * 66 + "]" * 66, "`where` is nested at most 64 deep."),
    ],
)
def test_literals_are_counted_as_variables_are(inside: str, message: str) -> None:
    assert refused(f"{{ orders(where: {inside}) {{ nodes {{ id }} }} }}") == message


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{ " + "a" * 201 + " }", "A name or number in a document has at most 200 characters."),
        (
            "{ orders(first: " + "1" * 5_000 + ") { nodes { id } } }",
            "A name or number in a document has at most 200 characters.",
        ),
        (
            "{ orders { totalCount } } #" + " " * 100_000,
            "A document has at most 100000 characters: send long texts and lists as variables.",
        ),
        (
            "{ orders { nodes { " + "customer { id } " * 480 + "} } }",
            "A document selects the same fields too often, or nests fragments too deeply.",
        ),
    ],
)
def test_a_document_that_would_take_long_to_check(document: str, message: str) -> None:
    assert refused(document) == message


FRAGMENT = "fragment F on Customer { orders(where: $w) { totalCount } }"
WHERE = {"and": [{"number": {"startsWith": "A", "in": ["B", "C"]}}], "not": {"isDelayed": True}}


@pytest.mark.parametrize(
    ("document", "variables", "elements", "conditions"),
    [
        (ORDERS, {}, 0, 0),
        (ORDERS, {"where": None}, 0, 0),
        (ORDERS, {"where": {}}, 0, 1),
        # The filter itself, two operations, its negation; `and` and `in` are lists.
        (ORDERS, {"where": WHERE}, 3, 4),
        (SEARCH, {"text": "two  words"}, 0, 2),
        (SEARCH, {"text": "a" * 101}, 0, 3),
        (NODES, {"ids": ["a", "b"]}, 2, 0),
        (NODES, {"ids": "a"}, 0, 0),
        (AVAILABLE, {"lines": [LINE] * 3}, 3, 0),
        # Each use counts, fragments wherever they are spread.
        (
            "query($ids: [ID!]!) { nodes(ids: $ids) { id } again: nodes(ids: $ids) { id } }",
            {"ids": ["a", "b"]},
            4,
            0,
        ),
        (
            f"query($w: OrderWhere) {{ customers {{ nodes {{ ...F a: id ...F }} }} }} {FRAGMENT}",
            {"w": WHERE},
            6,
            8,
        ),
        ('{ nodes(ids: ["a", "b"]) { id } }', {}, 2, 0),
        ('query($ids: [ID!]! = ["a", "b"]) { nodes(ids: $ids) { id } }', {}, 2, 0),
        ('query($ids: [ID!]! = ["a", "b"]) { nodes(ids: $ids) { id } }', {"ids": []}, 0, 0),
        (
            "query($w: OrderWhere!) { orders(where: {or: [$w, {not: $w}]}) { totalCount } }",
            {"w": WHERE},
            8,
            10,
        ),
    ],
)
def test_what_is_brought_is_counted(
    document: str, variables: dict[str, Any], elements: int, conditions: int
) -> None:
    assert amount(document, **variables) == Amount(elements, conditions)


@pytest.mark.parametrize(
    ("count", "where", "code"),
    [
        (20, {"or": [{"number": {"eq": "A"}}] * 4}, None),
        (20, {"or": [{"number": {"eq": "A"}}] * 5}, "LIMIT_EXCEEDED"),
        (5, {"not": {"or": [{"sku": {"eq": "A"}}] * 98}}, "LIMIT_EXCEEDED"),
    ],
)
async def test_one_budget_holds_for_all_filters_of_an_operation(
    sqlite_database: Database, count: int, where: Any, code: str | None
) -> None:
    roots = " ".join(f"r{n}: orders(where: $where) {{ nodes {{ id }} }}" for n in range(count))
    document = f"query($where: OrderWhere) {{ {roots} }}"
    if code:
        assert (await failure(document, where=where))[0] == code
    else:
        assert await ask(document, where=where) == {f"r{n}": {"nodes": []} for n in range(count)}


async def test_more_fields_than_there_are_is_told(sqlite_database: Database) -> None:
    where = {f"a{number}": 1 for number in range(50)}
    assert await failure(ORDERS, where=where) == (
        "BAD_REQUEST",
        "`$where` has fields that there are not.",
    )
