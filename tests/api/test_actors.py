"""Who did something, as clients read it."""

from typing import Any, Final

from models.customers import Customer
from models.events import Event
from models.rules.access import OPEN, ActorKind, Permission
from resolvers.identifiers import to_global
from tests.support.api import ask, until_numbered
from tests.support.company import found_company
from tests.support.databases import Database
from tests.support.statements import counted

EVENTS: Final = """{ events { nodes { actor {
  id kind key name subject { id ... on Customer { code } } } } } }"""


async def actors(**of: Any) -> list[dict[str, Any]]:
    found = await ask(EVENTS, **of)
    return [node["actor"] for node in found["events"]["nodes"]]


async def acted_by(kind: ActorKind, key: str, name: str | None = None) -> None:
    """Let all events be this actor's."""
    await Event.all().update(actor_kind=kind, actor_id=key, actor_name=name)


async def test_an_id_is_unique_over_all_kinds(database: Database) -> None:
    await found_company()
    await until_numbered()
    await acted_by(ActorKind.STAFF, "7", "Grace")
    (staff,) = await actors()
    await acted_by(ActorKind.PARTNER, "7")
    (partner,) = await actors()
    assert staff == {
        "id": "STAFF:7",
        "kind": "STAFF",
        "key": "7",
        "name": "Grace",
        "subject": None,
    }
    assert (partner["id"], partner["key"]) == ("PARTNER:7", "7")


async def test_a_customer_is_found_behind_their_deeds(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=1)
    await until_numbered()
    customer = await Customer.get()
    await acted_by(ActorKind.CUSTOMER, customer.id.hex)
    with counted() as statements:
        seen = await actors()
    assert len(statements) <= 3  # the events, the customers' names, the customers
    assert seen == 2 * [
        {
            "id": f"CUSTOMER:{customer.id.hex}",
            "kind": "CUSTOMER",
            "key": customer.id.hex,
            "name": "Ada Albers",
            "subject": {"id": company.customer, "code": "ADA"},
        }
    ]
    await acted_by(ActorKind.CUSTOMER, customer.id.hex, "Ada Byron")
    assert [each["name"] for each in await actors()] == ["Ada Byron", "Ada Byron"]


async def test_actors_that_are_no_object_have_no_subject(sqlite_database: Database) -> None:
    await found_company()
    await until_numbered()
    customer = await Customer.get()
    for kind, key in (
        (ActorKind.CUSTOMER, "no key of ours"),
        (ActorKind.CUSTOMER, to_global("Customer", customer.id)),
        (ActorKind.STAFF, customer.id.hex),
    ):
        await acted_by(kind, key)
        assert {(each["name"], each["subject"]) for each in await actors()} == {(None, None)}


async def test_who_may_not_see_customers_sees_only_what_was_kept(
    sqlite_database: Database,
) -> None:
    await found_company()
    await until_numbered()
    customer = await Customer.get()
    await acted_by(ActorKind.CUSTOMER, customer.id.hex)
    clerk = type(OPEN)(OPEN.kind, "clerk", None, OPEN.permissions - {Permission.CUSTOMERS_READ})
    seen = await actors(actor=clerk)
    assert {(each["key"], each["name"], each["subject"]) for each in seen} == {
        (customer.id.hex, None, None)
    }
