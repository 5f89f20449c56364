"""Two hundred clients want the last unit at the same moment: one gets it."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from models.inventory import StockItem, StockMovement
from models.orders import Order
from tests.support.company import PLACE, found_company
from tests.support.databases import Database
from tests.support.processes import Server, started

CLIENTS = 200
PLANTED = {
    "sqlite": "tests.support.faulty_servers:early",
    "postgres": "tests.support.faulty_servers:naive",
    "mariadb": "tests.support.faulty_servers:naive",
    "mysql": "tests.support.faulty_servers:naive",
}


async def rush(
    server: Server, customer: str, clients: int, skus: tuple[str, ...] = ("LAST",)
) -> Counter[str]:
    """What the clients were answered: the code of the refusal, or the order's status."""
    lines = [{"sku": sku, "quantity": 1} for sku in skus]
    order = {"customerId": customer, "lines": lines}
    answers = await asyncio.gather(*(server.change(PLACE, input=order) for _ in range(clients)))
    return Counter(
        answer["order"]["status"]
        if answer["order"]
        else "/".join(error["code"] for error in answer["userErrors"])
        for answer in answers
    )


@pytest.mark.parametrize("workers", [1, 4])
async def test_one_order_and_no_more(database: Database, workers: int, tmp_path: Path) -> None:
    company = await found_company()
    await company.product("LAST", stock=1)
    async with started(database, tmp_path, workers=workers) as server:
        answers = await rush(server, company.customer, CLIENTS)
    assert answers == {"CONFIRMED": 1, "INSUFFICIENT_STOCK": CLIENTS - 1}
    item = await StockItem.get(product__sku="LAST")
    assert (item.on_hand, item.reserved, await Order.all().count()) == (1, 1, 1)
    last = await StockMovement.filter(stock_item_id=item.id).order_by("-sequence").first()
    assert last is not None
    assert (last.on_hand_after, last.reserved_after, last.sequence) == (1, 1, item.movement_seq)


async def test_one_of_several_products_is_the_last(database: Database, tmp_path: Path) -> None:
    company = await found_company()
    skus = ("LAST", "MANY", "MORE")
    for sku in skus:
        await company.product(sku, stock=1 if sku == "LAST" else CLIENTS)
    async with started(database, tmp_path, workers=4) as server:
        answers = await rush(server, company.customer, CLIENTS, skus)
    assert answers == {"CONFIRMED": 1, "INSUFFICIENT_STOCK": CLIENTS - 1}
    items = await StockItem.filter(product__sku__in=skus).order_by("product__sku")
    assert [(item.reserved, item.movement_seq) for item in items] == [(1, 2)] * 3


async def test_a_planted_fault_is_seen(database: Database, tmp_path: Path) -> None:
    company = await found_company()
    await company.product("LAST", stock=1)
    planted = PLANTED[database.dialect]
    async with started(database, tmp_path, workers=4, app=planted) as server:
        answers = await rush(server, company.customer, 20)
    assert answers["CONFIRMED"] > 1
