"""What an operation comes to while it runs, by what is really there, and how long its answer is."""

import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as some
from structlog.testing import capture_logs

from graph.execution.documents.limits import Limits
from graph.execution.engine import Answer, Ask, Engine
from graph.execution.incremental.parts import Part
from graph.execution.sizing import encode, size_of
from graph.schema import schema
from models.catalog import Product
from models.customers import Customer
from models.fulfillment import ShipmentLine
from models.inventory import StockItem, Warehouse
from models.orders import Order, OrderLine
from models.rules.access import OPEN
from models.rules.order_states import OrderAction
from resolvers.context import Context
from resolvers.identifiers import to_global
from tests.support.api import SEALER
from tests.support.bulk_rows import copies
from tests.support.databases import Database
from tests.support.parts import read
from tests.support.repository import ROOT
from tests.support.serving import application, client, served, talking
from tests.support.shop import open_shop
from tests.support.statements import counted

LINES: Final = 2_000
ENGINES: Final = pytest.mark.parametrize("reference", [False, True], ids=["ours", "reference"])

WHOLE_ORDER: Final = """{ orders { nodes { number
    lines { id sku quantity unitPrice { amount } product { sku name stock {
        onHand reserved warehouse { code } } } }
    shipments { number status lines { quantity orderLine { sku } } } } } }"""


async def huge_order() -> Order:
    """An order of 2,000 lines of as many products, each in two warehouses, shipped as a whole."""
    shop = await open_shop()
    order = await shop.act(await shop.place(), OrderAction.SHIP)
    rest = range(1, LINES)
    products = await copies(
        await Product.get(), [{"sku": f"CUP-{n}", "name": f"Cup {n}"} for n in rest]
    )
    (other,) = await copies(await Warehouse.get(), [{"code": "OTHER", "name": "Other"}])
    item = await StockItem.get()
    everything = [item.product_id, *(each.id for each in products)]
    await copies(item, [{"product_id": each} for each in everything[1:]])
    await copies(item, [{"product_id": each, "warehouse_id": other.id} for each in everything])
    lines = await copies(
        await OrderLine.get(),
        [
            {"product_id": each.id, "sku": each.sku, "name": each.name, "position": at}
            for at, each in enumerate(products, 2)
        ],
    )
    await copies(await ShipmentLine.get(), [{"order_line_id": each.id} for each in lines])
    return order


async def many_orders(count: int) -> None:
    """So many orders of one customer, with a line each."""
    shop = await open_shop()
    order = await shop.place()
    made = await copies(order, [{"number": f"SO-MANY-{n}"} for n in range(1, count)])
    await copies(await OrderLine.get(), [{"order_id": each.id} for each in made])


async def answered(engine: Engine, text: str, **variables: Any) -> Answer:
    return await engine.execute(engine.prepare(Ask(text, variables), Context(OPEN, SEALER)))


def refusal(answer: Answer | Part) -> tuple[str, str, Any, Any]:
    """Code, message, and the points or bytes that one error tells of."""
    (error,) = answer.errors
    told = error["extensions"]
    return told["code"], error["message"], told.get("requested"), told.get("allowed")


STOPPED: Final = "This came to more than {} points while it ran, and was stopped."
TOO_LONG: Final = "The answer would have more than {} bytes. Ask for less at once."


async def test_an_order_of_two_thousand_lines_is_read_in_one_document(database: Database) -> None:
    await huge_order()
    for reference in (False, True):
        limits = Limits(run_seconds=60.0)
        answer = await answered(Engine(schema, limits, reference=reference), WHOLE_ORDER)
        assert answer.errors == []
        assert answer.data is not None
        (order,) = answer.data["orders"]["nodes"]
        assert len({line["id"] for line in order["lines"]}) == LINES
        assert {len(line["product"]["stock"]) for line in order["lines"]} == {2}
        (shipment,) = order["shipments"]
        skus = [line["orderLine"]["sku"] for line in shipment["lines"]]
        assert sorted(skus) == sorted(line["sku"] for line in order["lines"])


async def test_how_long_a_great_answer_is_at_most_is_known_by_its_fields(
    sqlite_database: Database,
) -> None:
    """What may be too long is measured once more, object by object: few answers are to be."""
    await huge_order()
    context = Context(OPEN, SEALER)
    engine = Engine(schema, Limits(run_seconds=60.0))
    answer = await engine.execute(engine.prepare(Ask(WHOLE_ORDER), context))
    exact, most = len(encode(answer.data)), context.meter.bytes
    assert exact > 500_000
    assert most is not None
    assert exact <= most <= 4 * exact


async def test_the_nested_page_is_read(sqlite_database: Database) -> None:
    await many_orders(10)
    text = (ROOT / "benchmarks/queries/nested_page.graphql").read_text()
    answer = await answered(Engine(schema, Limits()), text)
    assert answer.errors == []
    assert answer.data is not None
    (customer,) = answer.data["customers"]["nodes"]
    assert len(customer["orders"]["nodes"]) == 10


