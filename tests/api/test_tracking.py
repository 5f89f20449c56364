"""Lots and serial numbers as clients use them: the way of a unit, and what is refused."""

from typing import Any, Final

import pytest

from models.rules.access import EVERYTHING, Actor, ActorKind, Permission
from tests.support.api import ask, change, refusal
from tests.support.audit.auditor import audit
from tests.support.company import (
    RECEIVE,
    RETURN,
    SHIPMENT,
    STOCK,
    SUPPLIER,
    TRACK,
    Company,
    found_company,
)
from tests.support.databases import Database
from tests.support.statements import counted
from tests.support.tracked import (
    TRACE,
    TRANSFER,
    adjust,
    correction,
    kinds,
    named,
    pack,
    second_warehouse,
    send,
    trace,
    way,
    wish,
)

PREPARED: Final = """query($id: ID!) { order(id: $id) { version shipments { id status } } }"""


async def phones(*codes: str) -> Company:
    """A company with phones of these serial numbers, from the supplier ACME."""
    company = await found_company()
    supplier = (await change(SUPPLIER, input={"code": "ACME", "name": "Acme"}))["supplier"]["id"]
    await company.product("PHONE", tracking="SERIAL", supplierId=supplier)
    if codes:
        await adjust(company, "PHONE", len(codes), *codes)
    return company


async def teas(*lots: tuple[str, int, str]) -> Company:
    """A company with tea of these lots: code, quantity, and the day on which it expires."""
    company = await found_company()
    await company.product("TEA", tracking="LOT")
    for lot in lots:
        await adjust(company, "TEA", lot[1], lot)
    return company


async def returned(order: dict[str, Any], disposition: str, quantity: int, *codes: Any) -> None:
    """Announce units of the order's first line, and receive them."""
    lines = [{"lineId": order["lines"][0]["id"], "quantity": quantity, "units": named(*codes)}]
    made = await change(RETURN, orderId=order["id"], lines=lines, reason="does not fit")
    request = made["order"]["returns"][-1]
    back = [{**lines[0], "disposition": disposition}]
    await change(RECEIVE, id=request["id"], version=request["version"], lines=back)


async def test_one_unit_from_the_supplier_to_the_customer_and_back(database: Database) -> None:
    company = await phones("SN-1", "SN-2")
    assert await trace("SN-3") is None
    order = await company.order(("PHONE", 1))
    shipment = await pack(company, order, 1, "SN-2")
    on_shelf = await way("SN-2")
    assert (on_shelf["genuine"], len(on_shelf["steps"])) == (False, 1)
    await send(shipment)
    sold = await way("SN-2")
    assert sold == {
        "code": "SN-2",
        "genuine": True,
        "expiresOn": None,
        "product": {"sku": "PHONE"},
        "steps": [
            {
                "kind": "ADJUST",
                "warehouse": {"code": "MAIN"},
                "supplier": {"code": "ACME"},
                "order": None,
                "place": "Main warehouse",
            },
            {
                "kind": "SHIP",
                "warehouse": {"code": "MAIN"},
                "supplier": None,
                "order": {"number": order["number"]},
                "place": "Hamburg",
            },
        ],
    }
    await returned(order, "RESTOCK", 1, "SN-2")
    back = await way("SN-2")
    assert back["steps"][2] == {
        "kind": "RETURN",
        "warehouse": {"code": "MAIN"},
        "supplier": None,
        "order": {"number": order["number"]},
        "place": "Main warehouse",
    }
    assert (back["genuine"], len(back["steps"])) == (False, 3)
    assert await audit() == []


@pytest.mark.parametrize(
    ("disposition", "steps"),
    [
        ("RESTOCK", ["ADJUST", "SHIP", "RETURN"]),
        ("QUARANTINE", ["ADJUST", "SHIP", "RETURN", "DAMAGE"]),
        ("SCRAP", ["ADJUST", "SHIP", "RETURN", "SCRAP"]),
    ],
)
async def test_what_becomes_of_a_returned_unit(
    database: Database, disposition: str, steps: list[str]
) -> None:
    company = await phones("SN-1")
    order = await company.order(("PHONE", 1))
    await send(await pack(company, order, 1))
    await returned(order, disposition, 1, "SN-1")
    found = await way("SN-1")
    assert [step["kind"] for step in found["steps"]] == steps
    assert found["genuine"] is False
    assert await audit() == []


