"""Strawberry, Tortoise and aiodataloader put together as tutorials do, on ordergraph's tables.

With `BENCH_TUNED=1` it has what their manuals advise besides: caches of parsed and validated
documents, and orjson.
"""

import base64
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, NewType
from urllib.parse import unquote, urlsplit
from uuid import UUID

import orjson
import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig
from tortoise import Tortoise
from tortoise.expressions import Q

from benchmarks.rivals.plain_loaders import Loaders
from models.catalog import Product as ProductRow
from models.customers import Customer as CustomerRow
from models.inventory import StockItem as StockRow
from models.orders import Order as OrderRow
from models.orders import OrderLine as LineRow
from models.rules.order_states import OrderStatus

TUNED: Final = os.environ.get("BENCH_TUNED") == "1"
TIERS: Final = (
    ("GOLD", 5_000_000, "0.05"),
    ("SILVER", 1_000_000, "0.03"),
    ("BRONZE", 100_000, "0.01"),
)
Cursor = NewType("Cursor", str)
strawberry.enum(OrderStatus, name="OrderStatus")


def global_id(kind: str, key: UUID) -> strawberry.ID:
    text = base64.urlsafe_b64encode(f"{kind}:{key.hex}".encode()).rstrip(b"=").decode()
    return strawberry.ID(text)


def key_of(text: str) -> UUID:
    plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    return UUID(hex=plain.partition(":")[2])


def cursor_of(order: OrderRow) -> Cursor:
    place = f"{order.sorted_at.isoformat()}|{order.id}"
    return Cursor(base64.urlsafe_b64encode(place.encode()).decode())


def after_cursor(cursor: str) -> Q:
    at, key = base64.urlsafe_b64decode(cursor).decode().split("|")
    instant = datetime.fromisoformat(at)
    return Q(sorted_at__lte=instant) & (Q(sorted_at__lt=instant) | Q(id__lt=UUID(key)))


Info = strawberry.Info[dict[str, Any], None]


def loaders(info: Info) -> Loaders:
    found: Loaders = info.context["loaders"]
    return found


@strawberry.type
class Money:
    amount: Decimal

    @classmethod
    def of(cls, minor: int) -> "Money":
        return cls(amount=Decimal(minor).scaleb(-2))


@strawberry.type
class TaxedMoney:
    gross: Money


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: Cursor | None


@strawberry.type
class Warehouse:
    code: str


@strawberry.type
class StockItem:
    on_hand: int
    reserved: int
    warehouse_key: strawberry.Private[UUID]

    @classmethod
    def of(cls, row: StockRow) -> "StockItem":
        return cls(on_hand=row.on_hand, reserved=row.reserved, warehouse_key=row.warehouse_id)

    @strawberry.field
    async def warehouse(self, info: Info) -> Warehouse:
        row = await loaders(info).warehouses.load(self.warehouse_key)
        return Warehouse(code=row.code)


@strawberry.type
class Product:
    id: strawberry.ID
    sku: str
    name: str
    key: strawberry.Private[UUID]

    @classmethod
    def of(cls, row: ProductRow) -> "Product":
        return cls(id=global_id("Product", row.id), sku=row.sku, name=row.name, key=row.id)

    @strawberry.field
    async def stock(self, info: Info) -> list[StockItem]:
        return [StockItem.of(row) for row in await loaders(info).stock.load(self.key)]


@strawberry.type
class OrderLine:
    quantity: int
    unit_price: Money
    product_key: strawberry.Private[UUID]

    @classmethod
    def of(cls, row: LineRow) -> "OrderLine":
        assert row.product_id is not None
        price = Money.of(row.unit_price_minor)
        return cls(quantity=row.quantity, unit_price=price, product_key=row.product_id)

    @strawberry.field
    async def product(self, info: Info) -> Product | None:
        return Product.of(await loaders(info).products.load(self.product_key))


@strawberry.type
class Order:
    id: strawberry.ID
    number: str
    status: OrderStatus
    placed_at: datetime
    line_count: int
    total: TaxedMoney
    key: strawberry.Private[UUID]
    customer_key: strawberry.Private[UUID]

    @classmethod
    def of(cls, row: OrderRow) -> "Order":
        return cls(
            id=global_id("Order", row.id),
            number=row.number,
            status=row.status,
            placed_at=row.placed_at,
            line_count=row.line_count,
            total=TaxedMoney(gross=Money.of(row.total_gross_minor)),
            key=row.id,
            customer_key=row.customer_id,
        )

    @strawberry.field
    async def lines(self, info: Info) -> list[OrderLine]:
        return [OrderLine.of(row) for row in await loaders(info).lines.load(self.key)]

    @strawberry.field
    async def customer(self, info: Info) -> "Customer":
        return Customer.of(await loaders(info).customers.load(self.customer_key))


