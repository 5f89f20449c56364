"""Numbers as `services.work.numbering` gives them out, so that the next one goes on counting."""

from collections import Counter
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from models.numbering import NumberCounter
from models.orders import Order
from models.rules.numbering import NumberKind, Pattern, Reset
from services.work.policy import Policy


class Numbers:
    """Counts in every scope, without gaps, on from where the database's counters stand."""

    def __init__(self, counters: dict[str, int], policy: Policy) -> None:
        self.policy = policy
        self._counts = Counter(counters)

    def take(self, kind: str, pattern: str, at: datetime, channel: str = "") -> str:
        """The next number of a kind."""
        parsed = Pattern.parse(pattern)
        day = self.policy.local(at).date()
        scope = f"{kind}:{parsed.scope(day, channel)}"
        self._counts[scope] += 1
        return parsed.format(self._counts[scope], day, channel)

    def of_order(self, kind: NumberKind, order: Order, earlier: int, at: datetime) -> str:
        """The number of an order's next shipment or return, of which it has `earlier` ones."""
        pattern = self.policy.number_pattern(kind)
        if pattern.resets is not Reset.EACH_ORDER:
            return self.take(kind, pattern.text, at, order.channel)
        day = self.policy.local(at).date()
        return pattern.format(earlier + 1, day, order.channel, order.number)

    async def save(self, connection: BaseDBAsyncClient) -> None:
        """Leave the database's counters where the counting ended."""
        rows = NumberCounter.filter(scope__in=list(self._counts)).using_db(connection)
        await rows.delete()
        kept = [NumberCounter(scope=scope, value=value) for scope, value in self._counts.items()]
        await NumberCounter.bulk_create(kept, batch_size=200, using_db=connection)
