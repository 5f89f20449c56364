"""Placing orders: all of it or nothing, to the cent and to the unit."""

import asyncio
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from models.customers import Customer
from models.events import Event
from models.inventory import Reservation, StockItem
from models.orders import Order, OrderLine
from models.rules.access import OPEN
from models.rules.catalog import BackorderPolicy
from models.rules.errors import Refused, StockShortage
from models.rules.events import EventKind
from services.aggregates.addresses import Address
from services.catalog.products import SaveProduct, save_product
from services.customers.save import SaveCustomer, save_customer
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.note import note_on_order
from services.orders.place import place_order
from services.work import clock, policy
from services.work.references import ExternalKey
from tests.support.audit.auditor import audit
from tests.support.databases import Database
from tests.support.trade import (
    NOON,
    Trade,
    counters,
    lines_of,
    moves,
    nothing_written,
    open_trade,
    reasons,
)

HOME = Address("Ada Albers", ("Hafenstraße 1",), "Hamburg", "DE", postal_code="20457")


async def test_a_placed_order_is_priced_reserved_and_told(database: Database) -> None:
    with clock.frozen(NOON):
        trade = await open_trade()
        await trade.product("CUP", near=5, price=Decimal("3.33"), tax_rate=Decimal("0.19"))
        await trade.product("TEA", near=9_000, price=Decimal("2.50"), price_quantity=1_000)
        lines = (
            NewLine("CUP", 3, discount_rate=Decimal("0.1")),
            NewLine("TEA", 1_500),
            NewLine(" CUP ", 1, unit_price=Decimal("1.00")),
        )
        command = PlaceOrder(trade.customer_id, lines, "web", shipping=Decimal("4.90"))
        order = await place_order(OPEN, command)
    stored = await Order.get()
    assert (stored.number, stored.channel, stored.currency) == (
        "SO-WEB-202603-000001",
        "web",
        "EUR",
    )
    assert (stored.status, stored.fulfillment_status) == ("CONFIRMED", "RESERVED")
    assert (stored.payment_status, stored.return_status) == ("UNPAID", "NONE")
    assert (stored.placed_at, stored.sorted_at, stored.version) == (NOON, NOON, 1)
    # 9.99 less 10 % is 8.991; 19 % of 8.99 is 1.7081
    assert [
        (line.net_minor, line.tax_minor, line.discount_minor) for line in await lines_of(order)
    ] == [
        (899, 171, 100),
        (375, 0, 0),
        (100, 19, 0),
    ]
    assert (stored.subtotal_net_minor, stored.subtotal_tax_minor) == (1374, 190)
    assert (stored.discount_minor, stored.shipping_net_minor) == (100, 490)
    assert stored.shipping_taxes == [["0", 134, 0], ["0.19", 356, 68]]
    assert stored.total_gross_minor == 1374 + 190 + 490 + 68
    assert await counters("CUP") == {"NEAR": (5, 4, 0)}
    assert await moves("CUP") == [("ADJUST", 5), ("RESERVE", 3), ("RESERVE", 1)]
    event = await Event.get(kind=EventKind.ORDER_PLACED)
    assert (event.subject_id, event.subject_seq, event.subject_version) == (order.id, 1, 1)
    assert (event.order_id, event.customer_id, event.at) == (order.id, trade.customer_id, NOON)
    assert event.data == {"lines": 3, "totalMinor": 2122}
    assert event.after["warehouses"] == [trade.near_id.hex]
    assert await audit() == []


async def test_a_line_keeps_what_its_product_was(sqlite_database: Database) -> None:
    trade = await open_trade()
    product = await trade.product("CUP", near=5, tax_rate=Decimal("0.07"))
    order = await trade.place(("CUP", 1))
    price, rate = Decimal("99.00"), Decimal("0.19")
    changed = SaveProduct(id=product.id, sku="MUG", name="Mug", price=price, tax_rate=rate)
    await save_product(OPEN, changed)
    (line,) = await lines_of(order)
    assert (line.sku, line.name, line.unit_price_minor) == ("CUP", "Cup", 1000)
    assert (line.tax_rate, line.tax_minor) == (Decimal("0.07"), 70)


