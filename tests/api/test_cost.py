"""What an operation costs before it runs: counted by hand, and refused beyond a limit."""

from pathlib import Path
from typing import Any, Final

import pytest
from graphql import get_introspection_query

from graph.execution.documents.documents import Documents
from graph.execution.documents.limits import Limits
from graph.execution.engine import Ask, Engine
from graph.execution.failures import Rejected
from graph.schema import schema
from models.rules.access import OPEN
from resolvers.context import Context
from tests.support.api import SEALER, failure
from tests.support.databases import Database
from tests.support.repository import ROOT
from tests.support.serving import CORRELATION, application, client, served, talking
from tests.support.statements import counted

DOCUMENTS: Final = Documents(schema._schema, Limits(), open_schema=True)

# 243 bytes, and as many objects as (100 x 4) to the power of 3 for each warehouse.
AMPLIFIED: Final = (
    "{warehouses{stock(first:100){nodes{product{stock{warehouse{stock(first:100){nodes{product{"
    "stock{warehouse{stock(first:100){nodes{product{id}}}}}}}}}}}}}}}"
)
ROUND: Final = (
    "{customers(first:100){nodes{orders(first:100){nodes{customer{orders(first:100){nodes{"
    "number}}}}}}}}"
)
NESTED_PAGE: Final = Path(ROOT / "benchmarks/queries/nested_page.graphql").read_text()


def cost(text: str, **variables: Any) -> int:
    document = DOCUMENTS.document(text)
    (operation,) = document.operations.values()
    return document.costs.of(operation, variables)


def test_the_nested_page_costs_what_was_counted_by_hand() -> None:
    # 11,641 objects, and 18,060 scalars at ten a point.
    assert cost(NESTED_PAGE) == 13_447


COUNTED: Final = {
    # An order and its two scalars.
    '{ order(number: "A") { id number } }': 2,
    # A connection, 20 orders, and 20 scalars.
    "{ orders { nodes { id } } }": 23,
    # The same in edges: an object more for each order.
    "{ orders { edges { node { id } } } }": 43,
    # From the end; the scalar and the object beside the rows count once.
    "{ orders(last: 3) { totalCount pageInfo { endCursor } nodes { id } } }": 6,
    # Nobody gets more than 100, whatever they ask for; the field itself refuses it.
    "{ orders(first: 1000000) { nodes { id } } }": 111,
    "{ orders(first: null) { nodes { id } } }": 23,
    # Lines are 5, allocations 3, each with a warehouse.
    '{ order(number: "A") { lines { allocations { warehouse { code } } } } }': 1 + 5 + 30 + 2,
    # What is asked for in an input says nothing of the answer: lines are 5 here, too, and taxes 3.
    """{ orderPreview(input: {customerId: "a", lines: []}) {
        lines { total { net { amount } } } taxes { rate } } }""": 1 + 5 * 3 + 3 + 1,
    # A list that answers a list is as long.
    '{ nodes(ids: ["a", "b", "c", "d"]) { id } }': 5,
    # A size of its own, with the schema's default of 10.
    '{ customer(code: "A") { frequentProducts { score } } }': 1 + 10 + 1,
    # Roots and aliases are summed.
    '{ a: order(number: "A") { id } b: order(number: "A") { id } customers { nodes { id } } }': 26,
    # The same field twice is one field, whether written out or spread.
    '{ order(number: "A") { lines { sku } lines { sku name } } }': 1 + 5 + 1,
    """{ order(number: "A") { ...F ...G lines { sku } } }
    fragment F on Order { lines { sku } } fragment G on Order { ...F lines { name } }""": 7,
    # The dearest of what it might be: an order with ten lines' worth of scalars is not asked for.
    """{ node(id: "a") { id ... on Order { lines { sku } } ... on Customer { name } } }""": 7,
}


@pytest.mark.parametrize("text", COUNTED)
def test_what_is_counted_by_hand(text: str) -> None:
    assert cost(text) == COUNTED[text]


