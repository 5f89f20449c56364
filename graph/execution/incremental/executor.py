"""An executor that can answer in parts."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from graphql import GraphQLError
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph.execution.run.finding import meter_of
from resolvers.metering import OBJECT, SCALAR, Exhausted

Found = TypeVar("Found")

MAX_DEFERRED: Final = 1_000
"""Places of an answer at which a fragment or the rest of a list is deferred. A directive counts for
each object of a list; beyond this number all is given at once."""


class Stopped(BaseException):
    """An operation has exceeded its cost.

    It is no Exception, because graphql-core would make an error of each object that was not made.
    """

    def __init__(self, error: Exhausted) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(slots=True)
class Delivery:
    """The state of one answer's delivery, shared by the executors of all its parts."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the first part is sent."""
    left: int = MAX_DEFERRED
    streaming: list["PartsExecutor"] = field(default_factory=list)
    """The executors with streams; the streams refer to them."""

    def take(self, places: int) -> bool:
        """Takes so many places, if they are left; after a refusal no more are given."""
        fits = places <= self.left
        self.left = self.left - places if fits else 0
        return fits


class PartsExecutor(StrawberryGraphQLCoreExecutionContext):
    """As graphql-core's, but answers in parts if it has a `delivery`."""

    delivery: Delivery | None = None

    @property
    def in_parts(self) -> bool:
        return self.delivery is not None

    def execute_collected_subfields(
        self,
        parent_type: Any,
        source_value: Any,
        path: Any,
        grouped_field_set: Any,
        new_defer_usages: Any,
        position_context: Any,
    ) -> Any:
        """As graphql-core's, within the cost of objects and the number of deferred places."""
        try:
            meter_of(self).charge(OBJECT + SCALAR * len(grouped_field_set))
        except Exhausted as error:
            raise Stopped(error) from None
        if new_defer_usages and self.delivery and not self.delivery.take(len(new_defer_usages)):
            return self.execute_fields(parent_type, source_value, path, grouped_field_set, None)
        return super().execute_collected_subfields(
            parent_type, source_value, path, grouped_field_set, new_defer_usages, position_context
        )

    def execute_execution_group(self, *arguments: Any) -> Any:
        """As graphql-core's, but an immediate error is raised when the group is awaited.

        graphql-core would keep the error's frames, which refer to the group that keeps them.
        """
        try:
            return super().execute_execution_group(*arguments)
        except Exception as error:  # noqa: BLE001 - raised when the group is awaited
            return _failed(error.with_traceback(None))

    def get_stream_usage(self, field_details_list: Any, path: Any) -> Any:
        """As graphql-core's, but a bad count is the client's fault."""
        try:
            return super().get_stream_usage(field_details_list, path)
        except ValueError:
            raise GraphQLError("`initialCount` is at least 0.") from None

    def handle_stream(
        self,
        index: int,
        path: Any,
        iterator: Any,
        is_async: bool,
        stream_usage: Any,
        info: Any,
        item_type: Any,
    ) -> bool:
        """As graphql-core's, but completes the items together, so that loaders read for all.

        graphql-core does so only in early execution, which has to wait here for the first part.
        """
        if self.delivery is None or not self.delivery.take(1):
            return False
        items = iterator if is_async else _after(self.delivery.begun, iterator)
        self.enable_early_execution = True
        try:
            return super().handle_stream(index, path, items, True, stream_usage, info, item_type)
        finally:
            self.enable_early_execution = False
            self.delivery.streaming.append(self)


async def _failed(error: Exception) -> Any:
    raise error


async def _after(event: asyncio.Event, items: Iterator[Found]) -> AsyncIterator[Found]:
    await event.wait()
    for item in items:
        yield item