async def test_an_order_goes_to_the_default_address_or_to_its_own(
    sqlite_database: Database,
) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=5)
    nowhere = await trade.place(("CUP", 1))
    await save_customer(OPEN, SaveCustomer(id=trade.customer_id, addresses=(HOME,)))
    home = await trade.place(("CUP", 1))
    away = Address("Bob", (), "Wien", "at")
    elsewhere = await trade.place(("CUP", 1), shipping_address=away)
    assert (nowhere.shipping_address, nowhere.shipping_country) == (None, None)
    assert home.shipping_address == home.billing_address
    assert (home.shipping_address["postalCode"], home.shipping_country) == ("20457", "DE")
    assert (elsewhere.shipping_address["city"], elsewhere.shipping_country) == ("Wien", "AT")
    assert elsewhere.billing_address["city"] == "Hamburg"
    # a snapshot: the customer's move does not reach it
    await save_customer(OPEN, SaveCustomer(id=trade.customer_id, addresses=(away,)))
    assert (await Order.get(id=home.id)).shipping_address["city"] == "Hamburg"


SHORT = ("INSUFFICIENT_STOCK", "lines.0.quantity")


@pytest.mark.parametrize(
    ("policy_", "units", "incoming", "outcome"),
    [
        (BackorderPolicy.DENY, 5, 99, (5, 0, "RESERVED")),
        (BackorderPolicy.DENY, 6, 99, SHORT),
        (BackorderPolicy.ALLOW, 6, 0, (5, 1, "BACKORDERED")),
        (BackorderPolicy.UNTIL_EXPECTED, 6, 1, (5, 1, "BACKORDERED")),
        (BackorderPolicy.UNTIL_EXPECTED, 7, 1, SHORT),
    ],
)
async def test_more_than_there_is(
    sqlite_database: Database,
    policy_: BackorderPolicy,
    units: int,
    incoming: int,
    outcome: tuple[object, ...],
) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=5, backorder=policy_)
    await StockItem.all().update(incoming=incoming)
    if outcome is SHORT:
        async with nothing_written():
            assert await reasons(trade.place(("CUP", units))) == [SHORT]
        return
    order = await trade.place(("CUP", units))
    (line,) = await lines_of(order)
    assert (line.reserved, line.backordered, order.fulfillment_status) == outcome
    assert await audit() == []


async def test_expected_units_are_promised_once(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=1, backorder=BackorderPolicy.UNTIL_EXPECTED)
    await StockItem.all().update(incoming=10)
    await trade.place(("CUP", 5))
    await trade.place(("CUP", 3), ("CUP", 1))
    assert await reasons(trade.place(("CUP", 3))) == [SHORT]
    await trade.place(("CUP", 2))
    assert sum(line.backordered for line in await OrderLine.all()) == 10


async def test_one_line_short_refuses_all_and_says_how_many_there_are(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=5)
    await trade.product("POT", near=2, far=1)
    await trade.product("TEA", near=1, backorder=BackorderPolicy.ALLOW)
    async with nothing_written():
        with pytest.raises(Refused) as refusal:
            await trade.place(("CUP", 1), ("POT", 3), ("POT", 2), ("TEA", 9), ("CUP", 5))
    shortages = [each for each in refusal.value.errors if isinstance(each, StockShortage)]
    assert [(each.sku, each.requested, each.available, each.path[1]) for each in shortages] == [
        ("POT", 2, 0, "2"),
        ("CUP", 5, 4, "4"),
    ]


async def test_what_is_damaged_kept_or_promised_is_not_there(sqlite_database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=10)
    await StockItem.all().update(damaged=0, safety_stock=4)
    await trade.place(("CUP", 5))
    async with nothing_written():
        assert await reasons(trade.place(("CUP", 2))) == [SHORT]
    await trade.place(("CUP", 1))
    assert await reasons(trade.place(("CUP", 1))) == [SHORT]
    assert await counters("CUP") == {"NEAR": (10, 6, 0)}