def test_variables_decide() -> None:
    text = """query($n: Int, $last: Int = 4, $with: Boolean!, $ids: [ID!]!) {
        orders(first: $n) { nodes { id } }
        customers(last: $last) @include(if: $with) { nodes { id } }
        suppliers(first: 2) @skip(if: $with) { nodes { id } }
        nodes(ids: $ids) { id }
    }"""
    orders, customers, suppliers = 23, 5.4, 3.2
    assert cost(text, n=None, last=4, **{"with": True}, ids=[]) == -(-(orders + customers) // 1)
    assert cost(text, last=4, **{"with": False}, ids=["a"] * 10) == 38  # 23 + 3.2 + 11
    assert cost(text, n=100, last=4, **{"with": False}, ids=[]) == -(-(111 + suppliers) // 1)
    # Kept by what decides: another value is another cost, the same one is not reckoned anew.
    assert cost(text, n=1, last=4, **{"with": False}, ids=[]) == 6
    assert cost(text, n=100, last=4, **{"with": False}, ids=[]) == 115


def test_a_mutation_costs_ten_more_for_each_field() -> None:
    text = 'mutation { a: supplierSave(input: {code: "A", name: "A"}) { supplier { id } } }'
    assert cost(text) == 10 + 2 + 1
    assert cost(text.replace("a:", "b:").replace("{ a", "{ x", 1)) == 13


def test_fragments_that_double_are_reckoned_once() -> None:
    doubled = "".join(
        f"fragment F{n} on Customer {{ orders(first: 0) {{ nodes {{ customer {{ ...F{n + 1} }} }}"
        f" edges {{ node {{ customer {{ ...F{n + 1} }} }} }} }} }}"
        for n in range(30)
    )
    text = f'{{ customer(code: "A") {{ ...F0 }} }} {doubled} fragment F30 on Customer {{ id }}'
    documents = Documents(schema._schema, Limits(tokens=10_000, depth=200), open_schema=True)
    document = documents.document(text)
    (operation,) = document.operations.values()
    assert document.costs.of(operation, {}) == 2
    document = documents.document(text.replace("first: 0", "first: 100"))
    (operation,) = document.operations.values()
    assert document.costs.of(operation, {}) == 2**31 - 1  # no more is told


@pytest.mark.parametrize("reference", [False, True], ids=["ours", "reference"])
@pytest.mark.parametrize(("text", "points"), [(AMPLIFIED, 102_484_206), (ROUND, 1_130_201)])
async def test_what_would_amplify_is_refused_before_it_runs(
    text: str, points: int, reference: bool
) -> None:
    engine = Engine(schema, Limits(), reference=reference)
    with pytest.raises(Rejected) as refused:
        engine.prepare(Ask(text), Context(OPEN, SEALER))
    (told,) = refused.value.written(None)
    assert told["extensions"]["code"] == "COST_EXCEEDED"
    assert (told["extensions"]["requested"], told["extensions"]["allowed"]) == (points, 20_000)


def refusal(requested: int, allowed: int) -> dict[str, Any]:
    extensions = {
        "code": "COST_EXCEEDED",
        "retryable": False,
        "requested": requested,
        "allowed": allowed,
    }
    message = f"This costs {requested} points; at most {allowed} are allowed. Ask for less at once."
    return {"message": message, "extensions": extensions}


async def test_a_refusal_over_http_names_both_figures_and_asks_no_database(
    sqlite_database: Database,
) -> None:
    query = "query($n: Int) { orders(first: $n) { nodes { id } } }"
    async with client(schema, max_cost=100) as http:
        sent = {"query": query, "variables": {"n": 91}}
        with counted() as statements:
            answer = await http.post("/graphql", json=sent)
        assert statements == []
        told = refusal(102, 100)
        told["extensions"]["correlationId"] = CORRELATION
        assert (answer.status_code, answer.json()) == (200, {"errors": [told]})
        accept = {"accept": "application/graphql-response+json"}
        assert (await http.post("/graphql", json=sent, headers=accept)).status_code == 400
        sent["variables"] = {"n": 89}
        assert (await http.post("/graphql", json=sent)).json() == {
            "data": {"orders": {"nodes": []}}
        }


async def test_a_refusal_over_a_websocket_ends_its_operation_alone(
    sqlite_database: Database,
) -> None:
    stream = """subscription { orderUpdates { ... on OrderUpdate { order { customer {
        orders(first: 91) { nodes { id } } } } } } }"""
    with application(schema, max_cost=100) as app:
        async with served(app) as address, talking(address) as talk:
            await talk.begin()
            for key, text, points in (
                ("q", "{ orders(first: 91) { nodes { id } } }", 102),
                ("s", stream, 105),
            ):
                await talk.subscribe(key, text)
                heard = await talk.hear()
                assert (heard["type"], heard["id"]) == ("error", key)
                (told,) = heard["payload"]
                del told["extensions"]["correlationId"]
                assert told == refusal(points, 100)
            await talk.subscribe("next", "{ orders { nodes { id } } }")
            assert (await talk.hear())["type"] == "next"


async def test_introspection_fits() -> None:
    assert cost(get_introspection_query(input_value_deprecation=True)) < 2_000


async def test_the_limit_is_kept_and_not_passed(sqlite_database: Database) -> None:
    # 199 times 100 objects with a scalar each, and what holds them.
    text = "{ customers(first: 100) { nodes { orders(first: 100) { nodes { id version } } } } }"
    assert cost(text) == 12_201
    wide = text.replace("version", "version customer { id }")
    assert await failure(wide) == (
        "COST_EXCEEDED",
        "This costs 23201 points; at most 20000 are allowed. Ask for less at once.",
    )
