"""Which orders a filter means, asked of facts. That SQL agrees is shown in `tests/streams`."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from models.rules.order_filter import (
    AmountMatch,
    OrderFilter,
    Reference,
    TextMatch,
    TimeRange,
    matches,
    needed_facts,
)
from models.rules.order_states import FulfillmentStatus, OrderStatus, PaymentStatus

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CUSTOMER, WAREHOUSE = UUID(int=1), UUID(int=2)
FACTS: dict[str, Any] = {
    "number": "SO-Größe-10",
    "channel": "web",
    "customerId": CUSTOMER.hex,
    "status": "CONFIRMED",
    "fulfillment": "UNFULFILLED",
    "payment": "UNPAID",
    "totalMinor": 1050,
    "currency": "EUR",
    "country": "DE",
    "placedAt": "2026-02-01T00:00:00+00:00",
    "stageDueAt": "2026-03-01T00:00:00+00:00",
    "skus": ["CUP", "POT"],
    "warehouses": [WAREHOUSE.hex],
    "references": [["erp", "4711"]],
}
PLACED = datetime(2026, 2, 1, tzinfo=UTC)

MEANT = {
    "everything": OrderFilter(),
    "status": OrderFilter(status=(OrderStatus.CONFIRMED, OrderStatus.DRAFT)),
    "fulfillment": OrderFilter(fulfillment=(FulfillmentStatus.UNFULFILLED,)),
    "payment": OrderFilter(payment=(PaymentStatus.UNPAID,)),
    "customer": OrderFilter(customer_id=CUSTOMER),
    "channel": OrderFilter(channel=("web",)),
    "country": OrderFilter(country=("FR", "DE")),
    "number by words": OrderFilter(number=TextMatch(words="GROSSE so")),
    "number by beginning": OrderFilter(number=TextMatch(starts_with="SO-G")),
    "placed at": OrderFilter(placed_at=TimeRange(gte=PLACED)),
    "total": OrderFilter(total=AmountMatch(eq=Decimal("10.5"), lt=Decimal("10.500001"))),
    "delayed": OrderFilter(is_delayed=True),
    "sku": OrderFilter(sku=TextMatch(in_=("POT", "PAN"))),
    "warehouse": OrderFilter(warehouse_id=WAREHOUSE),
    "reference": OrderFilter(external_ref=Reference(" erp", "4711")),
    "any": OrderFilter(any_of=(OrderFilter(channel=()), OrderFilter(channel=("web",)))),
    "none": OrderFilter(none_of=OrderFilter(channel=("shop",))),
}
NOT_MEANT = {
    "status": OrderFilter(status=(OrderStatus.DRAFT,)),
    "no status": OrderFilter(status=()),
    "fulfillment": OrderFilter(fulfillment=(FulfillmentStatus.DELIVERED,)),
    "payment": OrderFilter(payment=(PaymentStatus.PAID,)),
    "customer": OrderFilter(customer_id=WAREHOUSE),
    "channel": OrderFilter(channel=("Web",)),
    "number by case": OrderFilter(number=TextMatch(eq="so-größe-10")),
    "number by no word": OrderFilter(number=TextMatch(words=" - ")),
    "number by a word's middle": OrderFilter(number=TextMatch(words="osse")),
    "placed before": OrderFilter(placed_at=TimeRange(lt=PLACED)),
    "total": OrderFilter(total=AmountMatch(gte=Decimal("10.51"))),
    "not delayed": OrderFilter(is_delayed=False),
    "two skus at once": OrderFilter(sku=TextMatch(eq="CUP", starts_with="P")),
    "warehouse": OrderFilter(warehouse_id=CUSTOMER),
    "reference": OrderFilter(external_ref=Reference("erp", "4712")),
    "any of none": OrderFilter(any_of=()),
    "all": OrderFilter(all_of=(OrderFilter(), OrderFilter(channel=("shop",)))),
    "none of everything": OrderFilter(none_of=OrderFilter()),
    "two of which one holds": OrderFilter(channel=("web",), country=("FR",)),
}


@pytest.mark.parametrize("wanted", MEANT.values(), ids=MEANT)
def test_an_order_is_meant(wanted: OrderFilter) -> None:
    assert matches(wanted, FACTS, NOW)
    assert not matches(OrderFilter(none_of=wanted), FACTS, NOW)


@pytest.mark.parametrize("wanted", NOT_MEANT.values(), ids=NOT_MEANT)
def test_an_order_is_not_meant(wanted: OrderFilter) -> None:
    assert not matches(wanted, FACTS, NOW)
    assert matches(OrderFilter(none_of=wanted), FACTS, NOW)


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ({"placedAt": None}, OrderFilter(placed_at=TimeRange())),
        ({"country": None}, OrderFilter(country=("DE",))),
        ({"stageDueAt": None}, OrderFilter(is_delayed=True)),
        ({"stageDueAt": "2026-03-01T00:00:00.000001+00:00"}, OrderFilter(is_delayed=True)),
        ({"currency": "JPY"}, OrderFilter(total=AmountMatch(eq=Decimal("10.5")))),
        ({"skus": []}, OrderFilter(sku=TextMatch())),
    ],
    ids=[
        "a draft was never placed",
        "no country is no country",
        "without a deadline nothing is late",
        "what is due later is not late",
        "amounts are in the order's currency",
        "an order without lines has no SKU",
    ],
)
def test_what_is_missing_or_over_is_not_meant(facts: dict[str, Any], wanted: OrderFilter) -> None:
    assert not matches(wanted, FACTS | facts, NOW)


def test_asked_names_what_is_needed_and_nothing_else() -> None:
    for wanted in (*MEANT.values(), *NOT_MEANT.values()):
        names = needed_facts(wanted)
        known = {name: FACTS[name] for name in names}
        assert matches(wanted, known, NOW) == matches(wanted, FACTS, NOW)
    nested = OrderFilter(
        all_of=(MEANT["sku"],), any_of=(MEANT["total"],), none_of=NOT_MEANT["warehouse"]
    )
    assert needed_facts(nested) == {"skus", "totalMinor", "currency", "warehouses"}
    assert needed_facts(OrderFilter()) == frozenset()
