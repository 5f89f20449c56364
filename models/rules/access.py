"""Actors and their permissions."""

from dataclasses import dataclass
from enum import StrEnum

from models.rules.errors import Forbidden


class ActorKind(StrEnum):
    STAFF = "STAFF"
    CUSTOMER = "CUSTOMER"
    PARTNER = "PARTNER"
    GUEST = "GUEST"
    SYSTEM = "SYSTEM"


class Permission(StrEnum):
    """A permission for each kind of access. An access without its permission is refused."""

    API_USE = "api:use"
    CUSTOMERS_READ = "customers:read"
    CUSTOMERS_WRITE = "customers:write"
    CREDIT_READ = "credit:read"
    CREDIT_WRITE = "credit:write"
    CATALOG_READ = "catalog:read"
    CATALOG_WRITE = "catalog:write"
    COSTS_READ = "costs:read"
    STOCK_READ = "stock:read"
    STOCK_WRITE = "stock:write"
    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    ORDERS_APPROVE = "orders:approve"
    SHIPMENTS_READ = "shipments:read"
    SHIPMENTS_WRITE = "shipments:write"
    PAYMENTS_READ = "payments:read"
    PAYMENTS_WRITE = "payments:write"
    EVENTS_READ = "events:read"
    NUMBERS_WRITE = "numbers:write"
    IMPORT = "import:write"


@dataclass(frozen=True, slots=True)
class Actor:
    """The actor of a request, with all its permissions."""

    kind: ActorKind
    id: str
    name: str | None
    permissions: frozenset[Permission]

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Passes, or raises `Forbidden`."""
        if permission not in self.permissions:
            raise Forbidden(permission)


EVERYTHING = frozenset(Permission)

SYSTEM = Actor(ActorKind.SYSTEM, "system", "ordergraph", EVERYTHING)
"""The server itself: imports, demo data and background tasks."""

OPEN = Actor(ActorKind.STAFF, "open", None, EVERYTHING)
"""The actor of each request while the server has no logins."""