@strawberry.type
class OrderConnection:
    nodes: list[Order]
    page_info: PageInfo

    @classmethod
    def of(cls, rows: list[OrderRow], first: int) -> "OrderConnection":
        page = rows[:first]
        end = cursor_of(page[-1]) if page else None
        return cls(
            nodes=[Order.of(row) for row in page],
            page_info=PageInfo(has_next_page=len(rows) > first, end_cursor=end),
        )


@strawberry.type
class Loyalty:
    tier: str
    points: int
    discount_rate: Decimal


@strawberry.type
class ProductScore:
    product: Product
    score: float
    reason: str


@strawberry.type
class Customer:
    id: strawberry.ID
    name: str
    email: str | None
    key: strawberry.Private[UUID]

    @classmethod
    def of(cls, row: CustomerRow) -> "Customer":
        return cls(id=global_id("Customer", row.id), name=row.name, email=row.email, key=row.id)

    @strawberry.field
    async def orders(
        self, info: Info, first: int = 20, after: Cursor | None = None
    ) -> OrderConnection:
        if after is None:
            return OrderConnection.of(await loaders(info).orders.load(self.key), first)
        rows = OrderRow.filter(after_cursor(after), customer_id=self.key)
        found = await rows.order_by("-sorted_at", "-id").limit(first + 1)
        return OrderConnection.of(found, first)

    @strawberry.field
    async def lifetime_value(self, info: Info) -> Money:
        return Money.of(await loaders(info).values.load(self.key))

    @strawberry.field
    async def loyalty(self, info: Info) -> Loyalty:
        value = await loaders(info).values.load(self.key)
        reached = [(name, rate) for name, threshold, rate in TIERS if value >= threshold]
        tier, rate = reached[0] if reached else ("NONE", "0")
        return Loyalty(tier=tier, points=value // 100, discount_rate=Decimal(rate))

    @strawberry.field
    async def frequent_products(self, info: Info, first: int = 10) -> list[ProductScore]:
        orders = await loaders(info).order_counts.load(self.key)
        best = (await loaders(info).bought.load(self.key))[:first]
        products = await loaders(info).products.load_many([key for key, _ in best])
        return [
            ProductScore(
                product=Product.of(product),
                score=times / orders,
                reason=f"In {times} of {orders} orders.",
            )
            for product, (_, times) in zip(products, best, strict=True)
        ]


@strawberry.type
class CustomerConnection:
    nodes: list[Customer]


@strawberry.type
class Query:
    @strawberry.field
    async def customers(self, first: int = 20) -> CustomerConnection:
        rows = await CustomerRow.all().order_by("sort_name", "id").limit(first)
        return CustomerConnection(nodes=[Customer.of(row) for row in rows])

    @strawberry.field
    async def customer(self, id: strawberry.ID) -> Customer | None:  # noqa: A002 - as the SDL has it
        row = await CustomerRow.get_or_none(id=key_of(id))
        return Customer.of(row) if row else None

    @strawberry.field
    async def orders(self, first: int = 20) -> OrderConnection:
        rows = await OrderRow.all().order_by("-sorted_at", "-id").limit(first + 1)
        return OrderConnection.of(rows, first)

    @strawberry.field
    async def order(self, id: strawberry.ID) -> Order | None:  # noqa: A002 - as the SDL has it
        row = await OrderRow.get_or_none(id=key_of(id))
        return Order.of(row) if row else None


def written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


schema = strawberry.Schema(
    Query,
    extensions=[ParserCache, ValidationCache] if TUNED else [],
    config=StrawberryConfig(
        scalar_map={
            Cursor: strawberry.scalar(name="Cursor", serialize=str, parse_value=str),
            datetime: strawberry.scalar(name="DateTime", serialize=written),
        }
    ),
)


class Api(GraphQL[dict[str, Any], None]):
    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> dict[str, Any]:
        return {"request": request, "response": response, "loaders": Loaders()}


class TunedApi(Api):
    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data)

    def decode_json(self, data: str | bytes) -> object:
        return orjson.loads(data)


@asynccontextmanager
async def opened(_app: Starlette) -> AsyncIterator[None]:
    parts = urlsplit(os.environ["BENCH_DATABASE_URL"])
    credentials = {
        "host": parts.hostname,
        "port": parts.port,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": parts.path.removeprefix("/"),
        "maxsize": 16,
    }
    engine = {"engine": "tortoise.backends.asyncpg", "credentials": credentials}
    config = {
        "connections": {"default": engine},
        "apps": {"models": {"models": ["models.tables"], "default_connection": "default"}},
        "use_tz": True,
        "timezone": "UTC",
    }
    await Tortoise.init(config=config, _enable_global_fallback=True)
    try:
        yield
    finally:
        await Tortoise.close_connections()


app = Starlette(
    routes=[Route("/graphql", TunedApi(schema) if TUNED else Api(schema))], lifespan=opened
)
