"""Who is asking, and what surrounds their operation."""

from graph.server.settings import Settings
from models.rules.access import OPEN
from resolvers.context import Context
from resolvers.cursors import Sealer
from subscriptions.live import Live


class Contexts:
    """Makes the context of each operation. There are no logins: everybody is `OPEN`."""

    def __init__(self, settings: Settings, live: Live) -> None:
        self.sealer = Sealer(settings.secret_bytes)
        self.live = live

    def make(self, correlation_id: str, idempotency_key: str | None = None) -> Context:
        """A new context, with loaders that have read nothing."""
        return Context(OPEN, self.sealer, correlation_id, self.live, idempotency_key)
