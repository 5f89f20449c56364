"""All tables, for Tortoise and for the migrations."""

from tortoise.models import Model

from models.catalog import Category, Product, Supplier
from models.customers import Customer, CustomerAddress, CustomerGroup, CustomerTag
from models.events import Event, Feed
from models.exchange import ExchangeRate
from models.fulfillment import Parcel, Return, ReturnLine, Shipment, ShipmentLine, TrackingEvent
from models.idempotency import IdempotencyKey
from models.inventory import Reservation, StockItem, StockMovement, Warehouse
from models.numbering import NumberCounter
from models.orders import Order, OrderLine
from models.payments import Invoice, Payment
from models.references import ExternalRef, SearchToken
from models.tracking import ShipmentUnit, TrackedUnit, UnitMovement, UnitStock

TABLES: tuple[type[Model], ...] = (
    CustomerGroup,
    Customer,
    CustomerAddress,
    CustomerTag,
    Category,
    Supplier,
    Product,
    Warehouse,
    StockItem,
    StockMovement,
    Order,
    OrderLine,
    Reservation,
    Shipment,
    ShipmentLine,
    Parcel,
    TrackingEvent,
    Return,
    ReturnLine,
    Payment,
    Invoice,
    Event,
    Feed,
    ExternalRef,
    SearchToken,
    IdempotencyKey,
    NumberCounter,
    ExchangeRate,
    TrackedUnit,
    UnitStock,
    ShipmentUnit,
    UnitMovement,
)

__models__ = list(TABLES)

for _table in TABLES:
    # Tortoise would store docstrings as table comments, and a new wording would need a migration.
    _table._meta.table_description = ""
