"""A filter tells nothing of rows that the actor does not see: by them nothing is found."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import pytest
from tortoise.models import Model

from models.catalog import Product
from models.customers import Customer, CustomerAddress, CustomerTag
from models.fulfillment import Return, ReturnLine, Shipment, ShipmentLine
from models.inventory import Reservation, StockItem
from models.orders import Order, OrderLine
from models.payments import Invoice, Payment
from models.references import ExternalRef
from models.rules.access import OPEN, Actor
from models.rules.order_states import OrderAction
from resolvers.identifiers import to_global
from services.aggregates.addresses import Address
from services.catalog.categories import SaveCategory, save_category
from services.customers.save import SaveCustomer, save_customer
from services.inventory.reorder import SetReorderRule, set_reorder_rule
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.place import place_order
from services.work import clock
from services.work.references import ExternalKey
from services.work.visibility import NEEDED
from tests.support.api import ask
from tests.support.databases import Database
from tests.support.hidden import DESK, hide
from tests.support.trade import lines_of, open_trade

SEARCHED: Final = {"orders", "customers", "products", "stockItems"}
WHERE: Final = {
    "orders": "OrderWhere",
    "customers": "CustomerWhere",
    "products": "ProductWhere",
    "stockItems": "StockWhere",
    "returns": "ReturnWhere",
    "payments": "PaymentWhere",
    "invoices": "InvoiceWhere",
}


@dataclass(frozen=True)
class Case:
    """A filter or search of a list, which finds rows by others that are hidden from DESK."""

    listed: str
    found: int
    hidden: dict[type[Model], dict[str, Any]]
    where: dict[str, Any] | None = None
    search: str | None = None

    async def count(self, actor: Actor, where: dict[str, Any] | None) -> int:
        name, search = self.listed, self.listed in SEARCHED
        document = (
            f"query($where: {WHERE[name]}{', $search: String' if search else ''}) {{"
            f" {name}(where: $where{', search: $search' if search else ''}) {{ totalCount }} }}"
        )
        variables = {"where": where} | ({"search": self.search} if search else {})
        answer: int = (await ask(document, actor, **variables))[name]["totalCount"]
        return answer


@dataclass(frozen=True)
class World:
    """ADA bought CUP from NEAR and paid it, BEN bought POT from FAR and owes some of it."""

    far_id: UUID
    category_id: UUID
    stock_item_id: UUID
    ben_id: UUID
    reserved: Order


async def a_world() -> World:
    trade = await open_trade()
    pots = await save_category(OPEN, SaveCategory(name="Pots"))
    await trade.product("CUP", near=9)
    pot = await trade.product("POT", far=9, category_id=pots.id)
    item = await StockItem.get(product_id=pot.id)
    await set_reorder_rule(OPEN, SetReorderRule(item.id, 99, 1))
    ben = await save_customer(
        OPEN,
        SaveCustomer(
            code="BEN",
            name="Benjamin",
            phone="+49 40 7654321",
            tags=("vip",),
            addresses=(Address("Ben", ("Rue 1",), "Paris", "FR"),),
            external_key=ExternalKey("old", "17"),
        ),
    )
    for customer_id, sku, amount in ((trade.customer_id, "CUP", "20"), (ben.id, "POT", "5")):
        order = await place_order(OPEN, PlaceOrder(customer_id, (NewLine(sku, 2),)))
        order = await trade.act(order, OrderAction.SHIP)
        order = await trade.pay(order, amount)
        await trade.announce(order, ((await lines_of(order))[0], 1))
    waiting = PlaceOrder(ben.id, (NewLine("POT", 1),), external_key=ExternalKey("shop", "7"))
    reserved = await place_order(OPEN, waiting)
    return World(trade.far_id, pots.id, item.id, ben.id, reserved)


async def cases_of(world: World) -> list[Case]:
    far_id, stock_id, pot = world.far_id, world.stock_item_id, {"sku": "POT"}
    bens: dict[type[Model], dict[str, Any]] = {Order: {"customer_id": world.ben_id}}
    far = to_global("Warehouse", far_id)
    pots = to_global("Category", world.category_id)
    of_ben = {"customerId": to_global("Customer", world.ben_id)}
    left = {"shipment_id__in": [each.id for each in await Shipment.filter(warehouse_id=far_id)]}
    came = {"order_line_id__in": [each.id for each in await OrderLine.filter(sku="POT")]}
    shop = {"externalRef": {"system": "shop", "key": "7"}}
    old = {"externalRef": {"system": "old", "key": "17"}}
    return [
        Case("orders", 2, {OrderLine: pot}, {"sku": {"eq": "POT"}}),
        Case("orders", 2, {OrderLine: pot}, {"sku": {"startsWith": "PO"}}),
        Case(
            "orders",
            2,
            {Shipment: {"warehouse_id": far_id}, Reservation: {"stock_item_id": stock_id}},
            {"warehouseId": far},
        ),
        Case("orders", 1, {ExternalRef: {"subject_id": world.reserved.id}}, shop),
        Case("orders", 2, {Customer: {"code": "BEN"}}, search="benja"),
        Case("orders", 2, {Customer: {"code": "BEN"}}, search="7654321"),
        Case("orders", 2, {Product: pot}, search="pot"),
        Case("orders", 2, {OrderLine: pot}, search="pot"),
        Case("customers", 1, {CustomerAddress: {"country_code": "FR"}}, {"country": ["FR"]}),
        Case("customers", 1, {CustomerTag: {"tag": "vip"}}, {"tag": ["vip"]}),
        Case("customers", 1, {ExternalRef: {"subject_id": world.ben_id}}, old),
        Case("products", 1, {StockItem: {"id": stock_id}}, {"lowStock": True}),
        Case("stockItems", 1, {Product: pot}, {"sku": {"words": "pot"}}),
        Case("stockItems", 1, {Product: pot}, {"categoryId": pots}),
        Case("stockItems", 1, {Product: pot}, search="pot"),
        Case("returns", 1, bens, of_ben),
        Case("returns", 1, {ShipmentLine: left}, {"warehouseId": far}),
        Case("returns", 1, {ReturnLine: came}, {"warehouseId": far}),
        Case("payments", 1, bens, of_ben),
        Case("invoices", 1, bens, of_ben),
        Case("invoices", 1, bens, {"open": True}),
        Case("invoices", 1, bens, {"overdue": True}),
    ]


async def test_a_filter_finds_nothing_by_rows_that_are_hidden(database: Database) -> None:
    cases = await cases_of(await a_world())
    with clock.frozen(datetime(2100, 1, 1, tzinfo=UTC)):  # every invoice is due
        for case in cases:
            with pytest.MonkeyPatch.context() as monkeypatch:
                for table, rows in case.hidden.items():
                    hide(monkeypatch, table, **rows)
                everything = await case.count(OPEN, None) if case.where else 0
                assert await case.count(OPEN, case.where) == case.found, case
                assert await case.count(DESK, case.where) == 0, case
                if case.where:
                    denied = {"not": case.where}
                    assert await case.count(OPEN, denied) == everything - case.found, case
                    assert await case.count(DESK, denied) == everything, case


async def test_a_filter_finds_nothing_by_tables_that_are_hidden(sqlite_database: Database) -> None:
    """Without the permission to read them, that is, where the list itself needs another."""
    tables: dict[str, type[Model]] = {
        "orders": Order,
        "customers": Customer,
        "products": Product,
        "stockItems": StockItem,
        "payments": Payment,
        "invoices": Invoice,
        "returns": Return,
    }
    tried = 0
    with clock.frozen(datetime(2100, 1, 1, tzinfo=UTC)):
        for case in await cases_of(await a_world()):
            needed = {NEEDED[table] for table in case.hidden}
            if NEEDED[tables[case.listed]] not in needed:
                blind = replace(OPEN, permissions=OPEN.permissions - needed)
                assert await case.count(blind, case.where) == 0, case
                tried += 1
    assert tried == 14
