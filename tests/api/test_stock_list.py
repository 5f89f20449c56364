"""The stock of all warehouses: what it is found by, sorted by, and that it is kept up to date."""

from typing import Any, Final

import pytest

from models.inventory import StockItem
from models.rules.access import Actor, ActorKind, Permission
from tests.support.api import ask, change, failure
from tests.support.company import CATEGORY, ERRORS, STOCK, SUPPLIER, WAREHOUSE, found_company
from tests.support.databases import Database

STOCK_ITEMS: Final = """query($sort: StockSort!, $desc: Boolean!, $where: StockWhere,
    $search: String, $first: Int, $last: Int, $after: Cursor, $before: Cursor) {
  page: stockItems(sort: $sort, desc: $desc, where: $where, search: $search, first: $first,
      last: $last, after: $after, before: $before) {
    nodes { id available isLow product { sku } warehouse { code } }
    pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
    totalCount count(max: 2) { value isExact } } }"""
RULE: Final = f"""mutation($id: ID!, $point: Int!, $safety: Int) {{
  reorderRuleSet(stockItemId: $id, reorderPoint: $point, reorderQuantity: 1,
      safetyStock: $safety) {{
    items {{ id }} {ERRORS} }} }}"""
RENAME: Final = f"""mutation($id: ID!, $input: ProductInput!) {{
  productSave(id: $id, input: $input) {{ product {{ id }} {ERRORS} }} }}"""
SHOWN: Final = {"TEA": "zen tea", "CUP": "Änne's cup", "POT": "Pot"}


