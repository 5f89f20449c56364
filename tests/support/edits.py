"""Drafting and editing through the API, and what is there afterwards."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from models.events import Event
from models.rules.events import EventKind
from tests.support.api import ask, change, refusal
from tests.support.company import ADDRESS, CUSTOMER, ERRORS, GROUP, Company, found_company

NOON: Final = datetime(2026, 3, 9, 12, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
SEEN: Final = """{ id version number status note reserveUntil fulfillmentStatus
  customer { code } externalRefs { system key } total { gross { amount } }
  shipping { tax { amount } } shippingAddress { city } billingAddress { city }
  lines { id sku quantity discountRate unitPrice { amount } reserved backordered } }"""
DRAFT: Final = f"""mutation($input: OrderInput!) {{
  orderDraft(input: $input) {{ order {SEEN} {ERRORS} }} }}"""
EDIT: Final = f"""mutation($id: ID!, $version: Int!, $input: OrderEditInput!) {{
  orderEdit(id: $id, version: $version, input: $input, reason: "They called.")
  {{ order {SEEN} {ERRORS} }} }}"""
KEYED: Final = EDIT.replace('called.")', 'called.") @idempotent(key: "edit")').replace(
    ERRORS, f"replayed {ERRORS}"
)
PREVIEW: Final = """query($id: ID!, $input: OrderEditInput!) {
  orderEditPreview(id: $id, input: $input) {
    difference { amount } userErrors { code path } } }"""
ORDER: Final = f"query($id: ID!) {{ order(id: $id) {SEEN} }}"
FOUND: Final = """query($search: String!) { orders(search: $search) { nodes { number } } }"""
BY_KEY: Final = """query($key: String!) {
  order(externalRef: {system: "SHOP", key: $key}) { number } }"""
BERLIN: Final = {**ADDRESS, "name": "Bob Beier", "city": "Berlin"}


def at(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


async def stocked(**product: Any) -> Company:
    company = await found_company()
    await company.product("TEA", stock=10, **product)
    await company.product("CUP", stock=10, price="5.00", taxRate="0.19")
    return company


async def customer(code: str, *, discount: str | None = None, **fields: Any) -> str:
    """The id of another customer, in a group with a discount where one is given."""
    if discount:
        group = await change(GROUP, input={"name": code, "discountRate": discount})
        fields["groupId"] = group["customerGroup"]["id"]
    values = {"code": code, "name": f"{code.title()} Beier", "addresses": [BERLIN]}
    made: str = (await change(CUSTOMER, input=values | fields))["customer"]["id"]
    return made


async def draft(company: Company, *lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    wish = {"customerId": company.customer, "lines": list(lines)} | fields
    made: dict[str, Any] = (await change(DRAFT, input=wish))["order"]
    return made


async def seen(order: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await ask(ORDER, id=order["id"]))["order"]
    return found


async def edit(order: dict[str, Any], **wish: Any) -> dict[str, Any]:
    edited = await change(EDIT, id=order["id"], version=order["version"], input=wish)
    found: dict[str, Any] = edited["order"]
    return found


async def refused(order: dict[str, Any], **wish: Any) -> tuple[str, str]:
    """Code and field of the one refusal, which the preview tells as well; nothing has changed."""
    before = await seen(order)
    known = {"id": order["id"], "version": before["version"]}
    (error,) = await refusal(EDIT, **known, input=wish)
    told = (await ask(PREVIEW, id=order["id"], input=wish))["orderEditPreview"]["userErrors"]
    assert told == [{"code": error["code"], "path": error["path"]}]
    assert await seen(order) == before
    return error["code"], ".".join(error["path"][1:])


async def told() -> dict[str, Any]:
    """The data of the last event that tells of an edit."""
    data: dict[str, Any] = (await Event.filter(kind=EventKind.ORDER_EDITED).order_by("-id"))[0].data
    return data


def line(sku: str, quantity: int, **more: Any) -> dict[str, Any]:
    return {"sku": sku, "quantity": quantity} | more
