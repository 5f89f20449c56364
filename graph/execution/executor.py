"""graphql-core's executor with our limits: it runs breadth first, or in parts."""

from collections.abc import Hashable, Sequence
from typing import Any, cast

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLLeafType,
    GraphQLObjectType,
    OperationType,
)
from graphql.execution import Executor as CoreExecutor
from graphql.execution.collect_fields import DeferUsage, GroupedFieldSet
from graphql.type.definition import GraphQLResolveInfoHelpers

from graph.execution.documents.cost import MUTATION
from graph.execution.documents.limits import Limits
from graph.execution.incremental.executor import PartsExecutor
from graph.execution.plan.planning import Plans
from graph.execution.run.breadth import Run
from graph.execution.run.finding import meter_of
from graph.execution.sizing import TooLong, size_of
from models.rules.errors import BadRequest
from resolvers.metering import SCALAR


class Unwritable(Exception):
    """A resolver's result is not valid for its field's type."""


class BreadthFirst(CoreExecutor[Any]):
    """Runs operations breadth first with `plans`; without, depth first as graphql-core does."""

    plans: Plans | None = None

    def execute_collected_root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,
        grouped_field_set: GroupedFieldSet,
        serially: bool,
        new_defer_usages: Sequence[DeferUsage],
    ) -> Any:
        """The answer's data, from either engine."""
        meter = meter_of(self)
        if serially:
            meter.tenths += MUTATION * len(grouped_field_set)
        if self.plans is None or new_defer_usages:
            meter.tenths += SCALAR * len(grouped_field_set)
            return super().execute_collected_root_fields(
                root_type, root_value, grouped_field_set, serially, new_defer_usages
            )
        level = self.plans.root(self, root_type, grouped_field_set)
        return Run(self).root(level, root_value, serially=serially)


class Executor(BreadthFirst, PartsExecutor):
    """graphql-core's executor with our limits: it runs breadth first, or in parts."""

    answer_bytes: int = Limits().answer_bytes
    alike: tuple[Hashable, ...] = ()

    @property
    def async_helpers(self) -> GraphQLResolveInfoHelpers:
        """graphql-core's helpers for resolvers, made for each call.

        Stored helpers and their executor would refer to each other, and would be freed only by the
        garbage collector.
        """
        return GraphQLResolveInfoHelpers(self.gather_async_work, self.track_async_work)

    @async_helpers.setter
    def async_helpers(self, _: GraphQLResolveInfoHelpers) -> None:
        pass

    def build_response(self, data: dict[str, Any] | None) -> Any:
        """As graphql-core's; a result that exceeds a limit is answered by the error alone."""
        result = super().build_response(data)
        if self.in_parts:
            return result
        try:
            self.check(data)
        except BadRequest as error:
            return ExecutionResult(None, [self.error_of(error)])
        return result

    def check(self, content: Any) -> None:
        """Passes if the operation is within its cost, and its answer within its size so far.

        Raises:
            BadRequest: COST_EXCEEDED or LIMIT_EXCEEDED.
        """
        meter = meter_of(self)
        meter.charge(0)
        if meter.bytes is not None and meter.bytes <= self.answer_bytes:
            return
        meter.written += size_of(content)
        if meter.written > self.answer_bytes:
            raise TooLong(self.answer_bytes)

    def error_of(self, error: BadRequest) -> GraphQLError:
        """The error in the place of an answer."""
        if self.operation.operation is OperationType.MUTATION:
            error.args = (f"{error} What it had changed by then is kept.",)
        return GraphQLError(str(error), original_error=error.with_traceback(None))

    def build_per_event_executor(self, payload: Any) -> "Executor":
        """The executor of one event, with empty loaders.

        graphql-core 3.3.2 shares one memo between all events of a subscription, keyed by id() and
        never emptied: more than 1 KiB for each event while the socket is open.
        """
        executor = cast("Executor", super().build_per_event_executor(payload))
        executor._relevant_sub_fields = {}  # noqa: SLF001 - there is no public way to empty it
        executor.context_value = self.context_value.renewed()
        executor.plans = self.plans
        return executor

    @staticmethod
    def complete_leaf_value(return_type: GraphQLLeafType, result: Any) -> Any:
        """As graphql-core's, but a value that the type cannot write is our fault."""
        try:
            return CoreExecutor.complete_leaf_value(return_type, result)
        except GraphQLError as error:
            raise Unwritable(f"{return_type}: {type(result).__name__}") from error