async def test_units_come_from_several_warehouses_where_none_has_all(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=3, far=4)
    order = await trade.place(("CUP", 5))
    assert await counters("CUP") == {"NEAR": (3, 3, 0), "FAR": (4, 2, 0)}
    assert sorted(each.quantity for each in await Reservation.all()) == [2, 3]
    event = await Event.get(kind=EventKind.ORDER_PLACED)
    assert event.after["warehouses"] == sorted([trade.near_id.hex, trade.far_id.hex])
    assert (order.fulfillment_status, await audit()) == ("RESERVED", [])


async def test_every_reason_at_once(sqlite_database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=5)
    await trade.product("OLD", near=5, discontinued=True)
    lines = (
        NewLine("CUP", 0),
        NewLine("GONE", 1),
        NewLine(None, 1),
        NewLine("OLD", 2_147_483_648),
        NewLine("CUP", 1, discount_rate=Decimal("1.1")),
    )
    async with nothing_written():
        assert await reasons(place_order(OPEN, PlaceOrder(trade.customer_id, lines))) == [
            ("INVALID", "lines.0.quantity"),
            ("NOT_FOUND", "lines.1.sku"),
            ("REQUIRED", "lines.2.sku"),
            ("INVALID", "lines.3.quantity"),
            ("INVALID", "lines.3.sku"),
            ("INVALID", "lines.4.discountRate"),
        ]


async def test_a_mixed_basket_is_in_the_company_s_currency(database: Database) -> None:
    """Whichever of its products comes first, in the basket or out of the database."""
    trade = await open_trade()
    await trade.product("FUJI", near=5, currency="JPY", price=Decimal(900))
    await trade.product("CUP", near=5)
    await trade.product("LIRA", near=5, currency="TRY")
    async with nothing_written():
        for basket in permutations(("FUJI", "CUP", "LIRA")):
            with pytest.raises(Refused) as refusal:
                await trade.place(*((sku, 1) for sku in basket))
            told = {"FUJI": "FUJI is priced in JPY.", "LIRA": "LIRA is priced in TRY."}
            assert [error.message for error in refusal.value.errors] == [
                told[sku] for sku in basket if sku in told
            ]
    assert (await trade.place(("FUJI", 1))).currency == "JPY"


async def test_what_no_order_can_be(sqlite_database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=5)
    await trade.product("FUJI", near=5, currency="JPY", price=Decimal(900))
    await trade.place(("CUP", 1), external_key=ExternalKey("shop", "4711"))
    long = Address("", ("x" * 201,), "Rome", "XX")
    cases: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
        ({"currency": "XYZ"}, [("INVALID", "currencyCode")]),
        ({"currency": "USD"}, [("INVALID", "currencyCode")]),
        ({"channel": ""}, [("INVALID", "channel")]),
        ({"channel": "web shop"}, [("INVALID", "channel")]),
        ({"channel": "x" * 33}, [("INVALID", "channel")]),
        ({"shipping": Decimal(-1)}, [("INVALID", "shipping")]),
        ({"shipping": Decimal("0.001")}, [("INVALID", "shipping")]),
        ({"note": "x" * 10_001}, [("INVALID", "note")]),
        ({"attributes": {str(n): n for n in range(101)}}, [("INVALID", "attributes")]),
        ({"external_key": ExternalKey("shop", " 4711")}, [("DUPLICATE", "externalRef")]),
        ({"external_key": ExternalKey("", "1")}, [("INVALID", "externalRef")]),
        (
            {"billing_address": long},
            [
                ("REQUIRED", "billingAddress.name"),
                ("INVALID", "billingAddress.countryCode"),
                ("INVALID", "billingAddress.lines"),
            ],
        ),
    ]
    async with nothing_written():
        for fields, expected in cases:
            assert await reasons(trade.place(("CUP", 1), **fields)) == expected, fields
        assert await reasons(trade.place()) == [("INVALID", "lines")]
        assert await reasons(trade.place(("CUP", 1), ("FUJI", 1))) == [("INVALID", "currencyCode")]
        unknown = PlaceOrder(trade.near_id, (NewLine("CUP", 1),))
        assert await reasons(place_order(OPEN, unknown)) == [("NOT_FOUND", "customerId")]
        bold = (NewLine("CUP", 1, unit_price=Decimal("-0.01")),)
        asked = place_order(OPEN, PlaceOrder(trade.customer_id, bold))
        assert await reasons(asked) == [("INVALID", "lines.0.unitPrice")]
        huge = (NewLine("CUP", 2_147_483_647, unit_price=Decimal("90071992547409.92")),)
        asked = place_order(OPEN, PlaceOrder(trade.customer_id, huge))
        assert await reasons(asked) == [("INVALID", "lines")]
        await Customer.all().update(blocked=True)
        assert await reasons(trade.place(("CUP", 1))) == [("CREDIT_EXCEEDED", "customerId")]
        await Customer.all().update(blocked=False)


