"""A filter means the same orders in a stream as in a database."""

from datetime import UTC, datetime, timedelta
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
    asked,
    matches,
)
from models.rules.order_states import FulfillmentStatus, OrderStatus, PaymentStatus

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
ADA, MAIN = UUID(int=1), UUID(int=2)
FACTS: dict[str, Any] = {
    "number": "SO-WEB-202603-000007",
    "channel": "web",
    "customerId": ADA.hex,
    "status": "CONFIRMED",
    "fulfillment": "RESERVED",
    "payment": "UNPAID",
    "totalMinor": 1250,
    "currency": "EUR",
    "country": "DE",
    "placedAt": NOW.isoformat(),
    "promisedAt": (NOW + timedelta(days=1)).isoformat(),
    "skus": ["CUP", "Große Kanne"],
    "warehouses": [MAIN.hex],
    "references": [["shop", "4711"]],
}

CASES: list[tuple[OrderFilter, bool, set[str]]] = [
    (OrderFilter(), True, set()),
    (OrderFilter(number=TextMatch(eq="SO-WEB-202603-000007")), True, {"number"}),
    (OrderFilter(number=TextMatch(eq="so-web-202603-000007")), False, {"number"}),
    (OrderFilter(number=TextMatch(starts_with="SO-WEB")), True, {"number"}),
    (OrderFilter(number=TextMatch(in_=())), False, {"number"}),
    (OrderFilter(status=(OrderStatus.CONFIRMED,)), True, {"status"}),
    (OrderFilter(status=()), False, {"status"}),
    (OrderFilter(fulfillment=(FulfillmentStatus.SHIPPED,)), False, {"fulfillment"}),
    (OrderFilter(payment=(PaymentStatus.UNPAID, PaymentStatus.PAID)), True, {"payment"}),
    (OrderFilter(customer_id=ADA), True, {"customerId"}),
    (OrderFilter(customer_id=MAIN), False, {"customerId"}),
    (OrderFilter(channel=("shop",)), False, {"channel"}),
    (OrderFilter(country=("DE", "AT")), True, {"country"}),
    (OrderFilter(placed_at=TimeRange(gte=NOW)), True, {"placedAt"}),
    (OrderFilter(placed_at=TimeRange(lt=NOW)), False, {"placedAt"}),
    (OrderFilter(total=AmountMatch(eq=Decimal("12.5"))), True, {"totalMinor", "currency"}),
    (OrderFilter(total=AmountMatch(gte=Decimal("12.51"))), False, {"totalMinor", "currency"}),
    (OrderFilter(total=AmountMatch(lt=Decimal("12.50"))), False, {"totalMinor", "currency"}),
    (OrderFilter(is_delayed=False), True, {"promisedAt", "status", "fulfillment"}),
    (OrderFilter(is_delayed=True), False, {"promisedAt", "status", "fulfillment"}),
    (OrderFilter(sku=TextMatch(eq="CUP")), True, {"skus"}),
    (OrderFilter(sku=TextMatch(words="grosse kan")), True, {"skus"}),
    (OrderFilter(sku=TextMatch(words="...")), False, {"skus"}),
    (OrderFilter(sku=TextMatch(eq="POT")), False, {"skus"}),
    (OrderFilter(warehouse_id=MAIN), True, {"warehouses"}),
    (OrderFilter(warehouse_id=ADA), False, {"warehouses"}),
    (OrderFilter(external_ref=Reference(" shop", "4711 ")), True, {"references"}),
    (OrderFilter(external_ref=Reference("erp", "4711")), False, {"references"}),
    (OrderFilter(any_of=()), False, set()),
    (
        OrderFilter(any_of=(OrderFilter(channel=("shop",)), OrderFilter(country=("DE",)))),
        True,
        {"channel", "country"},
    ),
    (
        OrderFilter(all_of=(OrderFilter(channel=("shop",)), OrderFilter(country=("DE",)))),
        False,
        {"channel", "country"},
    ),
    (OrderFilter(none_of=OrderFilter(channel=("web",))), False, {"channel"}),
    (OrderFilter(none_of=OrderFilter(channel=("shop",))), True, {"channel"}),
]


@pytest.mark.parametrize(("wanted", "meant", "facts"), CASES)
def test_which_orders_are_meant(wanted: OrderFilter, meant: bool, facts: set[str]) -> None:
    assert asked(wanted) == facts
    assert matches(wanted, FACTS, NOW) is meant


def test_what_decides_is_enough() -> None:
    for wanted, meant, facts in CASES:
        assert matches(wanted, {name: FACTS[name] for name in facts}, NOW) is meant


def test_time_makes_an_order_late_without_an_event() -> None:
    wanted = OrderFilter(is_delayed=True)
    assert not matches(wanted, FACTS, NOW + timedelta(days=1))
    assert matches(wanted, FACTS, NOW + timedelta(days=1, seconds=1))
    assert not matches(wanted, {**FACTS, "fulfillment": "DELIVERED"}, NOW + timedelta(days=2))


def test_a_draft_was_not_placed_at_any_time() -> None:
    draft = {**FACTS, "placedAt": None}
    assert not matches(OrderFilter(placed_at=TimeRange(lt=NOW)), draft, NOW)
    assert not matches(OrderFilter(placed_at=TimeRange()), draft, NOW)