@ENGINES
async def test_what_is_cheap_by_its_text_is_stopped_by_what_is_there(
    database: Database, reference: bool
) -> None:
    order = await huge_order()
    engine = Engine(schema, Limits(run_cost=1_000), reference=reference)
    text = f'{{ order(number: "{order.number}") {{ lines {{ sku }} }} }}'
    with counted() as statements:
        answer = await answered(engine, text)
    assert answer.data is None
    message = f"{STOPPED.format(1_000)} Ask for less at once."
    assert refusal(answer) == ("COST_EXCEEDED", message, 1_001, 1_000)
    # No more rows are read than are allowed, and one, by which it is known that there are more.
    assert " LIMIT " in statements[-1]


async def test_one_operation_is_stopped_as_a_whole(sqlite_database: Database) -> None:
    await huge_order()
    roots = " ".join(f"a{n}: orders {{ nodes {{ lines {{ sku }} }} }}" for n in range(20))
    engine = Engine(schema, Limits(run_cost=3_000))
    with counted() as statements:
        answer = await answered(engine, f"{{ {roots} }}")
    assert refusal(answer)[0] == "COST_EXCEEDED"
    # What begins after the limit was reached reads nothing.
    assert len([each for each in statements if "order_line" in each]) <= 10


async def test_previews_of_long_orders_count_their_lines(sqlite_database: Database) -> None:
    order = await (await open_shop()).place()
    await Order.all().update(line_count=LINES)
    lines = [{"sku": "CUP", "quantity": 1}] * LINES
    wish = "query($id: ID!, $input: OrderEditInput!) {{ {} }}"
    preview = "{}: orderEditPreview(id: $id, input: $input) {{ difference {{ amount }} }}"
    engine = Engine(schema, Limits())
    key = to_global("Order", order.id)
    one = await answered(engine, wish.format(preview.format("one")), id=key, input={"lines": lines})
    assert one.errors == []
    roots = " ".join(preview.format(f"p{n}") for n in range(20))
    with counted() as statements:
        many = await answered(engine, wish.format(roots), id=key, input={"shipping": "1.00"})
    assert refusal(many)[0] == "COST_EXCEEDED"
    # Three of them come to the limit of one operation.
    assert len([each for each in statements if "FROM order_line WHERE order_id" in each]) == 3


async def test_values_of_lists_count(sqlite_database: Database) -> None:
    await open_shop()
    await Customer.all().update(tags=["a"] * 500)
    engine = Engine(schema, Limits(run_cost=50))
    assert refusal(await answered(engine, "{ customers { nodes { tags } } }"))[0] == "COST_EXCEEDED"
    assert (await answered(engine, "{ customers { nodes { name } } }")).errors == []


async def test_a_mutation_that_was_stopped_says_that_it_was_done(
    sqlite_database: Database,
) -> None:
    order = await huge_order()
    engine = Engine(schema, Limits(run_cost=1_000))
    text = 'mutation($id: ID!) { orderNote(id: $id, text: "Call.") { order { lines { sku } } } }'
    ask = await answered(engine, "{ orders { nodes { id } } }")
    assert ask.data is not None
    answer = await answered(engine, text, id=ask.data["orders"]["nodes"][0]["id"])
    code, message, *_ = refusal(answer)
    assert (code, answer.data) == ("COST_EXCEEDED", None)
    assert message.endswith("What it had changed by then is kept.")
    assert (await Order.get(id=order.id)).note == "Call."


DEFERRED: Final = "{ orders { nodes { number ... @defer { lines { sku } } } } }"


@pytest.mark.parametrize(("customers", "in_parts"), [(44, True), (46, False)])
def test_what_costs_much_comes_as_a_whole(customers: int, *, in_parts: bool) -> None:
    text = """query($first: Int!) { customers(first: $first) { nodes {
        orders(first: 100) { nodes { ... @defer { number } } } } } }"""
    asked = Ask(text, {"first": customers})
    context = Context(OPEN, SEALER)
    assert Engine(schema, Limits()).prepare(asked, context, in_parts=True).in_parts is in_parts
    estimate = context.meter.estimate
    assert estimate is not None
    assert estimate.requested == customers * 112 + 1


