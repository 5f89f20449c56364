"""Every argument and input field takes what is empty, blank or unprintable, or says why not."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from graphql import GraphQLObjectType, get_named_type
from structlog.testing import capture_logs

from graph.execution.engine import Answer, Ask
from graph.execution.failures import Code, Rejected
from graph.schema import schema
from models.rules.access import OPEN
from models.tables import TABLES
from resolvers.context import Context
from services.storage.database import fetch
from tests.support.api import ENGINE, SEALER, ask, change
from tests.support.company import (
    CATEGORY,
    GROUP,
    RETURN,
    SHIPMENT,
    SUPPLIER,
    Company,
    found_company,
)
from tests.support.databases import Database
from tests.support.odd_inputs import Filling, Place, document, document_below, fields_below, places

CORE = schema._schema
QUERY = cast("GraphQLObjectType", CORE.query_type)
MUTATION = cast("GraphQLObjectType", CORE.mutation_type)

ALLOWED = {Code.BAD_REQUEST, Code.LIMIT_EXCEEDED, Code.FORBIDDEN}
COUNTERS = {"NumberCounter"}
"""Numbers are taken outside of an order's transaction; one that is refused leaves a gap."""

IDS = """{
  orders { nodes { id lines { id } shipments { id parcels { id } } payments { id }
    returns { id } invoices { id } } }
  product(sku: "TEA") { id stock { id } } customers { nodes { id } } warehouses { id }
}"""


async def answered(text: str, variables: dict[str, Any]) -> Answer:
    with capture_logs():
        try:
            executor = ENGINE.prepare(Ask(text, variables), Context(OPEN, SEALER))
            return await ENGINE.execute(executor)
        except Rejected as rejected:
            return Answer(None, rejected.written(None), executed=False)


def wrong(answer: Answer) -> list[str]:
    """The codes of an answer's errors that no client must get for what it sends."""
    codes = [error["extensions"]["code"] for error in answer.errors]
    return [f"{code}: {answer.errors[0]['message']}" for code in codes if code not in ALLOWED]


async def rows() -> dict[str, list[dict[str, Any]]]:
    tables = [each for each in TABLES if each.__name__ not in COUNTERS]
    return {
        each.__name__: await each.all().order_by(each._meta.pk_attr).values() for each in tables
    }


async def counts() -> tuple[Any, ...]:
    """How many rows each table has."""
    tables = [each._meta.db_table for each in TABLES if each.__name__ not in COUNTERS]
    parts = ", ".join(f"(SELECT COUNT(*) FROM {name})" for name in tables)
    return tuple((await fetch(f"SELECT {parts}", []))[0])


@pytest.fixture
async def company(database: Database) -> Company:
    founded = await found_company()
    await founded.product("TEA", stock=1_000)
    return founded


async def known(company: Company) -> dict[str, Any]:
    """Good values by their names: those of a company that has a placed order."""
    order = await company.order(("TEA", 2))
    line = {"lineId": order["lines"][0]["id"], "quantity": 1}
    found = await ask(IDS)
    stock = found["product"]["stock"][0]["id"]
    return {
        "id": order["id"],
        "ids": [order["id"]],
        "orderId": order["id"],
        "customerId": company.customer,
        "version": order["version"],
        "lineId": line["lineId"],
        "warehouseId": company.warehouse,
        "fromId": company.warehouse,
        "toId": company.warehouse,
        "stockItemId": stock,
        "sku": "TEA",
        "countryCode": "DE",
        "channel": "shop",
        "action": "HOLD",
        "kind": "CHARGE",
        "StockChange.kind": "ADJUST",
        "AttributeDefinitionInput.type": "TEXT",
        "Mutation.customerCreditSet.id": company.customer,
        "Mutation.customerCreditSet.version": 1,
        "ProductInput.sku": "NEW-",
        "CustomerInput.code": "NEW-",
        "SupplierInput.code": "NEW-",
        "WarehouseInput.code": "NEW-",
        "CustomerGroupInput.name": "NEW-",
        "CategoryInput.name": "NEW-",
    }


async def with_shipment(company: Company, values: dict[str, Any]) -> dict[str, Any]:
    wish = {"warehouseId": company.warehouse, "parcels": [{"carrier": "A"}]}
    made = await change(SHIPMENT, id=values["id"], version=values["version"], input=wish)
    return {"id": made["order"]["shipments"][0]["id"], "status": "LABELLED"}


async def with_parcel(company: Company, values: dict[str, Any]) -> dict[str, Any]:
    return {"shipmentId": (await with_shipment(company, values))["id"]}


async def with_units_sent(company: Company, values: dict[str, Any]) -> dict[str, Any]:
    order = await company.order(("TEA", 2))
    version = await company.ship(order, ("TEA", 2))
    return {"orderId": order["id"], "lineId": order["lines"][0]["id"], "version": version}


async def with_return(company: Company, values: dict[str, Any]) -> dict[str, Any]:
    sent = await with_units_sent(company, values)
    lines = [{"lineId": sent["lineId"], "quantity": 1}]
    asked = await change(RETURN, orderId=sent["orderId"], lines=lines, reason="broken")
    (made,) = asked["order"]["returns"]
    return sent | {"id": made["id"], "version": made["version"]}


