"""Saving customers and groups: absent fields stay, null clears, keys are taken once."""

import asyncio
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from models.columns import new_id
from models.customers import Customer, CustomerAddress, CustomerGroup
from models.events import Event
from models.references import ExternalRef, SearchToken
from models.rules.access import OPEN
from models.rules.errors import Refused
from services.aggregates.addresses import Address
from services.customers.groups import SaveCustomerGroup, save_customer_group
from services.customers.save import SaveCustomer, save_customer
from services.work import clock, policy
from services.work.references import ExternalKey
from tests.support.audit.auditor import audit
from tests.support.databases import Database
from tests.support.trade import NOON, nothing_written, reasons

HOME = Address(" Ada Albers ", ("Hafenstraße 1", "2. Stock"), "Hamburg", "de", postal_code="20457")
WORK = Address("Ada c/o Ltd", ("1 High Street",), "Leeds", "GB", region="Yorkshire", phone="+44 1")


async def test_a_new_customer_with_everything(database: Database) -> None:
    with clock.frozen(NOON):
        group = await save_customer_group(OPEN, SaveCustomerGroup(name="Trade"))
        made = await save_customer(
            OPEN,
            SaveCustomer(
                code=" ADA ",
                name="Ada Álbers",
                email="Ada.Albers@EXAMPLE.org",
                phone="+49 40 1",
                group_id=group.id,
                tags=("vip", " vip ", "new"),
                preferences={"language": "de"},
                addresses=(HOME, WORK),
                external_key=ExternalKey("erp", "4711"),
            ),
        )
    stored = await Customer.get()
    assert (stored.id, stored.code, stored.name) == (made.id, "ADA", "Ada Álbers")
    assert (stored.sort_name, stored.version, stored.created_at) == ("ada albers", 1, NOON)
    assert (stored.email, stored.email_key) == ("Ada.Albers@example.org", "ada.albers@example.org")
    assert (stored.group_id, stored.tags) == (group.id, ["vip", "new"])
    assert (stored.preferences, stored.credit_limit_minor) == ({"language": "de"}, None)
    addresses = await CustomerAddress.filter(customer_id=made.id).order_by("position")
    assert [(each.name, each.city, each.country_code) for each in addresses] == [
        ("Ada Albers", "Hamburg", "DE"),
        ("Ada c/o Ltd", "Leeds", "GB"),
    ]
    assert (addresses[0].lines, addresses[1].region) == (["Hafenstraße 1", "2. Stock"], "Yorkshire")
    assert (await ExternalRef.get()).subject_id == made.id
    event = await Event.get()
    assert event.data == {"fields": ["code", "name", "email", "phone"], "new": True}
    assert await audit() == []


async def test_an_event_names_what_changed_and_nothing_personal(sqlite_database: Database) -> None:
    made = await save_customer(OPEN, SaveCustomer(code="ADA", name="Ada", email="ada@example.org"))
    await save_customer(OPEN, SaveCustomer(id=made.id, name="Ada", email="new@example.org"))
    event = await Event.filter(subject_seq=2).get()
    assert event.data == {"fields": ["email"], "new": False}
    assert "@" not in str([event.data, event.before, event.after])


async def test_absent_stays_and_null_clears(database: Database) -> None:
    command = SaveCustomer(
        code="ADA", name="Ada", email="a@example.org", phone="1", tags=("x",), addresses=(HOME,)
    )
    made = await save_customer(OPEN, command)
    with clock.frozen(clock.now() + timedelta(hours=1)):
        await save_customer(OPEN, SaveCustomer(id=made.id, version=1, name="Ada A."))
    stored = await Customer.get()
    assert (stored.name, stored.code, stored.version) == ("Ada A.", "ADA", 2)
    assert (stored.email, stored.phone, stored.tags) == ("a@example.org", "1", ["x"])
    assert await CustomerAddress.all().count() == 1
    assert stored.updated_at > stored.created_at
    cleared = SaveCustomer(id=made.id, email=None, phone=None, tags=None, addresses=None)
    await save_customer(OPEN, cleared)
    stored = await Customer.get()
    assert (stored.email, stored.email_key, stored.phone, stored.tags) == (None, None, None, [])
    assert await CustomerAddress.all().count() == 0
    assert await audit() == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": None}, ("REQUIRED", "name")),
        ({"name": " "}, ("REQUIRED", "name")),
        ({"name": "x" * 201}, ("INVALID", "name")),
        ({"name": "a\x00b"}, ("INVALID", "name")),
        ({"code": "BOB"}, ("DUPLICATE", "code")),
        ({"code": "x" * 65}, ("INVALID", "code")),
        ({"email": "ada@"}, ("INVALID", "email")),
        ({"email": "no address"}, ("INVALID", "email")),
        ({"phone": "1" * 65}, ("INVALID", "phone")),
        ({"group_id": new_id()}, ("NOT_FOUND", "groupId")),
        ({"tags": tuple(str(n) for n in range(51))}, ("INVALID", "tags")),
        ({"tags": ("",)}, ("REQUIRED", "tags")),
        ({"addresses": (HOME, Address("A", (), "", "DE"))}, ("REQUIRED", "addresses.1.city")),
        ({"external_key": ExternalKey("erp", "bob")}, ("DUPLICATE", "externalRef")),
        ({"version": 9}, ("VERSION_CONFLICT", "version")),
        ({"id": new_id()}, ("NOT_FOUND", "id")),
    ],
)
async def test_what_is_refused(
    sqlite_database: Database, fields: dict[str, Any], reason: tuple[str, str]
) -> None:
    bob = ExternalKey("erp", "bob")
    await save_customer(OPEN, SaveCustomer(code="BOB", name="Bob", external_key=bob))
    ada = await save_customer(OPEN, SaveCustomer(code="ADA", name="Ada", addresses=(HOME,)))
    async with nothing_written():
        command = SaveCustomer(**({"id": ada.id} | fields))
        assert await reasons(save_customer(OPEN, command)) == [reason]