async def test_what_is_kept_aside_is_not_sent(database: Database) -> None:
    company = await phones("SN-1")
    order = await company.order(("PHONE", 1))
    await send(await pack(company, order, 1))
    await returned(order, "QUARANTINE", 1, "SN-1")
    await adjust(company, "PHONE", 1, "SN-2")
    second = await company.order(("PHONE", 1))
    (error,) = await refusal(SHIPMENT, **wish(company, second, 1, "SN-1"))
    assert error["message"] == "0 units of SN-1 are free in this warehouse."
    await company.act(second, "SHIP")
    assert await kinds("SN-2") == ["ADJUST", "SHIP"]
    await adjust(company, "PHONE", -1, kind="DAMAGE")
    await company.act(await company.order(("PHONE", 1)), "SHIP")
    assert await kinds("SN-1") == ["ADJUST", "SHIP", "RETURN", "DAMAGE", "SHIP"]
    assert await audit() == []


async def test_first_expired_first_out(database: Database) -> None:
    company = await teas(("LATE", 2, "2099-09-01"), ("SOON", 3, "2099-01-01"))
    await adjust(company, "TEA", 4, ("NEVER", 4))
    for sizes, expected in ((4, {"SOON": 1, "LATE": 1, "NEVER": 0}), (2, {"LATE": 2, "NEVER": 1})):
        await company.act(await company.order(("TEA", sizes)), "SHIP")
        for code, ships in expected.items():
            assert (code, (await kinds(code)).count("SHIP")) == (code, ships)
    lot = await way("LATE")
    assert (lot["genuine"], lot["expiresOn"]) == (True, "2099-09-01")
    assert await audit() == []


async def test_a_pending_shipment_holds_its_units_until_it_is_cancelled(database: Database) -> None:
    company = await phones("SN-1", "SN-2")
    first, second = await company.order(("PHONE", 1)), await company.order(("PHONE", 1))
    shipment = await pack(company, first, 1, "SN-1")
    (error,) = await refusal(SHIPMENT, **wish(company, second, 1, "SN-1"))
    assert error == {
        "code": "INVALID",
        "message": "0 units of SN-1 are free in this warehouse.",
        "path": ["input", "lines", "0", "units", "0", "code"],
    }
    (error,) = await refusal(STOCK, changes=[correction(company, "PHONE", -1, "SN-1")])
    assert error["path"] == ["changes", "0", "units", "0", "quantity"]
    await change(TRACK, id=shipment, status="CANCELLED")
    await send(await pack(company, second, 1, "SN-1"))
    assert await kinds("SN-1") == ["ADJUST", "SHIP"]
    assert await audit() == []


async def test_a_transfer_takes_units_along(database: Database) -> None:
    company = await teas(("LATE", 2, "2099-09-01"), ("SOON", 3, "2099-01-01"))
    shop = await second_warehouse()
    lines = [{"sku": "TEA", "quantity": 4}]
    await change(TRANSFER, **{"from": company.warehouse}, to=shop, lines=lines)
    found = await way("LATE")
    assert [(step["kind"], step["warehouse"]["code"]) for step in found["steps"]] == [
        ("ADJUST", "MAIN"),
        ("TRANSFER_OUT", "MAIN"),
        ("TRANSFER_IN", "SHOP"),
    ]
    (error,) = await refusal(STOCK, changes=[correction(company, "TEA", -1, ("SOON", 1))])
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["changes", "0", "units", "0", "code"])
    assert await audit() == []


async def test_counting_scrapping_and_damage(database: Database) -> None:
    company = await teas(("A", 5, "2099-01-01"))
    await adjust(company, "TEA", 2, "A", "B", kind="COUNT")
    await adjust(company, "TEA", -2, ("A", 2), kind="COUNT")
    await adjust(company, "TEA", 3, kind="DAMAGE")
    await adjust(company, "TEA", -1, "B", kind="SCRAP")
    await adjust(company, "TEA", 1, "A", kind="DAMAGE")
    await adjust(company, "TEA", -1, "A", kind="SCRAP")
    assert await kinds("A") == ["ADJUST", "COUNT", "COUNT", "DAMAGE", "SCRAP"]
    counted = correction(company, "TEA", None, ("C", 4), kind="COUNT", setTo=7)
    await change(STOCK, changes=[counted])
    assert await kinds("C") == ["COUNT"]
    assert await audit() == []


