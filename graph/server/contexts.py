"""The context of an operation: its actor, loaders, ids and streams."""

from collections.abc import Mapping
from typing import Any, Final

from graph.server.settings import Settings
from models.rules.access import OPEN
from resolvers.context import Context
from resolvers.cursors import Sealer
from subscriptions.feed.runtime import FeedRuntime

COST_HEADER: Final = "graphql-cost"


def asks_for_cost(sent: Mapping[str, Any]) -> bool:
    """Whether the headers, or the payload of `connection_init`, have `GraphQL-Cost: 1`."""
    return any(name.lower() == COST_HEADER and value in ("1", 1) for name, value in sent.items())


class Contexts:
    """Makes the context of each operation. There are no logins: each caller is `OPEN`."""

    def __init__(self, settings: Settings, live: FeedRuntime) -> None:
        self.sealer = Sealer(settings.secret_bytes)
        self.live = live

    def make(
        self, correlation_id: str, idempotency_key: str | None = None, *, shows_cost: bool = False
    ) -> Context:
        """A new context with empty loaders."""
        return Context(OPEN, self.sealer, correlation_id, self.live, idempotency_key, shows_cost)
