"""Who gets which units: nothing twice, from one warehouse where one has all."""

from collections import defaultdict
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from models.rules.allocation import Demand, Plan, StockRow, Take, allocate

CUP, POT = UUID(int=1), UUID(int=2)
NEAR, FAR = UUID(int=11), UUID(int=12)
FIRST, SECOND = UUID(int=21), UUID(int=22)


def row(product: UUID, warehouse: UUID, available: int, priority: int | None = None) -> StockRow:
    order = priority if priority is not None else warehouse.int
    return StockRow(
        UUID(int=product.int * 100 + warehouse.int), product, warehouse, order, available
    )


def take(line: UUID, product: UUID, warehouse: UUID, quantity: int) -> Take:
    return Take(line, UUID(int=product.int * 100 + warehouse.int), warehouse, quantity)


def test_the_nearest_warehouse_serves() -> None:
    plan = allocate([Demand(FIRST, CUP, 3)], [row(CUP, FAR, 9), row(CUP, NEAR, 9)])
    assert plan == Plan([take(FIRST, CUP, NEAR, 3)], {})


def test_a_farther_warehouse_that_has_all_serves_alone() -> None:
    stock = [row(CUP, NEAR, 5), row(CUP, FAR, 5), row(POT, FAR, 5)]
    plan = allocate([Demand(FIRST, CUP, 5), Demand(SECOND, POT, 1)], stock)
    assert plan == Plan([take(FIRST, CUP, FAR, 5), take(SECOND, POT, FAR, 1)], {})


def test_where_none_has_all_the_nearest_gives_first() -> None:
    plan = allocate([Demand(FIRST, CUP, 7)], [row(CUP, NEAR, 4), row(CUP, FAR, 5)])
    assert plan == Plan([take(FIRST, CUP, NEAR, 4), take(FIRST, CUP, FAR, 3)], {})


def test_what_nobody_has_is_short() -> None:
    plan = allocate([Demand(FIRST, CUP, 7), Demand(SECOND, POT, 1)], [row(CUP, NEAR, 4)])
    assert plan == Plan([take(FIRST, CUP, NEAR, 4)], {FIRST: 3, SECOND: 1})


def test_lines_of_one_product_share_what_there_is_in_their_order() -> None:
    plan = allocate([Demand(FIRST, CUP, 3), Demand(SECOND, CUP, 3)], [row(CUP, NEAR, 4)])
    assert plan == Plan([take(FIRST, CUP, NEAR, 3), take(SECOND, CUP, NEAR, 1)], {SECOND: 2})


def test_lines_of_one_product_are_summed_before_a_warehouse_has_all() -> None:
    stock = [row(CUP, NEAR, 3), row(CUP, FAR, 6)]
    plan = allocate([Demand(FIRST, CUP, 3), Demand(SECOND, CUP, 3)], stock)
    assert plan == Plan([take(FIRST, CUP, FAR, 3), take(SECOND, CUP, FAR, 3)], {})


def test_less_than_nothing_is_nothing() -> None:
    plan = allocate([Demand(FIRST, CUP, 2)], [row(CUP, NEAR, -5), row(CUP, FAR, 1)])
    assert plan == Plan([take(FIRST, CUP, FAR, 1)], {FIRST: 1})


def test_the_same_priority_is_decided_by_the_warehouse_and_not_by_chance() -> None:
    stock = [row(CUP, FAR, 5, priority=1), row(CUP, NEAR, 5, priority=1)]
    plan = allocate([Demand(FIRST, CUP, 2)], stock)
    assert plan == allocate([Demand(FIRST, CUP, 2)], stock[::-1])
    assert plan == Plan([take(FIRST, CUP, NEAR, 2)], {})


PRODUCTS = st.sampled_from([UUID(int=n) for n in range(1, 4)])
WAREHOUSES = st.sampled_from([UUID(int=n) for n in range(11, 14)])
STOCK = st.dictionaries(st.tuples(PRODUCTS, WAREHOUSES), st.integers(-5, 20), max_size=9).map(
    lambda cells: [row(*cell, units) for cell, units in cells.items()]
)
DEMAND = st.lists(st.tuples(PRODUCTS, st.integers(1, 30)), min_size=1, max_size=8).map(
    lambda wishes: [
        Demand(UUID(int=1000 + n), product, units) for n, (product, units) in enumerate(wishes)
    ]
)


@given(DEMAND, STOCK)
def test_nothing_is_promised_twice_and_nothing_withheld(
    demand: list[Demand], stock: list[StockRow]
) -> None:
    plan = allocate(demand, stock)
    by_item: dict[UUID, int] = defaultdict(int)
    by_line: dict[UUID, int] = defaultdict(int)
    for each in plan.takes:
        by_item[each.stock_item_id] += each.quantity
        by_line[each.line_key] += each.quantity
    rows = {each.stock_item_id: each for each in stock}
    wishes = {each.line_key: each for each in demand}
    assert all(each.quantity > 0 for each in plan.takes)
    assert all(units <= rows[key].available for key, units in by_item.items())
    assert all(
        rows[each.stock_item_id].product_id == wishes[each.line_key].product_id
        for each in plan.takes
    )
    for wish in demand:
        missing = plan.shortages.get(wish.line_key, 0)
        assert by_line[wish.line_key] + missing == wish.quantity
    for product in {each.product_id for each in demand}:
        there = sum(max(each.available, 0) for each in stock if each.product_id == product)
        wanted = sum(each.quantity for each in demand if each.product_id == product)
        short = sum(
            plan.shortages.get(each.line_key, 0) for each in demand if each.product_id == product
        )
        assert short == max(wanted - there, 0)


@given(DEMAND, STOCK)
def test_one_warehouse_serves_alone_where_one_can(
    demand: list[Demand], stock: list[StockRow]
) -> None:
    wanted: dict[UUID, int] = defaultdict(int)
    for each in demand:
        wanted[each.product_id] += each.quantity
    able = [
        warehouse
        for warehouse in {each.warehouse_id for each in stock}
        if all(
            units
            <= sum(
                each.available
                for each in stock
                if each.warehouse_id == warehouse and each.product_id == product
            )
            for product, units in wanted.items()
        )
    ]
    used = {each.warehouse_id for each in allocate(demand, stock).takes}
    if able:
        assert used == {min(able)}  # of equal ids and priorities here, the nearest is the least
