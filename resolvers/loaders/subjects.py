"""Relations from events to their subjects."""

from typing import Final

from models.catalog import Product
from models.customers import Customer
from models.fulfillment import Return, Shipment
from models.inventory import StockItem
from models.orders import Order
from models.rules.events import SubjectKind
from resolvers.loaders.relation import ToOne

SUBJECTS: Final = {
    SubjectKind.CUSTOMER: ToOne(Customer, key="subject_id"),
    SubjectKind.ORDER: ToOne(Order, key="subject_id"),
    SubjectKind.PRODUCT: ToOne(Product, key="subject_id"),
    SubjectKind.RETURN: ToOne(Return, key="subject_id"),
    SubjectKind.SHIPMENT: ToOne(Shipment, key="subject_id"),
    SubjectKind.STOCK_ITEM: ToOne(StockItem, key="subject_id"),
}
