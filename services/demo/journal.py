"""What happened, told as the services would have told it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from models.columns import Subject
from models.customers import Customer
from models.events import Event
from models.orders import Order
from models.rules.access import SYSTEM, Actor, ActorKind
from models.rules.events import EventKind
from services.demo.dice import Dice
from services.demo.rows import Rows
from services.work.events import SUBJECTS


def _staff(key: str, name: str) -> Actor:
    return Actor(ActorKind.STAFF, key, name, frozenset())


SALES: Final = _staff("staff-sales", "Vera Lindqvist")
WAREHOUSE: Final = _staff("staff-warehouse", "Bruno Hartwig")
FINANCE: Final = _staff("staff-finance", "Mira Okafor")
SUPPORT: Final = _staff("staff-support", "Leon Petit")


def buyer(customer: Customer) -> Actor:
    """The customer, ordering for themselves. Events hold ids, not people's names."""
    return Actor(ActorKind.CUSTOMER, customer.id.hex, None, frozenset())


CARRIER: Final = Actor(ActorKind.PARTNER, "partner-carrier", "Carrier", frozenset())
NIGHTLY: Final = SYSTEM


@dataclass(slots=True)
class Journal:
    """Writes events. It must be told of them in the order of time: that is the feed's."""

    dice: Dice
    rows: Rows

    def record(
        self,
        at: datetime,
        actor: Actor,
        subject: Subject,
        kind: EventKind,
        data: dict[str, Any],
        *,
        order: Order | None = None,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> None:
        """Keep an event, and count it on its subject."""
        subject.event_seq += 1
        customer_id = order.customer_id if order else None
        self.rows.add(
            Event,
            {
                "id": self.dice.id_at(at),
                "position": None,
                "subject_kind": SUBJECTS[type(subject)],
                "subject_id": subject.pk,
                "subject_seq": subject.event_seq,
                "subject_version": subject.version,
                "kind": kind,
                "at": at,
                "order_id": order.id if order else None,
                "customer_id": subject.pk if isinstance(subject, Customer) else customer_id,
                "data": data,
                "before": before or {},
                "after": after or {},
                "actor_kind": actor.kind,
                "actor_id": actor.id,
                "actor_name": actor.name,
            },
        )
