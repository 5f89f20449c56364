"""Relations of payments and invoices."""

from typing import Final

from models.payments import Invoice, Payment
from resolvers.loaders.relation import ToMany

invoices_beside: Final = ToMany(Invoice, by="order_id", order=("issued_at", "id"), key="order_id")
payments_of_order: Final = ToMany(Payment, by="order_id", order=("at", "id"))
invoices_of_order: Final = ToMany(Invoice, by="order_id", order=("issued_at", "id"))
