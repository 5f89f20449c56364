"""The context of an operation: its actor, and loaders that batch reads."""

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
"""The allowed cost in points, if no setting gives one."""


class Loader(DataLoader[Any, Any]):
    """aiodataloader's, without its cache of cancelled futures.

    A failing sibling field cancels the futures beside it; the next request for the same key would
    get the cancelled one.
    """

    def load(self, key: Any) -> asyncio.Future[Any]:
        known = self._cache.get(self.get_cache_key(key))
        if known is not None and known.cancelled():
            self.clear(key)
        future = super().load(key)
        if future is not known:
            future.add_done_callback(_retrieve_exception)
        return future


def _retrieve_exception(future: asyncio.Future[Any]) -> None:
    """Reads the exception of a future whose waiting fields were cancelled by a failing sibling."""
    if not future.cancelled():
        future.exception()


class StreamTimes(Protocol):
    """The times of a stream: its heartbeat, its replay, and its pauses after failed reads."""

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
    def stored(self, position: int) -> AsyncGenerator[Event, None]:
        """Yields the stored events after a position."""


@dataclass
class Context:
    """The context of one operation. `renewed()` makes that of the next event of a subscription.

    `live` is the feed of this process, if it serves streams. `idempotency_key` is the request's
    header; `shows_cost` adds the cost to the answer.
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
        """The same request with empty loaders, so that no stale row is used."""
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
        """Empties the loaders, so that each object is read again."""
        self._loaders.clear()

    def look_up(self, relation: Relation, key: Any) -> "Lookup":
        """A lookup of the relation, which reads nothing until it is awaited."""
        return Lookup(self, relation, key)

    async def by_key(self, relation: Relation, key: Any) -> Any:
        """The relation's object for a key; None for None."""
        if key is None:
            return None

        def load(keys: Sequence[Any]) -> Awaitable[list[Any]]:
            return relation.load(self.actor, keys, meter=self.meter)

        return await self.batched(relation, load, key)

    async def all_by_key(self, relation: Relation, keys: Sequence[Any]) -> list[Any]:
        """The relation's object for each key, in their order."""
        return await asyncio.gather(*(self.by_key(relation, key) for key in keys))

    async def batched(
        self,
        name: Any,
        load: Callable[[Sequence[Any]], Awaitable[list[Any]]],
        key: Any,
    ) -> Any:
        """The value of the key, by one call of `load` for all keys of the name in the same step."""
        loader = self._loaders.get(name)
        if loader is None:

            async def batch(keys: Sequence[Any]) -> list[Any]:
                return await load(keys)

            loader = self._loaders[name] = Loader(batch, max_batch_size=10_000)
        # A failing sibling cancels its waiting fields; the shared future must survive that.
        return await asyncio.shield(loader.load(key))


@dataclass(frozen=True, slots=True)
class Lookup:
    """An object that a relation finds by a key, not read yet.

    Awaiting it reads it together with all others of its level. An executor can instead read many at
    once, and only the selected columns.
    """

    context: Context
    relation: Relation
    key: Any

    def __await__(self) -> Generator[Any, None, Any]:
        return self.context.by_key(self.relation, self.key).__await__()


Info = strawberry.Info[Context, None]
