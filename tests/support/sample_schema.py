"""A small schema whose fields fail, wait and stream on demand, to test what serves any schema."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated, NewType

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

from models.rules.access import Permission
from models.rules.errors import BadRequest, Forbidden, Overloaded, invalid
from resolvers.context import Info
from subscriptions.feed.closed import StreamClosed

Cracked = NewType("Cracked", str)


def crack(value: object) -> str:
    """What no scalar should do."""
    raise RuntimeError(SECRET_TEXT)


SECRET_TEXT = "postgres://ordergraph:hunter2@db.internal/orders"
SHARED = RuntimeError(SECRET_TEXT)
"""One exception that many fields meet, as they do where a batch fails."""


closed: asyncio.Queue[str] = asyncio.Queue()
"""The streams and fields that have ended, however they did."""

gate = asyncio.Event()
"""What `gated` waits for."""


@strawberry.type
class Node:
    name: str = "a node"

    @strawberry.field
    def child(self) -> Annotated["Node", strawberry.lazy("tests.support.sample_schema")]:
        return Node()

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError(SECRET_TEXT)

    @strawberry.field
    def needed(self) -> str:
        raise SHARED

    @strawberry.field
    async def gated(self) -> str:
        try:
            await gate.wait()
        finally:
            closed.put_nowait("gated")
        return "came through"

    @strawberry.field
    async def cancelled(self) -> str:
        raise asyncio.CancelledError(SECRET_TEXT)

    @strawberry.field
    def long(self, times: int) -> str:
        return self.name * times


@strawberry.type
class Query:
    node: Node = strawberry.field(resolver=Node)

    @strawberry.field
    def nodes(self, count: int) -> list[Node]:
        return [Node(name=f"node {number}") for number in range(count)]

    @strawberry.field
    def greet(self, name: str = "world", times: int = 1) -> str:
        return f"Hello {name}" * times

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError(SECRET_TEXT)

    @strawberry.field
    def needed(self) -> str:
        raise RuntimeError(SECRET_TEXT)

    @strawberry.field
    def too_large(self) -> int | None:
        return 2**40

    @strawberry.field
    def forbidden(self) -> str | None:
        raise Forbidden(Permission.ORDERS_READ)

    @strawberry.field
    def foreign(self) -> str | None:
        raise BadRequest("This is not an id of ours.")

    @strawberry.field
    def refused(self) -> str | None:
        raise invalid("No such sort.", "sort")

    @strawberry.field
    def contended(self) -> str | None:
        raise Overloaded

    @strawberry.field
    async def forever(self) -> str | None:
        await asyncio.Event().wait()
        return None

    @strawberry.field
    def crack(self, code: Cracked) -> str:
        return code

    @strawberry.field
    def context(self, info: Info) -> str:
        return str(info.context.correlation_id)


@strawberry.type
class Mutation:
    @strawberry.mutation
    def change(self) -> str:
        return "changed"

    @strawberry.mutation
    def make(self) -> Node:
        return Node(name="made")


contexts: list[object] = []


@strawberry.type
class Tick:
    number: int
    text: str

    @strawberry.field
    def loaders(self, info: Info) -> str:
        """Which context this event is resolved in."""
        contexts.append(info.context)  # kept, because the id of one that is gone is given again
        return str(id(info.context))


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(self, to: int, size: int = 1) -> AsyncGenerator[Tick, None]:
        try:
            for number in range(to):
                yield Tick(number=number, text="x" * size)
        finally:
            closed.put_nowait("ticks")

    @strawberry.subscription
    async def silence(self) -> AsyncGenerator[Tick, None]:
        try:
            await asyncio.Event().wait()
            yield Tick(number=0, text="")
        finally:
            closed.put_nowait("silence")

    @strawberry.subscription
    async def flow(self) -> AsyncGenerator[Node, None]:
        while True:
            yield Node()

    @strawberry.subscription
    async def breaking(self) -> AsyncGenerator[Tick, None]:
        yield Tick(number=0, text="")
        raise RuntimeError(SECRET_TEXT)

    @strawberry.subscription
    async def ending(self) -> AsyncGenerator[Tick, None]:
        yield Tick(number=0, text="")
        raise StreamClosed("cursor-7")


SCALARS: dict[object, ScalarDefinition] = {
    Cracked: strawberry.scalar(name="Cracked", parse_value=crack)
}
schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    config=StrawberryConfig(scalar_map=SCALARS, enable_experimental_incremental_execution=True),
)