REFUSED: Final[dict[str, tuple[Any, list[tuple[str, str]]]]] = {
    "none named": ((2,), [("REQUIRED", "units")]),
    "too few": ((2, "X"), [("INVALID", "units")]),
    "too many": ((1, "X", "Y"), [("INVALID", "units")]),
    "twice": ((2, "X", " X"), [("DUPLICATE", "units.1.code")]),
    "no code": ((1, " "), [("INVALID", "units.0.code")]),
    "a long code": ((1, "X" * 65), [("INVALID", "units.0.code")]),
    "two of one": ((2, ("X", 2)), [("INVALID", "units.0.quantity")]),
    "here already": ((2, "NEW", "SN-1"), [("DUPLICATE", "units.1.code")]),
    "not here": ((-1, "X"), [("NOT_FOUND", "units.0.code")]),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_no_receipt_of_another_kind(sqlite_database: Database, case: str) -> None:
    company = await phones("SN-1")
    entry, expected = REFUSED[case]
    errors = await refusal(STOCK, changes=[correction(company, "PHONE", *entry)])
    found = [(error["code"], ".".join(error["path"])) for error in errors]
    assert found == [(code, f"changes.0.{path}") for code, path in expected]
    assert await trace("X") is None
    assert await trace("NEW") is None
    assert await kinds("SN-1") == ["ADJUST"]


async def test_what_has_no_tracking_takes_no_units(sqlite_database: Database) -> None:
    company = await found_company()
    await company.product("CUP", stock=2)
    (error,) = await refusal(STOCK, changes=[correction(company, "CUP", 1, "X")])
    assert (error["code"], error["path"]) == ("INVALID", ["changes", "0", "units"])
    order = await company.order(("CUP", 1))
    (error,) = await refusal(SHIPMENT, **wish(company, order, 1, "X"))
    assert (error["code"], error["path"]) == ("INVALID", ["input", "lines", "0", "units"])


async def test_a_lot_expires_on_one_day(sqlite_database: Database) -> None:
    company = await teas(("A", 1, "2099-01-01"))
    (error,) = await refusal(STOCK, changes=[correction(company, "TEA", 1, ("A", 1, "2099-01-02"))])
    assert error["path"] == ["changes", "0", "units", "0", "expiresOn"]
    await adjust(company, "TEA", 1, "B")
    await adjust(company, "TEA", 1, ("B", 1, "2099-03-01"))
    found = await way("B")
    assert found["expiresOn"] == "2099-03-01"


async def test_only_what_went_out_with_the_line_comes_back(database: Database) -> None:
    company = await phones("SN-1", "SN-2", "SN-3")
    order, other = await company.order(("PHONE", 1)), await company.order(("PHONE", 1))
    await send(await pack(company, order, 1, "SN-1"))
    await send(await pack(company, other, 1, "SN-2"))
    line = {"lineId": order["lines"][0]["id"], "quantity": 1}
    asked = {"orderId": order["id"], "reason": "why"}
    for code in ("SN-2", "SN-3", "SN-4"):
        (error,) = await refusal(RETURN, lines=[{**line, "units": named(code)}], **asked)
        assert (error["code"], error["path"]) == ("NOT_FOUND", ["lines", "0", "units", "0", "code"])
    made = await change(RETURN, lines=[line], **asked)
    request = {"id": made["order"]["returns"][0]["id"], "version": 1}
    back = {**line, "disposition": "RESTOCK"}
    (error,) = await refusal(RECEIVE, lines=[back], **request)
    assert (error["code"], error["path"]) == ("REQUIRED", ["lines", "0", "units"])
    (error,) = await refusal(RECEIVE, lines=[{**back, "units": named("SN-2")}], **request)
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["lines", "0", "units", "0", "code"])
    await change(RECEIVE, lines=[{**back, "units": named("SN-1")}], **request)
    assert await kinds("SN-1") == ["ADJUST", "SHIP", "RETURN"]
    assert await audit() == []


