"""Whatever can be called has a permission, and refuses whoever lacks it before it does anything."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import pytest
from strawberry.types import get_object_definition

import services
from graph.fields import PERMISSION
from graph.mutations import Mutation
from graph.schema import Query, Subscription
from models.events import Feed
from models.exchange import ExchangeRate
from models.idempotency import IdempotencyKey
from models.numbering import NumberCounter
from models.references import SearchToken
from models.rules.access import EVERYTHING, Actor, ActorKind, Permission
from models.rules.errors import Forbidden
from models.tables import TABLES
from services.work.visibility import NEEDED, visible
from tests.support.databases import Database

USE_CASES = {
    "catalog.categories.save_category": Permission.CATALOG_WRITE,
    "catalog.products.save_product": Permission.CATALOG_WRITE,
    "catalog.suppliers.save_supplier": Permission.CATALOG_WRITE,
    "customers.credit.set_credit": Permission.CREDIT_WRITE,
    "customers.groups.save_customer_group": Permission.CUSTOMERS_WRITE,
    "customers.save.save_customer": Permission.CUSTOMERS_WRITE,
    "demo.fill.fill": Permission.IMPORT,
    "fulfillment.parcels.save_parcel": Permission.SHIPMENTS_WRITE,
    "fulfillment.returns.receive_return": Permission.SHIPMENTS_WRITE,
    "fulfillment.returns.request_return": Permission.ORDERS_WRITE,
    "fulfillment.ship.create_shipment": Permission.SHIPMENTS_WRITE,
    "fulfillment.track.track_shipment": Permission.SHIPMENTS_WRITE,
    "imports.run.import_files": Permission.IMPORT,
    "inventory.adjust.adjust_stock": Permission.STOCK_WRITE,
    "inventory.reorder.set_reorder_rule": Permission.STOCK_WRITE,
    "inventory.transfer.transfer_stock": Permission.STOCK_WRITE,
    "inventory.warehouses.save_warehouse": Permission.STOCK_WRITE,
    "operations.audits.credit.verify_credit": Permission.CREDIT_READ,
    "operations.numbering.list_numbering": Permission.ORDERS_READ,
    "operations.numbering.set_next_number": Permission.NUMBERS_WRITE,
    "operations.settled.complete_settled": Permission.ORDERS_WRITE,
    "operations.audits.stock.verify_stock": Permission.STOCK_READ,
    "orders.act.act_on_order": Permission.ORDERS_WRITE,
    "orders.delays.record_delays": Permission.ORDERS_WRITE,
    "orders.edit.edit_order": Permission.ORDERS_WRITE,
    "orders.edit_preview.preview_edit": Permission.ORDERS_WRITE,
    "orders.edit_preview.preview_of_nothing": Permission.ORDERS_WRITE,
    "orders.note.note_on_order": Permission.ORDERS_WRITE,
    "orders.place.draft_order": Permission.ORDERS_WRITE,
    "orders.place.place_order": Permission.ORDERS_WRITE,
    "orders.preview.preview_order": Permission.ORDERS_WRITE,
    "payments.ledger.export_ledger": Permission.PAYMENTS_READ,
    "payments.rates.save_rates": Permission.IMPORT,
    "payments.record.record_payment": Permission.PAYMENTS_WRITE,
}
"""Every use case, and what it takes to call it."""

NO_USE_CASES = {
    "imports.rows.second_pass.write": "called by import_files alone, which has asked",
    "use_case.perform": "runs what a use case does that has asked",
    "work.transaction.run": "opens the transaction of a use case that has asked",
}

INTERNAL = {
    ExchangeRate: "what currencies are worth, which is no secret and nobody's",
    Feed: "how far the feed is numbered and by whom",
    IdempotencyKey: "read by its own principal's retries only",
    NumberCounter: "the counters behind numbers",
    SearchToken: "the words behind searches, whose rows are filtered as their objects are",
}
"""Tables that are no objects of anybody, and so are seen by nobody through `visible`."""


def taking_an_actor() -> dict[str, Callable[..., Any]]:
    """The public async functions of the services that act for somebody, by module and name."""
    found: dict[str, Callable[..., Any]] = {}
    for module in pkgutil.walk_packages(services.__path__, "services."):
        for name, function in vars(importlib.import_module(module.name)).items():
            if (
                inspect.iscoroutinefunction(function)
                and function.__module__ == module.name
                and not name.startswith("_")
                and _for_somebody(function)
            ):
                found[f"{module.name.removeprefix('services.')}.{name}"] = function
    return found


def _for_somebody(function: Callable[..., Any]) -> bool:
    first = next(iter(inspect.signature(function).parameters.values()), None)
    return hasattr(function, "permission") or (first is not None and first.annotation is Actor)


FUNCTIONS = taking_an_actor()


def actor_with(permissions: frozenset[Permission]) -> Actor:
    return Actor(ActorKind.STAFF, "ada", "Ada", permissions)


def test_every_use_case_is_listed() -> None:
    assert set(FUNCTIONS) == {*USE_CASES, *NO_USE_CASES}


@pytest.mark.parametrize("name", USE_CASES)
async def test_whoever_lacks_its_permission_is_refused_first(name: str) -> None:
    """No database is open here, and the input is nothing: whatever is touched first would fail."""
    function, permission = FUNCTIONS[name], USE_CASES[name]
    parameters = list(inspect.signature(function).parameters.values())[1:]
    asked = [each for each in parameters if each.default is inspect.Parameter.empty]
    args = [None for each in asked if each.kind is not inspect.Parameter.KEYWORD_ONLY]
    kwargs = {each.name: None for each in asked if each.kind is inspect.Parameter.KEYWORD_ONLY}
    for held in (frozenset[Permission](), EVERYTHING - {permission}):
        with pytest.raises(Forbidden) as refusal:
            await function(actor_with(held), *args, **kwargs)
        assert refusal.value.permission == permission


def test_every_table_is_somebody_s_or_internal() -> None:
    assert set(NEEDED) | set(INTERNAL) == set(TABLES)
    assert not set(NEEDED) & set(INTERNAL)


@pytest.mark.parametrize("table", INTERNAL)
async def test_what_nobody_decided_on_is_served_to_nobody(
    sqlite_database: Database, table: type[Any]
) -> None:
    with pytest.raises(KeyError):
        visible(table, actor_with(EVERYTHING))


@pytest.mark.parametrize("root", [Query, Mutation, Subscription])
def test_every_root_field_has_a_permission(root: type[Any]) -> None:
    fields = get_object_definition(root, strict=True).fields
    assert fields
    without = [
        each.python_name
        for each in fields
        if not isinstance(each.metadata.get(PERMISSION), Permission)
    ]
    assert without == []
