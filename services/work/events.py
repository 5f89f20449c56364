"""Records events in the transaction of the change."""

from typing import Any, Final
from uuid import UUID

from models.catalog import Product
from models.columns import Subject
from models.customers import Customer
from models.events import Event
from models.fulfillment import Return, Shipment
from models.inventory import StockItem
from models.orders import Order
from models.rules.events import EventKind, SubjectKind
from services.storage.rows import fresh
from services.work.work import Work

SUBJECTS: Final[dict[type[Subject], SubjectKind]] = {
    Customer: SubjectKind.CUSTOMER,
    Order: SubjectKind.ORDER,
    Product: SubjectKind.PRODUCT,
    Return: SubjectKind.RETURN,
    Shipment: SubjectKind.SHIPMENT,
    StockItem: SubjectKind.STOCK_ITEM,
}


def record(
    work: Work,
    subject: Subject,
    kind: EventKind,
    *,
    order: Order | None = None,
    data: dict[str, Any] | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Adds an event to the transaction.

    The subject's row must be locked or inserted by the transaction, and must be saved after this,
    because its count of events rises here. `data` holds ids, numbers and field names, never
    personal text. `order` puts the event on that order's timeline.
    """
    subject.event_seq += 1
    work.events.append(
        fresh(
            Event,
            subject_kind=SUBJECTS[type(subject)],
            subject_id=subject.pk,
            subject_seq=subject.event_seq,
            subject_version=subject.version,
            kind=kind,
            at=work.now,
            actor_kind=work.actor.kind,
            actor_id=work.actor.id,
            actor_name=work.actor.name,
            order_id=order.id if order else None,
            customer_id=_customer_of(subject, order),
            data=data or {},
            before=before or {},
            after=after or {},
        )
    )


def _customer_of(subject: Subject, order: Order | None) -> UUID | None:
    if isinstance(subject, Customer):
        return subject.id
    return order.customer_id if order else None