async def test_two_returns_do_not_await_one_serial_number(database: Database) -> None:
    company = await phones("SN-1", "SN-2", "SN-3")
    order = await company.order(("PHONE", 3))
    await company.act(order, "SHIP")
    line = {"lineId": order["lines"][0]["id"]}
    asked = {"orderId": order["id"], "reason": "why"}
    both = {**line, "quantity": 2, "units": named("SN-1", "SN-2")}
    made = await change(RETURN, lines=[both], **asked)
    request = made["order"]["returns"][0]["id"]
    again = {**line, "quantity": 1, "units": named("SN-2")}
    (error,) = await refusal(RETURN, lines=[again], **asked)
    assert error == {
        "code": "DUPLICATE",
        "message": "Another return awaits SN-2.",
        "path": ["lines", "0", "units", "0", "code"],
    }
    # SN-3 came instead of it; nobody has said yet that SN-2 stays where it is.
    back = {**line, "quantity": 1, "disposition": "RESTOCK"}
    await change(RECEIVE, id=request, version=1, lines=[{**back, "units": named("SN-3")}])
    (error,) = await refusal(RETURN, lines=[again], **asked)
    assert error["code"] == "DUPLICATE"
    await change(RECEIVE, id=request, version=2, lines=[{**back, "units": named("SN-1")}])
    await change(RETURN, lines=[again], **asked)
    assert await audit() == []


async def test_two_returns_do_not_await_more_of_a_lot_than_is_out(database: Database) -> None:
    company = await teas(("A", 3, "2099-01-01"), ("B", 2, "2099-02-01"))
    order = await company.order(("TEA", 5))
    await company.act(order, "SHIP")
    line = {"lineId": order["lines"][0]["id"], "quantity": 2}
    asked = {"orderId": order["id"], "reason": "why"}
    some = {**line, "units": named(("A", 2))}
    await change(RETURN, lines=[some], **asked)
    (error,) = await refusal(RETURN, lines=[some], **asked)
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["lines", "0", "units", "0", "code"])
    await change(RETURN, lines=[{**line, "units": named("A", "B")}], **asked)


async def test_tracking_begins_and_ends_with_empty_shelves(sqlite_database: Database) -> None:
    document = """mutation($id: ID!, $tracking: TrackingPolicy!) {
      productSave(id: $id, input: {tracking: $tracking}) {
        product { id } userErrors { code path } } }"""
    company = await found_company()
    product = await company.product("CUP", stock=1)
    (error,) = await refusal(document, id=product, tracking="SERIAL")
    assert error == {"code": "INVALID", "path": ["input", "tracking"]}
    order = await company.order(("CUP", 1))
    await company.act(order, "SHIP")
    await change(document, id=product, tracking="SERIAL")
    # What left before it had a number comes back with the one that it is given.
    await returned(order, "RESTOCK", 1, "SN-1")
    assert await kinds("SN-1") == ["RETURN"]
    assert await audit() == []


async def test_two_products_with_one_code(database: Database) -> None:
    company = await phones("SN-1")
    await company.product("TEA", tracking="LOT")
    await adjust(company, "TEA", 1, "SN-1")
    assert (await ask(TRACE, code=" SN-1 "))["trace"]["product"] == {"sku": "TEA"}
    await company.act(await company.order(("PHONE", 1)), "SHIP")
    assert (await ask(TRACE, code="SN-1"))["trace"]["product"] == {"sku": "PHONE"}
    assert await trace("sn-1") is None


async def test_who_sees_what_of_a_trace(sqlite_database: Database) -> None:
    company = await phones("SN-1")
    await company.act(await company.order(("PHONE", 1)), "SHIP")
    buyer = Actor(
        ActorKind.CUSTOMER, "ada", "Ada", frozenset({Permission.API_USE, Permission.CATALOG_READ})
    )
    found = (await ask(TRACE, buyer, code="SN-1"))["trace"]
    assert found["genuine"] is True
    assert [(step["order"], step["warehouse"], step["place"]) for step in found["steps"]] == [
        (None, None, None),
        (None, None, None),
    ]
    clerk = Actor(ActorKind.STAFF, "bob", "Bob", EVERYTHING - {Permission.ORDERS_READ})
    (_, step) = (await ask(TRACE, clerk, code="SN-1"))["trace"]["steps"]
    assert (step["order"], step["warehouse"], step["place"]) == (None, {"code": "MAIN"}, None)


async def test_a_long_way_takes_no_more_statements(database: Database) -> None:
    """A code is found by its index, and what its steps name is read for all steps at once."""
    company = await teas(("L1", 9, "2099-01-01"))
    costs = []
    for _ in range(2):
        for _ in range(3):
            await company.act(await company.order(("TEA", 1)), "SHIP")
        with counted() as statements:
            await way("L1")
        costs.append(len(statements))
    assert len(await kinds("L1")) == 7
    assert costs[0] == costs[1] <= 10