async def test_no_more_addresses_than_the_policy_says(sqlite_database: Database) -> None:
    many = (HOME,) * (policy.current().max_addresses + 1)
    command = SaveCustomer(name="Ada", addresses=many)
    assert await reasons(save_customer(OPEN, command)) == [("INVALID", "addresses")]


async def test_codes_are_compared_exactly(database: Database) -> None:
    for code in ("ALFKI", "alfki", "Álfki"):
        await save_customer(OPEN, SaveCustomer(code=code, name="x"))
    for code in ("ALFKI", " alfki ", "A\u0301lfki"):
        again = save_customer(OPEN, SaveCustomer(code=code, name="x"))
        assert await reasons(again) == [("DUPLICATE", "code")]


async def test_codes_of_ours_pass_over_those_that_are_taken(database: Database) -> None:
    """Somebody gave a code that was next in our own count: later customers still get one."""
    first = await save_customer(OPEN, SaveCustomer(name="One"))
    await save_customer(OPEN, SaveCustomer(code="C-000002", name="Two"))
    third = await save_customer(OPEN, SaveCustomer(name="Three"))
    assert (first.code, third.code) == ("C-000001", "C-000003")


async def _at_once(count: int, command: SaveCustomer) -> Counter[str]:
    async def one() -> str:
        try:
            await save_customer(OPEN, command)
        except Refused as refusal:
            return "/".join(f"{error.code} {'.'.join(error.path)}" for error in refusal.errors)
        return "saved"

    return Counter(await asyncio.gather(*(one() for _ in range(count))))


async def test_of_twenty_who_want_one_code_one_gets_it(database: Database) -> None:
    answers = await _at_once(20, SaveCustomer(code="ADA", name="Ada"))
    assert answers == {"saved": 1, "DUPLICATE code": 19}
    assert (await Customer.all().count(), await audit()) == (1, [])


async def test_of_twenty_who_want_one_key_of_another_system_one_gets_it(
    database: Database,
) -> None:
    command = SaveCustomer(name="Ada", external_key=ExternalKey("erp", "4711"))
    answers = await _at_once(20, command)
    assert answers == {"saved": 1, "DUPLICATE externalRef": 19}
    assert (await Customer.all().count(), await audit()) == (1, [])


async def test_of_twenty_who_saw_one_version_one_saves(database: Database) -> None:
    made = await save_customer(OPEN, SaveCustomer(code="ADA", name="Ada"))
    answers = await _at_once(20, SaveCustomer(id=made.id, version=1, name="Ada A."))
    assert answers == {"saved": 1, "VERSION_CONFLICT version": 19}
    assert ((await Customer.get()).version, await audit()) == (2, [])


async def test_a_key_of_another_system_is_replaced(sqlite_database: Database) -> None:
    old, new = ExternalKey("erp", "1"), ExternalKey("erp", "2")
    made = await save_customer(OPEN, SaveCustomer(name="Ada", external_key=old))
    shop = ExternalKey("shop", "1")
    await save_customer(OPEN, SaveCustomer(id=made.id, external_key=shop))
    await save_customer(OPEN, SaveCustomer(id=made.id, external_key=new))
    await save_customer(OPEN, SaveCustomer(id=made.id, external_key=new))
    known = [(each.system, each.key) for each in await ExternalRef.all().order_by("system")]
    assert known == [("erp", "2"), ("shop", "1")]
    await save_customer(OPEN, SaveCustomer(name="Bob", external_key=old))


async def test_words_follow_the_customer(sqlite_database: Database) -> None:
    made = await save_customer(OPEN, SaveCustomer(code="A-1", name="Ada Álbers"))
    await save_customer(OPEN, SaveCustomer(id=made.id, name="Ada Meyer"))
    tokens = [(each.field, each.token) for each in await SearchToken.all().order_by("id")]
    assert sorted(tokens) == [
        *(("code", word) for word in ("1", "a", "a1")),
        *(("name", word) for word in ("ada", "meyer")),
    ]


async def test_groups(database: Database) -> None:
    made = await save_customer_group(
        OPEN, SaveCustomerGroup(name=" Trade ", discount_rate=Decimal("0.15"))
    )
    other = await save_customer_group(OPEN, SaveCustomerGroup(name="trade"))
    dear = ("INVALID", "discountRate")
    async with nothing_written():
        for command, reason in (
            (SaveCustomerGroup(name="Trade"), ("DUPLICATE", "name")),
            (SaveCustomerGroup(id=other.id, name="Trade"), ("DUPLICATE", "name")),
            (SaveCustomerGroup(), ("REQUIRED", "name")),
            (SaveCustomerGroup(name="x", discount_rate=Decimal("1.01")), dear),
            (SaveCustomerGroup(name="x", discount_rate=Decimal(-1)), dear),
            (SaveCustomerGroup(id=made.id, version=2), ("VERSION_CONFLICT", "version")),
        ):
            assert await reasons(save_customer_group(OPEN, command)) == [reason]
    await save_customer_group(OPEN, SaveCustomerGroup(id=made.id, version=1, discount_rate=None))
    stored = await CustomerGroup.get(id=made.id)
    assert (stored.name, stored.discount_rate, stored.version) == ("Trade", Decimal(0), 2)
