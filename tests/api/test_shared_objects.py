"""An object that several others point to is read and completed once, also where it is broken."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from graph.execution.documents.limits import Limits
from graph.execution.engine import Answer, Ask, Engine
from graph.schema import schema
from models.catalog import Product
from models.rules.access import OPEN, Actor
from resolvers.context import Context
from resolvers.loaders.relation import ToOne
from resolvers.metering import Meter
from services.storage.select import Names
from tests.support.api import SEALER, change
from tests.support.company import WAREHOUSE, found_company
from tests.support.databases import Database

ENGINE: Final = Engine(schema, Limits())


async def answer(document: str) -> Answer:
    return await ENGINE.execute(ENGINE.prepare(Ask(document), Context(OPEN, SEALER)))


@pytest.fixture
async def one_product(sqlite_database: Database) -> None:
    """Three orders of the same product, which lies in two warehouses."""
    company = await found_company()
    await company.product("CUP", stock=10)
    other = await change(WAREHOUSE, input={"code": "OTHER", "name": "Other warehouse"})
    await replace(company, warehouse=other["warehouse"]["id"]).receive("CUP", 10)
    for _ in range(3):
        await company.order(("CUP", 1))


@pytest.fixture
def products_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many products each look-up reads. Their names are missing, their barcodes no text."""
    found: list[int] = []
    load = ToOne.load
    spoilt = {"name": None, "barcode": object()}

    async def load_badly(
        relation: ToOne,
        actor: Actor,
        keys: Sequence[Any],
        columns: Names | None = None,
        meter: Meter | None = None,
    ) -> list[Any]:
        rows = await load(relation, actor, keys, columns, meter)
        if relation.table is not Product or columns is None:
            return rows
        found.append(len(rows))
        return [
            tuple(spoilt.get(name, value) for name, value in zip(columns, row, strict=False))
            for row in rows
        ]

    monkeypatch.setattr(ToOne, "load", load_badly)
    return found


async def test_what_is_wrong_with_it_is_told_at_each_place(
    one_product: None, products_read: list[int]
) -> None:
    got = await answer("{ orders(first: 3) { nodes { lines { product { sku name } } } } }")
    assert got.data is not None
    nodes = got.data["orders"]["nodes"]
    assert nodes == [{"lines": [{"product": None}]}] * 3
    assert [error["path"] for error in got.errors] == [
        ["orders", "nodes", number, "lines", 0, "product", "name"] for number in range(3)
    ]
    assert products_read == [1]


async def test_so_is_what_may_be_missing_in_it(one_product: None, products_read: list[int]) -> None:
    got = await answer("{ orders(first: 2) { nodes { lines { product { sku barcode } } } } }")
    assert got.data is not None
    product = {"sku": "CUP", "barcode": None}
    assert got.data["orders"]["nodes"] == [{"lines": [{"product": product}]}] * 2
    assert [error["path"] for error in got.errors] == [
        ["orders", "nodes", number, "lines", 0, "product", "barcode"] for number in range(2)
    ]


async def test_it_is_read_once_a_level_however_deep_it_is_wrong(
    one_product: None, products_read: list[int]
) -> None:
    inner = "product { name }"
    for _ in range(4):
        inner = f"product {{ stock {{ {inner} }} }}"
    got = await answer(f"{{ orders(first: 3) {{ nodes {{ lines {{ {inner} }} }} }} }}")
    assert len(got.errors) == 3
    assert products_read == [1] * 5