async def test_an_order_has_no_more_lines_than_the_policy_says(sqlite_database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=5)
    usual = policy.current()
    policy.use(policy.Policy(max_order_lines=2))
    try:
        assert await reasons(trade.place(*[("CUP", 1)] * 3)) == [("INVALID", "lines")]
        await trade.place(*[("CUP", 1)] * 2)
    finally:
        policy.use(usual)


async def test_a_refusal_after_the_stock_was_taken_gives_it_back(database: Database) -> None:
    """The key of another system is looked at last: by then all else has been written."""
    trade = await open_trade()
    await trade.product("CUP", near=5)
    key = ExternalKey("shop", "4711")
    await trade.place(("CUP", 1), external_key=key)
    async with nothing_written():
        refused = await reasons(trade.place(("CUP", 2), external_key=key))
    assert refused == [("DUPLICATE", "externalRef")]
    assert await audit() == []


async def test_a_note_changes_nothing_else(sqlite_database: Database) -> None:
    with clock.frozen(NOON):
        trade = await open_trade()
        await trade.product("CUP", near=5)
        order = await trade.place(("CUP", 1))
    later = NOON + timedelta(hours=1)
    with clock.frozen(later):
        await note_on_order(OPEN, order.id, " first ")
        noted = await note_on_order(OPEN, order.id, "second")
    stored = await Order.get()
    assert (stored.note, stored.version, stored.updated_at) == ("first\nsecond", 1, later)
    events = await Event.filter(order_id=order.id).order_by("subject_seq")
    assert [(each.kind.value, each.data) for each in events[1:]] == [
        ("NOTE_ADDED", {"field": "note"})
    ] * 2
    async with nothing_written():
        assert await reasons(note_on_order(OPEN, order.id, " ")) == [("REQUIRED", "text")]
        too_long = note_on_order(OPEN, order.id, "x" * 10_000)
        assert await reasons(too_long) == [("INVALID", "text")]
        nobody = note_on_order(OPEN, trade.near_id, "x")
        assert await reasons(nobody) == [("NOT_FOUND", "id")]
    assert await audit() == []
    assert noted.event_seq == 3


async def _rush(trade: Trade, count: int, *lines: tuple[str, int]) -> Counter[str]:
    """What so many at the same moment are answered."""

    async def one() -> str:
        try:
            order = await trade.place(*lines)
        except Refused as refusal:
            return "/".join(error.code for error in refusal.errors)
        return order.status.value

    return Counter(await asyncio.gather(*(one() for _ in range(count))))


async def test_the_last_unit_is_sold_once(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=1)
    answers = await _rush(trade, 50, ("CUP", 1))
    assert answers == {"CONFIRMED": 1, "INSUFFICIENT_STOCK": 49}
    assert await counters("CUP") == {"NEAR": (1, 1, 0)}
    assert await moves("CUP") == [("ADJUST", 1), ("RESERVE", 1)]
    assert (await Order.all().count(), await audit()) == (1, [])


async def test_a_crowd_gets_what_there_is_and_numbers_of_its_own(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=20, far=10)
    await trade.product("POT", near=500)
    answers = await _rush(trade, 50, ("POT", 2), ("CUP", 1))
    assert answers == {"CONFIRMED": 30, "INSUFFICIENT_STOCK": 20}
    assert await counters("CUP") == {"NEAR": (20, 20, 0), "FAR": (10, 10, 0)}
    assert await counters("POT") == {"NEAR": (500, 60, 0)}
    assert len({each.number for each in await Order.all()}) == 30
    assert await audit() == []
