"""An executor that answers in parts where an operation asks for it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from graphql import GraphQLError
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph.execution.run.finding import meter_of
from resolvers.metering import OBJECT, SCALAR, Exhausted

Found = TypeVar("Found")

MAX_PUT_OFF: Final = 1_000
"""Places of one answer at which a fragment or the rest of a list is put off. A directive counts
anew for each object of a list; beyond, everything is given at once."""


class Stopped(BaseException):
    """An operation came to more than it may.

    No Exception: graphql-core would make an error of each object that is not made any more.
    """

    def __init__(self, error: Exhausted) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(slots=True)
class Delivery:
    """How far the delivery of one answer is. All executors of its parts share it."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the first part is on its way."""
    left: int = MAX_PUT_OFF
    streaming: list["PartsExecutor"] = field(default_factory=list)
    """The executors that have streams, which know them."""

    def take(self, places: int) -> bool:
        """Whether so many more places may be put off; once they may not, nothing ever may."""
        fits = places <= self.left
        self.left = self.left - places if fits else 0
        return fits


class PartsExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's, which answers in parts where it has a `delivery`."""

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
        """As graphql-core's, as long as there is room for what is made and what is put off."""
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
        """As graphql-core's, but what fails at once fails when it is awaited.

        graphql-core keeps the frames of the former, and the group, which they know, keeps them.
        """
        try:
            return super().execute_execution_group(*arguments)
        except Exception as error:  # noqa: BLE001 - raised when it is awaited
            return _failed(error.with_traceback(None))

    def get_stream_usage(self, field_details_list: Any, path: Any) -> Any:
        """As graphql-core's; but a bad count is the client's mistake."""
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
        """As graphql-core's, but items are completed together, so that loaders read for them all.

        graphql-core does so in early execution only, which here has to wait for the first part.
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