async def test_parts_are_stopped_too(sqlite_database: Database) -> None:
    await huge_order()
    engine = Engine(schema, Limits(run_cost=1_000))
    executor = engine.prepare(Ask(DEFERRED), Context(OPEN, SEALER), in_parts=True)
    first, last = [part async for part in engine.in_parts(executor)]
    assert first.errors == []
    assert refusal(last)[0] == "COST_EXCEEDED"
    assert last.body()["hasNext"] is False


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(run_cost=3_000), "COST_EXCEEDED"),
        (Limits(answer_bytes=1_000), "LIMIT_EXCEEDED"),
    ],
)
async def test_all_that_was_put_off_is_told_to_be_stopped(
    sqlite_database: Database, limits: Limits, code: str
) -> None:
    await huge_order()
    lines = "orders { nodes { ... @defer { lines { sku } } } }"
    engine = Engine(schema, limits)
    text = f"{{ a: {lines} b: {lines} }}"
    executor = engine.prepare(Ask(text), Context(OPEN, SEALER), in_parts=True)
    with capture_logs() as logs:
        first, last = [part async for part in engine.in_parts(executor)]
    assert logs == []
    announced = {each["id"] for each in first.body()["pending"]}
    completed = {each["id"]: each["errors"] for each in last.body()["completed"]}
    assert completed.keys() == announced
    assert len(announced) == 2
    assert {error["extensions"]["code"] for (error,) in completed.values()} == {code}


async def test_a_first_part_that_is_too_long_is_refused_as_a_whole(
    sqlite_database: Database,
) -> None:
    await huge_order()
    text = "{ orders { nodes { lines { sku } ... @defer { number } } } }"
    engine = Engine(schema, Limits(answer_bytes=1_000))
    executor = engine.prepare(Ask(text), Context(OPEN, SEALER), in_parts=True)
    (only,) = [part async for part in engine.in_parts(executor)]
    assert isinstance(only, Answer)
    assert (only.data, refusal(only)[0]) == (None, "LIMIT_EXCEEDED")


SHARED: Final = """{ customers { nodes { orders(first: 100) { nodes { customer {
    orders(first: 100) { nodes { customer { orders(first: 100) {
        nodes { number } } } } } } } } } } }"""


async def test_an_answer_that_shares_its_objects_is_measured_before_it_is_written(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await many_orders(100)
    engine = Engine(schema, Limits(cost=10**9))
    answer = await answered(engine, SHARED)
    # A million numbers: a few hundred objects are made, and 30 MB would be written.
    most = 16 * 1024 * 1024
    assert refusal(answer) == ("LIMIT_EXCEEDED", TOO_LONG.format(most), None, None)
    assert answer.data is None


@ENGINES
async def test_an_answer_may_have_so_many_bytes_and_no_more(
    sqlite_database: Database, reference: bool
) -> None:
    await many_orders(50)
    # As long by what it may hold as by what it does: only measuring tells.
    await Order.all().update(note="Ö\n" * 1_000)
    text = "{ orders(first: 50) { nodes { note lines { product { name } } } } }"
    whole = await answered(Engine(schema, Limits(), reference=reference), text)
    exact = len(encode(whole.data))
    assert exact > 150_000
    held = Engine(schema, Limits(answer_bytes=exact), reference=reference)
    assert (await answered(held, text)).data == whole.data
    cut = Engine(schema, Limits(answer_bytes=exact - 1), reference=reference)
    assert refusal(await answered(cut, text))[:2] == ("LIMIT_EXCEEDED", TOO_LONG.format(exact - 1))


async def test_it_holds_over_http_websocket_and_in_parts(sqlite_database: Database) -> None:
    await many_orders(50)
    text = "{ orders(first: 50) { nodes { number } } }"
    deferred = "{ orders(first: 50) { nodes { id } ... @defer { nodes { number } } } }"
    message = TOO_LONG.format(1_024)
    async with client(schema, max_answer_bytes=1_024) as http:
        answer = await http.post("/graphql", json={"query": text})
        assert (answer.status_code, answer.json()["data"]) == (200, None)
        assert answer.json()["errors"][0]["message"] == message
        headers = {"accept": "multipart/mixed"}
        answer = await http.post("/graphql", json={"query": deferred}, headers=headers)
        told = (
            read(answer.headers, answer.text)
            if "boundary" in answer.headers["content-type"]
            else [answer.json()]
        )
        assert message in json.dumps(told)
        assert len(answer.content) < 2_048
    with application(schema, max_answer_bytes=1_024) as app:
        async with served(app) as address, talking(address) as talk:
            await talk.begin()
            for query in (text, deferred):
                await talk.subscribe("q", query)
                heard = [await talk.hear()]
                while heard[-1]["type"] == "next":
                    heard.append(await talk.hear())
                assert message in json.dumps(heard)


TREES: Final = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(-(2**63), 2**64 - 1)
    | some.floats()
    | some.text(),
    lambda inside: (
        some.lists(inside, max_size=4) | some.dictionaries(some.text(), inside, max_size=4)
    ),
    max_leaves=20,
)


@given(TREES)
def test_the_size_is_that_of_what_is_written(tree: Any) -> None:
    assert size_of(tree) == len(encode(tree))
    shared = [tree, {"a": tree, "b": [tree, tree]}]
    assert size_of(shared) == len(encode(shared))