class Shelves:
    """Three products in the warehouses A and B, of which CUP ties with POT, A with B."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}

    async def fill(self) -> "Shelves":
        company = await found_company()
        second = await change(WAREHOUSE, input={"code": "B", "name": "B"})
        shelf = await change(CATEGORY, input={"name": "Drinks"})
        maker = await change(SUPPLIER, input={"name": "Maker", "code": "M"})
        self.ids |= {
            "MAIN": company.warehouse,
            "B": second["warehouse"]["id"],
            "Drinks": shelf["category"]["id"],
            "M": maker["supplier"]["id"],
        }
        more: dict[str, dict[str, Any]] = {
            "TEA": {"categoryId": self.ids["Drinks"], "barcode": "4001"},
            "CUP": {"supplierId": self.ids["M"]},
        }
        for sku, name in SHOWN.items():
            fields = {"name": name, **more.get(sku, {})}
            self.ids[sku] = await company.product(sku, **fields)
        for sku, units in (("TEA", 5), ("CUP", 3), ("POT", 3)):
            for code, extra in (("MAIN", 0), ("B", 4 if sku == "TEA" else 0)):
                await self.receive(sku, code, units + extra)
        return self

    async def receive(self, sku: str, code: str, units: int) -> None:
        entry = {"sku": sku, "warehouseId": self.ids[code], "delta": units, "reason": "arrived"}
        self.ids[f"{sku} {code}"] = (await change(STOCK, changes=[entry]))["items"][0]["id"]

    async def rule(self, place: str, point: int, safety: int | None = None) -> None:
        await change(RULE, id=self.ids[place], point=point, safety=safety)


async def listed(sort: str = "SKU", *, desc: bool = False, **more: Any) -> list[str]:
    """The whole list as `TEA MAIN`, read two at a time from both ends, which must agree."""
    found: list[list[str]] = []
    for size, cursor, end, ahead in (
        ("first", "after", "endCursor", "hasNextPage"),
        ("last", "before", "startCursor", "hasPreviousPage"),
    ):
        names: list[str] = []
        asked: dict[str, Any] = {"sort": sort, "desc": desc, size: 2, **more}
        page: dict[str, Any] = {"pageInfo": {ahead: True}}
        while page["pageInfo"][ahead]:
            page = (await ask(STOCK_ITEMS, **asked))["page"]
            part = [
                f"{node['product']['sku']} {node['warehouse']['code']}" for node in page["nodes"]
            ]
            names = names + part if size == "first" else part + names
            asked[cursor] = page["pageInfo"][end]
        found.append(names)
        assert page["totalCount"] == len(names)
        assert page["count"] == {"value": min(2, len(names)), "isExact": len(names) <= 2}
    assert found[0] == found[1]
    return found[0]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("SKU", [{"CUP MAIN", "CUP B"}, {"POT MAIN", "POT B"}, {"TEA MAIN", "TEA B"}]),
        ("NAME", [{"CUP MAIN", "CUP B"}, {"POT MAIN", "POT B"}, {"TEA MAIN", "TEA B"}]),
        (
            "AVAILABLE",
            [{"CUP MAIN", "CUP B", "POT MAIN", "POT B"}, {"TEA MAIN"}, {"TEA B"}],
        ),
    ],
)
async def test_it_is_sorted_both_ways_and_ties_are_broken(
    database: Database, sort: str, expected: list[set[str]]
) -> None:
    await Shelves().fill()
    ascending = await listed(sort)
    assert await listed(sort, desc=True) == ascending[::-1]
    rest = list(ascending)
    for tied in expected:
        assert {rest.pop(0) for _ in tied} == tied
    assert rest == []


async def test_it_is_found_by_product_and_place(database: Database) -> None:
    shelves = await Shelves().fill()
    await shelves.rule("POT B", point=3)
    ids = shelves.ids
    teas, cups, pots = (
        {f"{sku} {code}" for code in ("MAIN", "B")} for sku in ("TEA", "CUP", "POT")
    )
    everything = teas | cups | pots
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({}, everything),
        ({"sku": {"eq": " TEA "}}, teas),
        ({"sku": {"eq": "tea"}}, set()),
        ({"sku": {"in": ["TEA", "CUP", "no"]}}, teas | cups),
        ({"sku": {"startsWith": "P"}}, pots),
        ({"sku": {"words": "te"}}, teas),
        ({"sku": {"startsWith": "T", "words": "cup"}}, set()),
        ({"categoryId": ids["Drinks"]}, teas),
        ({"not": {"categoryId": ids["Drinks"]}}, cups | pots),
        ({"supplierId": ids["M"]}, cups),
        ({"categoryId": ids["Drinks"], "supplierId": ids["M"]}, set()),
        ({"not": {"categoryId": ids["Drinks"], "supplierId": ids["M"]}}, everything),
        ({"or": [{"categoryId": ids["Drinks"]}, {"supplierId": ids["M"]}]}, teas | cups),
        ({"warehouseId": [ids["B"]]}, {"TEA B", "CUP B", "POT B"}),
        ({"warehouseId": [ids["B"], ids["MAIN"]]}, everything),
        ({"warehouseId": []}, set()),
        ({"not": {"warehouseId": []}}, everything),
        ({"lowOnly": True}, {"POT B"}),
        ({"lowOnly": False}, everything),
        ({"not": {"lowOnly": True}}, everything - {"POT B"}),
        ({"and": [{"sku": {"eq": "POT"}}, {"not": {"lowOnly": True}}]}, {"POT MAIN"}),
        ({"or": []}, set()),
        ({"or": [{"sku": {"eq": "CUP"}}, {"lowOnly": True}]}, cups | {"POT B"}),
        ({"not": {"or": [{"sku": {"eq": "CUP"}}, {"lowOnly": True}]}}, teas | {"POT MAIN"}),
    ]
    for where, expected in cases:
        assert set(await listed(where=where)) == expected, where
    assert await listed("AVAILABLE", where={"sku": {"eq": "TEA"}}) == ["TEA MAIN", "TEA B"]


async def test_it_is_searched_by_words_of_the_product(database: Database) -> None:
    await Shelves().fill()
    for text, skus in (
        ("anne", {"CUP"}),
        ("cup", {"CUP"}),
        ("4001", {"TEA"}),
        ("zen te", {"TEA"}),
        ("main", set()),
        ("", set()),
    ):
        found = {name.split()[0] for name in await listed(search=text)}
        assert found == skus, text
    where = {"sku": {"eq": "TEA"}}
    assert await listed(search="zen", where=where, sort="AVAILABLE") == ["TEA MAIN", "TEA B"]
    assert await listed(search="pot", where=where) == []
    assert (await failure('{ stockItems(search: "a b c d e f g h i j k") { nodes { id } } }'))[
        0
    ] == "BAD_REQUEST"


async def test_what_it_is_sorted_by_follows_the_counters_and_the_rule(database: Database) -> None:
    shelves = await Shelves().fill()
    await shelves.rule("TEA B", point=2, safety=8)  # 9 on hand
    assert await listed("AVAILABLE", where={"lowOnly": True}) == ["TEA B"]
    assert (await listed("AVAILABLE"))[0] == "TEA B"
    await shelves.receive("TEA", "B", 2)  # 3 to be promised
    assert await listed(where={"lowOnly": True}) == []
    assert (await listed("AVAILABLE", desc=True))[0] == "TEA MAIN"
    await shelves.receive("TEA", "B", -1)
    assert await listed(where={"lowOnly": True}) == ["TEA B"]
    kept = {
        item.sort_sku: (item.available, item.is_low) for item in await StockItem.filter(is_low=True)
    }
    assert kept == {"TEA": (2, True)}


async def test_it_is_sorted_by_the_name_that_the_product_has_now(database: Database) -> None:
    shelves = await Shelves().fill()
    await change(RENAME, id=shelves.ids["CUP"], input={"sku": "ZUP", "name": "zzz"})
    for sort in ("SKU", "NAME"):
        assert {name.split()[0] for name in (await listed(sort))[-2:]} == {"ZUP"}
    assert set(await listed(where={"sku": {"eq": "ZUP"}})) == {"ZUP MAIN", "ZUP B"}
    third = await change(WAREHOUSE, input={"code": "C", "name": "C"})
    shelves.ids["C"] = third["warehouse"]["id"]
    await shelves.receive("ZUP", "C", 1)  # one that never was is made under the name, too
    assert {name.split()[0] for name in (await listed("NAME"))[-3:]} == {"ZUP"}


async def test_a_cursor_belongs_to_its_filter_and_sort(sqlite_database: Database) -> None:
    await Shelves().fill()
    answer = await ask(STOCK_ITEMS, sort="SKU", desc=False, first=1)
    same = {"sort": "SKU", "desc": False, "after": answer["page"]["pageInfo"]["endCursor"]}
    others: list[dict[str, Any]] = [
        *({"sort": "NAME"}, {"desc": True}, {"where": {"lowOnly": True}}, {"search": "tea"}),
    ]
    for other in others:
        assert (await failure(STOCK_ITEMS, **(same | other)))[0] == "BAD_REQUEST", other


async def test_who_may_not_read_stock_is_refused(sqlite_database: Database) -> None:
    clerk = Actor(ActorKind.STAFF, "clerk", None, frozenset({Permission.CATALOG_READ}))
    code, _ = await failure("{ stockItems { nodes { id } } }", clerk)
    assert code == "FORBIDDEN"