MORE: dict[str, Callable[[Company, dict[str, Any]], Awaitable[dict[str, Any]]]] = {
    "shipmentTrack": with_shipment,
    "parcelSave": with_parcel,
    "returnRequest": with_units_sent,
    "returnReceive": with_return,
}
"""What a mutation needs that a placed order has not."""


@pytest.mark.parametrize("name", QUERY.fields)
async def test_a_query_takes_odd_inputs_or_says_why_not(company: Company, name: str) -> None:
    field = QUERY.fields[name]
    filling = Filling(await known(company))
    found = {}
    for place in places(f"Query.{name}", field):
        for form, value in place.forms():
            given = filling.arguments(field, place, value)
            answer = await answered(document("query", field, name, given), given)
            if told := wrong(answer):
                found[f"{place} {form}"] = told
    assert found == {}


async def test_a_nested_field_takes_odd_inputs_or_says_why_not(company: Company) -> None:
    filling = Filling(await known(company))
    ids = await ids_by_type(company)
    found, reached = {}, set()
    for owner, name, field in fields_below(CORE):
        if owner not in ids:
            continue
        for place in places(f"{owner}.{name}", field):
            reached.add(place.field)
            for form, value in place.forms():
                given = filling.arguments(field, place, value)
                text = document_below(owner, field, name, given)
                answer = await answered(text, given | {"of": ids[owner]})
                if told := wrong(answer):
                    found[f"{place} {form}"] = told
    assert found == {}
    assert {"Customer.orders", "Order.timeline", "Warehouse.stock"} <= reached


async def ids_by_type(company: Company) -> dict[str, str]:
    found = await ask(IDS)
    product = found["product"]
    category = await change(CATEGORY, input={"name": "Drinks"})
    supplier = await change(SUPPLIER, input={"name": "Sid"})
    group = await change(GROUP, input={"name": "Friends"})
    return {
        "Order": found["orders"]["nodes"][0]["id"],
        "OrderLine": found["orders"]["nodes"][0]["lines"][0]["id"],
        "Customer": company.customer,
        "CustomerGroup": group["customerGroup"]["id"],
        "Category": category["category"]["id"],
        "Supplier": supplier["supplier"]["id"],
        "Product": product["id"],
        "StockItem": product["stock"][0]["id"],
        "Warehouse": company.warehouse,
    }


@pytest.mark.parametrize("name", MUTATION.fields)
async def test_a_mutation_takes_odd_inputs_or_leaves_all_as_it_was(
    company: Company, name: str
) -> None:
    field = MUTATION.fields[name]
    found = {}
    for place in places(f"Mutation.{name}", field):
        values = await known(company)
        if name in MORE:
            values |= await MORE[name](company, values)
        for told in await odd_ones(place, Filling(values), name):
            found[told[0]] = told[1]
    assert found == {}


async def odd_ones(place: Place, filling: Filling, name: str) -> list[tuple[str, Any]]:
    """What is wrong with what a mutation makes of odd values at a place."""
    field = MUTATION.fields[name]
    found: list[tuple[str, Any]] = []
    before, counted, changed = await rows(), await counts(), False
    for form, value in place.forms():
        given = filling.arguments(field, place, value)
        answer = await answered(document("mutation", field, name, given), given)
        refused = bool(answer.errors) or bool((answer.data or {}).get(name, {}).get("userErrors"))
        changed = changed or not refused
        known, counted = counted, await counts()
        if told := wrong(answer):
            found.append((f"{place} {form}", told))
        elif refused and counted != known:
            found.append((f"{place} {form}", "refused, and rows were written"))
    if not changed and await rows() != before:
        found.append((str(place), "refused, and rows were changed"))
    return found


EVERYTHING: list[dict[str, Any]] = [
    {},
    {"and": []},
    {"and": [{}]},
    {"and": [{"and": [{}]}, {}]},
    {"or": [{}]},
    {"or": [{"and": [{}]}]},
    {"or": [{"or": []}, {}]},
    {"not": {"or": []}},
    {"not": {"not": {"and": [{}]}}},
]
NOTHING: list[dict[str, Any]] = [
    {"or": []},
    {"and": [{"or": []}]},
    {"not": {}},
    {"not": {"and": []}},
    {"not": {"or": [{}]}},
    {"or": [{"not": {}}, {"or": []}]},
]

FILTERED = [
    name
    for name, field in QUERY.fields.items()
    if "where" in field.args and isinstance(get_named_type(field.type), GraphQLObjectType)
]


@pytest.mark.parametrize("name", FILTERED)
async def test_a_filter_without_conditions_holds_for_everything(
    company: Company, name: str
) -> None:
    await with_return(company, {})
    of_type = QUERY.fields[name].args["where"].type
    text = f"query($where: {of_type}) {{ {name}(where: $where) {{ nodes {{ __typename }} }} }}"
    all_of_them = (await ask(f"{{ {name} {{ nodes {{ __typename }} }} }}"))[name]["nodes"]
    for where in EVERYTHING:
        assert (await ask(text, where=where))[name]["nodes"] == all_of_them, where
    for where in NOTHING:
        assert (await ask(text, where=where))[name]["nodes"] == [], where
