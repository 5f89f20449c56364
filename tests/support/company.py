"""A small company, made through the API."""

from dataclasses import dataclass
from typing import Any, Final

from tests.support.api import change

ERRORS: Final = "userErrors { code message path }"

WAREHOUSE: Final = f"""
mutation($input: WarehouseInput!) {{
  warehouseSave(input: $input) {{ warehouse {{ id }} {ERRORS} }}
}}"""
CUSTOMER: Final = f"""
mutation($input: CustomerInput!) {{
  customerSave(input: $input) {{ customer {{ id }} {ERRORS} }}
}}"""
PRODUCT: Final = f"""
mutation($input: ProductInput!) {{
  productSave(input: $input) {{ product {{ id }} {ERRORS} }}
}}"""
CATEGORY: Final = f"""
mutation($input: CategoryInput!) {{
  categorySave(input: $input) {{ category {{ id }} {ERRORS} }}
}}"""
SUPPLIER: Final = f"""
mutation($input: SupplierInput!) {{
  supplierSave(input: $input) {{ supplier {{ id }} {ERRORS} }}
}}"""
GROUP: Final = f"""
mutation($input: CustomerGroupInput!) {{
  customerGroupSave(input: $input) {{ customerGroup {{ id }} {ERRORS} }}
}}"""
STOCK: Final = f"""
mutation($changes: [StockChange!]!) {{
  stockAdjust(changes: $changes) {{ items {{ id version }} {ERRORS} }}
}}"""
PLACE: Final = f"""
mutation($input: OrderInput!) {{
  orderPlace(input: $input) {{
    order {{ id version number status lines {{ id sku quantity }} }} {ERRORS}
  }}
}}"""
ACT: Final = f"""
mutation($id: ID!, $version: Int!, $action: OrderAction!, $lines: [LineQuantity!]) {{
  orderAct(id: $id, version: $version, action: $action, lines: $lines) {{
    order {{ id version status fulfillmentStatus }} {ERRORS}
  }}
}}"""
PAY: Final = f"""
mutation($orderId: ID!, $input: PaymentInput!) {{
  paymentRecord(orderId: $orderId, input: $input) {{ order {{ id version }} {ERRORS} }}
}}"""
RETURN: Final = f"""
mutation($orderId: ID!, $lines: [ReturnLineInput!]!, $reason: String!) {{
  returnRequest(orderId: $orderId, lines: $lines, reason: $reason) {{
    order {{ id version returnStatus returns {{ id version number status }} }} {ERRORS}
  }}
}}"""
RECEIVE: Final = f"""
mutation($id: ID!, $version: Int!, $lines: [ReturnLineInput!]!, $warehouse: ID) {{
  returnReceive(id: $id, version: $version, lines: $lines, warehouseId: $warehouse) {{
    order {{ id version returnStatus returns {{ id version number status }} }} {ERRORS}
  }}
}}"""

SHIPMENT: Final = f"""
mutation($id: ID!, $version: Int!, $input: ShipInput!) {{
  shipmentCreate(orderId: $id, version: $version, input: $input) {{
    order {{ shipments {{ id }} }} {ERRORS}
  }}
}}"""
TRACK: Final = f"""
mutation($id: ID!, $status: ShipmentStatus!) {{
  shipmentTrack(id: $id, status: $status) {{ order {{ version }} {ERRORS} }}
}}"""
LIMIT: Final = f"""
mutation($id: ID!, $version: Int!, $limit: Decimal) {{
  customerCreditSet(id: $id, version: $version, rating: B, limit: $limit, termsDays: 30) {{
    customer {{ id }} {ERRORS}
  }}
}}"""

ADDRESS: Final = {
    "name": "Ada Albers",
    "lines": ["Hafenstraße 1"],
    "city": "Hamburg",
    "postalCode": "20457",
    "countryCode": "DE",
}


@dataclass(frozen=True)
class Company:
    """The ids of a company that has one warehouse and one customer, and as yet no product."""

    warehouse: str
    customer: str

    async def product(self, sku: str, stock: int = 0, **fields: Any) -> str:
        """The id of a new product at 10.00 EUR, with stock in the warehouse."""
        values = {"sku": sku, "name": f"Product {sku}", "price": "10.00", "currencyCode": "EUR"}
        made = await change(PRODUCT, input=values | fields)
        if stock:
            await self.receive(sku, stock)
        product_id: str = made["product"]["id"]
        return product_id

    async def receive(self, sku: str, quantity: int) -> None:
        """Put units on hand."""
        entry = {"sku": sku, "warehouseId": self.warehouse, "delta": quantity, "reason": "arrived"}
        await change(STOCK, changes=[entry])

    async def order(self, *lines: tuple[str, int], **fields: Any) -> dict[str, Any]:
        """A new order of these SKUs and quantities: id, version, number, status, lines."""
        items = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
        placed = await change(PLACE, input={"customerId": self.customer, "lines": items} | fields)
        order: dict[str, Any] = placed["order"]
        return order

    async def act(self, order: dict[str, Any], action: str, **more: Any) -> dict[str, Any]:
        """The order after a step; takes any dict with `id` and `version`."""
        acted = await change(ACT, id=order["id"], version=order["version"], action=action, **more)
        after: dict[str, Any] = acted["order"]
        return after

    async def ship(self, order: dict[str, Any], *lines: tuple[str, int]) -> int:
        """The order's version after units of these SKUs have left."""
        by_sku = {line["sku"]: line["id"] for line in order["lines"]}
        units = [{"lineId": by_sku[sku], "quantity": quantity} for sku, quantity in lines]
        wish = {"warehouseId": self.warehouse, "lines": units}
        made = await change(SHIPMENT, id=order["id"], version=order["version"], input=wish)
        shipment = made["order"]["shipments"][-1]["id"]
        version: int = (await change(TRACK, id=shipment, status="SHIPPED"))["order"]["version"]
        return version

    async def limit(self, limit: str | None) -> None:
        """Let the customer, as they were made, owe no more than that."""
        await change(LIMIT, id=self.customer, version=1, limit=limit)


async def found_company() -> Company:
    """A company with the warehouse MAIN and the customer ADA."""
    warehouse = await change(WAREHOUSE, input={"code": "MAIN", "name": "Main warehouse"})
    customer = await change(
        CUSTOMER, input={"code": "ADA", "name": "Ada Albers", "addresses": [ADDRESS]}
    )
    return Company(warehouse["warehouse"]["id"], customer["customer"]["id"])
