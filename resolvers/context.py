"""What a request carries: who asks, and the loaders that collect what its fields need."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import strawberry
from aiodataloader import DataLoader

from models.events import Event
from models.rules.access import Actor
from resolvers.cursors import Sealer
from resolvers.loaders.relation import Relation
from resolvers.metering import Meter
from services.work import policy
from services.work.commits import Commits
from services.work.policy import Policy

MAX_RUN_COST: Final = 60_000
"""Points, where no setting says so."""


class Loader(DataLoader[Any, Any]):
    """aiodataloader's, without its memory of futures that were cancelled.

    A failing sibling field cancels what waits beside it; the next to ask for the same key would
    get that cancelled future and nothing else.
    """

    def load(self, key: Any) -> asyncio.Future[Any]:
        known = self._cache.get(self.get_cache_key(key))
        if known is not None and known.cancelled():
            self.clear(key)
        future = super().load(key)
        if future is not known:
            future.add_done_callback(_look_at)
        return future


def _look_at(future: asyncio.Future[Any]) -> None:
    """Whoever waited may be gone, cancelled by a failing sibling that has told the client why."""
    if not future.cancelled():
        future.exception()


class StreamTimes(Protocol):
    """How long a stream is silent at most, how far back it goes, and how it waits for reads."""

    @property
    def heartbeat_seconds(self) -> float: ...
    @property
    def replay_days(self) -> int: ...
    def pause_after(self, failures: int) -> float:
        """Seconds to pause after failures in a row."""


class LiveFeed(Protocol):
    """The committed events of all processes, as a stream follows them."""

    @property
    def settings(self) -> StreamTimes: ...
    def follow(self, position: int) -> AsyncGenerator[Event | None, None]:
        """Yields each event after a position once, and None where there was none for a time."""


@dataclass
class Context:
    """One operation's surroundings. `renewed()` makes those of the next operation or event.

    `live` is the feed that this process reads, where it serves streams. `idempotency_key` is the
    request's header of that name; `shows_cost` says whether the answer tells what it costs.
    """

    actor: Actor
    sealer: Sealer
    correlation_id: str | None = None
    live: LiveFeed | None = None
    idempotency_key: str | None = None
    shows_cost: bool = False
    commits: Commits = field(default_factory=Commits)
    meter: Meter = field(default_factory=lambda: Meter(MAX_RUN_COST))
    policy: Policy = field(default_factory=policy.current)
    _loaders: dict[Any, Loader] = field(default_factory=dict)

    def renewed(self) -> "Context":
        """The same request with empty loaders, so that nothing stale is served."""
        return Context(
            self.actor,
            self.sealer,
            self.correlation_id,
            self.live,
            shows_cost=self.shows_cost,
            meter=self.meter.renewed(),
            policy=self.policy,
        )

    def forget(self) -> None:
        """Read everything anew from now on, as a stream does for each event."""
        self._loaders.clear()

    def look_up(self, relation: Relation, key: Any) -> "Lookup":
        """What the relation finds for a key, once somebody asks."""
        return Lookup(self, relation, key)

    async def by_key(self, relation: Relation, key: Any) -> Any:
        """What the relation finds for a key; None for none."""
        if key is None:
            return None

        def load(keys: Sequence[Any]) -> Awaitable[list[Any]]:
            return relation.load(self.actor, keys, meter=self.meter)

        return await self.batched(relation, load, key)

    async def all_by_key(self, relation: Relation, keys: Sequence[Any]) -> list[Any]:
        """What the relation finds for each of several keys, in their order."""
        return await asyncio.gather(*(self.by_key(relation, key) for key in keys))

    async def batched(
        self,
        name: Any,
        load: Callable[[Sequence[Any]], Awaitable[list[Any]]],
        key: Any,
    ) -> Any:
        """`load` for all keys asked for under one name in the same step; this key's value."""
        loader = self._loaders.get(name)
        if loader is None:

            async def batch(keys: Sequence[Any]) -> list[Any]:
                return await load(keys)

            loader = self._loaders[name] = Loader(batch, max_batch_size=10_000)
        # A failing sibling cancels whoever awaits here; the shared future must survive that.
        return await asyncio.shield(loader.load(key))


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a relation finds for a key, and nobody has read yet.

    Awaiting it reads it, together with all others of its level. Who executes a query may read many
    at once, and only the columns that are selected.
    """

    context: Context
    relation: Relation
    key: Any

    def __await__(self) -> Generator[Any, None, Any]:
        return self.context.by_key(self.relation, self.key).__await__()


Info = strawberry.Info[Context, None]
