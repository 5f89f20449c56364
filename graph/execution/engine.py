"""Running documents: one answer for a query or a mutation, many for a subscription."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, Final, cast

import structlog
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationType,
    create_source_event_stream,
    execute_subscription_event,
    map_source_to_response_event,
)
from graphql.execution import Executor as CoreExecutor
from graphql.execution.collect_fields import DeferUsage, GroupedFieldSet
from graphql.type.definition import GraphQLResolveInfoHelpers
from strawberry import Schema

from graph.execution.documents.cost import MUTATION, TooCostly, shown
from graph.execution.documents.documents import Documents
from graph.execution.documents.limits import Limits
from graph.execution.documents.persisted import Library, Sent, Trusted
from graph.execution.failures import (
    HIDDEN_MESSAGE,
    UNAVAILABLE,
    Code,
    Rejected,
    cause_of,
    forget_frames,
    raise_unforeseen,
    write,
    write_all,
)
from graph.execution.incremental.executor import Delivery, PartsExecutor, Stopped
from graph.execution.incremental.parts import Part, PartsWriter
from graph.execution.incremental.results import results
from graph.execution.plan.planning import Plans
from graph.execution.run.breadth import Run
from graph.execution.run.finding import meter_of
from graph.execution.sizing import TooLong, size_of
from models.rules.errors import BadRequest
from resolvers.context import Context
from resolvers.metering import SCALAR, Meter, Reckoned
from services.storage import outages
from subscriptions.feed.retrying import retrying

MAX_COERCION_ERRORS: Final = 5
MOST_IN_PARTS: Final = 5_000
"""Points beyond which an operation runs as a whole: parts are made at a third of the speed."""
MANY_VALUES: Final = 500
"""After so many values were read, other tasks run before anything is made of them."""

log = structlog.get_logger("ordergraph.execution")


class Unwritable(Exception):
    """A resolver returned what its field's type cannot express."""


class BreadthFirst(CoreExecutor[Any]):
    """Runs operations breadth first with `plans`; without, as graphql-core does, the reference."""

    plans: Plans | None = None

    def execute_collected_root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,
        grouped_field_set: GroupedFieldSet,
        serially: bool,
        new_defer_usages: Sequence[DeferUsage],
    ) -> Any:
        """The answer's data, from whichever engine is to give it."""
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
    """graphql-core's, with what we hold against it. It runs breadth first, or in parts."""

    answer_bytes: int = Limits().answer_bytes

    @property
    def async_helpers(self) -> GraphQLResolveInfoHelpers:
        """What graphql-core hands to resolvers: made for each, and not kept.

        It keeps them, and they keep it: no executor would go before the garbage is collected.
        """
        return GraphQLResolveInfoHelpers(self.gather_async_work, self.track_async_work)

    @async_helpers.setter
    def async_helpers(self, _: GraphQLResolveInfoHelpers) -> None:
        pass

    def build_response(self, data: dict[str, Any] | None) -> Any:
        """As graphql-core's; what is larger than allowed is answered by that error alone."""
        result = super().build_response(data)
        if self.in_parts:
            return result
        try:
            self.check(data)
        except BadRequest as error:
            return ExecutionResult(None, [self.told(error)])
        return result

    def check(self, content: Any) -> None:
        """Pass where the operation came to no more than it may, and this part of its answer.

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

    def told(self, error: BadRequest) -> GraphQLError:
        """The error as it is told instead of an answer."""
        if self.operation.operation is OperationType.MUTATION:
            error.args = (f"{error} What it had changed by then is kept.",)
        return GraphQLError(str(error), original_error=error.with_traceback(None))

    def build_per_event_executor(self, payload: Any) -> "Executor":
        """The executor of one event: with loaders that know nothing of earlier events.

        graphql-core 3.3.2 shares one memo between all events of a subscription, keyed by id() and
        never emptied: more than 1 KiB an event for as long as the socket is open.
        """
        executor = cast("Executor", super().build_per_event_executor(payload))
        executor._relevant_sub_fields = {}  # noqa: SLF001 - there is no other way to empty it
        executor.context_value = self.context_value.renewed()
        executor.plans = self.plans
        return executor

    @staticmethod
    def complete_leaf_value(return_type: GraphQLLeafType, result: Any) -> Any:
        """As graphql-core's; but a value that cannot be written is our mistake."""
        try:
            return CoreExecutor.complete_leaf_value(return_type, result)
        except GraphQLError as error:
            raise Unwritable(f"{return_type}: {type(result).__name__}") from error


@dataclass(frozen=True, slots=True)
class Ask:
    """What a client sends: a document by its text or its name, and what it is to be run with."""

    query: str | None
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    document_name: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client gets. `executed` tells whether any resolver may have run."""

    data: dict[str, Any] | None
    errors: list[dict[str, Any]]
    executed: bool = True
    extensions: Mapping[str, Any] | None = None

    @property
    def code(self) -> Code | None:
        """The code of the first error."""
        return self.errors[0]["extensions"]["code"] if self.errors else None

    def body(self) -> dict[str, Any]:
        """The answer as the GraphQL specification lays it out."""
        body: dict[str, Any] = {"errors": self.errors} if self.errors else {}
        if self.executed:
            body["data"] = self.data
        if self.extensions:
            body["extensions"] = self.extensions
        return body


class Engine:
    """Runs what clients send against one schema, within the limits."""

    def __init__(
        self,
        schema: Schema,
        limits: Limits,
        *,
        open_schema: bool = True,
        cache_size: int = 1_000,
        persisted_size: int = 1_000,
        trusted: Mapping[str, str] | None = None,
        reference: bool = False,
    ) -> None:
        """What it needs to run documents; with `trusted`, those and no others.

        Raises:
            BadManifest: one of those is no document of the schema.
        """
        self.schema: GraphQLSchema = schema._schema  # noqa: SLF001 - Strawberry has no public name
        self.limits = limits
        self.hide_suggestions = not open_schema
        self.plans = None if reference else Plans(cache_size)
        # Who lists a document that reads the schema means it.
        open_rules = open_schema or trusted is not None
        documents = Documents(self.schema, limits, open_schema=open_rules, size=cache_size)
        self.inputs = documents.inputs
        self.library: Library = (
            Sent(documents, persisted_size) if trusted is None else Trusted(documents, trusted)
        )

    def prepare(self, ask: Ask, context: Context, *, in_parts: bool = False) -> Executor:
        """What is asked for, checked and ready to run, with its variables read.

        With `in_parts` the client reads parts: what comes back says by its own `in_parts` whether
        it is to be run by the method of that name.

        Raises:
            Rejected: it may not run.
        """
        try:
            return self._prepare(ask, context, in_parts=in_parts)
        except Rejected:
            raise
        except Exception as error:
            log.exception("unexpected", correlation_id=context.correlation_id)
            forget_frames(error)
            raise Rejected(Code.INTERNAL, HIDDEN_MESSAGE) from None

    def _prepare(self, ask: Ask, context: Context, *, in_parts: bool) -> Executor:
        document = self.library.document(ask.query, ask.document_name)
        operation = document.operation(ask.operation_name)
        name = operation.name.value if operation.name else None
        brought = self.inputs.amount(document.brought[name], ask.variables or {})
        node = document.node
        if document.deferrals is None:
            in_parts = False
        else:
            in_parts = document.deferrals.asked(operation, ask.variables or {}) and in_parts
            node = node if in_parts else document.deferrals.whole
        executor = Executor.build(
            self.schema,
            node,
            context_value=context,
            raw_variable_values=ask.variables,
            operation_name=name,
            max_coercion_errors=MAX_COERCION_ERRORS,
            hide_suggestions=self.hide_suggestions,
        )
        if isinstance(executor, list):
            raise_unforeseen(executor)
            raise Rejected(Code.BAD_REQUEST, executor[0].message, executor)
        prepared = cast("Executor", executor)
        cost = document.costs.of(operation, prepared.variable_values.coerced) + brought.elements
        reckoned = Reckoned(cost, self.limits.cost, brought.elements)
        context.meter = Meter(self.limits.run_cost, reckoned)
        if cost > self.limits.cost:
            raise TooCostly(cost, self.limits.cost)
        if in_parts and cost > MOST_IN_PARTS:
            return self._prepare(ask, context, in_parts=False)
        prepared.answer_bytes = self.limits.answer_bytes
        if in_parts:
            prepared.delivery = Delivery()
        else:
            prepared.plans = self.plans
        return prepared

    async def execute(self, executor: Executor) -> Answer:
        """The answer to a query or a mutation."""
        context = executor.context_value
        try:
            async with asyncio.timeout(self.limits.run_seconds):
                if context.meter.reckoned.brought > MANY_VALUES:
                    await asyncio.sleep(0)
                result: Any = executor.execute_operation()
                if isawaitable(result):
                    result = await result
            return _answer(result, context)
        except Stopped as stopped:
            return _answer(ExecutionResult(None, [executor.told(stopped.error)]), context)
        except TimeoutError:
            return _failure(Code.DEADLINE, self._too_long(), context)
        except Exception as error:  # noqa: BLE001 - nothing internal may leave, whatever it is
            return _unexpected(error, context)

    async def in_parts(self, executor: Executor) -> AsyncGenerator[Answer | Part, None]:
        """The answer to a query or a mutation that puts something off, part after part.

        It is one whole where nothing came of that: a list was short, an error came first.
        """
        context = executor.context_value
        writer = PartsWriter(context.correlation_id, context.commits)
        try:
            async with aclosing(results(executor, self.limits.run_seconds)) as found:
                async for result in found:
                    if isinstance(result, ExecutionResult):
                        executor.check(result.data)
                        yield _answer(result, context)
                    else:
                        part = writer.part(result)
                        executor.check(part.content)
                        writer.sent(part)
                        yield part if result.has_next else part.last(shown(context))
            return
        except (BadRequest, Stopped) as stopped:
            error = stopped.error if isinstance(stopped, Stopped) else stopped
            failure = _answer(ExecutionResult(None, [executor.told(error)]), context)
        except TimeoutError:
            failure = _failure(Code.DEADLINE, self._too_long(), context)
        except Exception as error:  # noqa: BLE001 - nothing internal may leave, whatever it is
            failure = _unexpected(error, context)
        if writer.begun:
            yield writer.broken_off(failure.errors[0]).last(failure.extensions)
        else:
            yield failure

    async def subscribe(self, executor: Executor) -> AsyncGenerator[Answer, None]:
        """An answer for each event. One with `executed` False says why there are no more."""
        context = executor.context_value
        try:
            source = await self._source(executor)
            if isinstance(source, ExecutionResult):
                errors = write_all(source.errors or [], context.correlation_id)
                yield Answer(None, errors, executed=False)
                return
            events: Any = map_source_to_response_event(executor, source, cast("Any", _event))
            async with aclosing(events) as answers:
                async for answer in answers:
                    yield answer
        except TimeoutError:
            yield _failure(Code.DEADLINE, "The subscription could not begin in time.", context)
        except Exception as error:  # noqa: BLE001 - nothing internal may leave, whatever it is
            told = GraphQLError(HIDDEN_MESSAGE, original_error=error)
            yield Answer(None, write_all([told], context.correlation_id), executed=False)

    def _too_long(self) -> str:
        return f"This took longer than {self.limits.run_seconds:g} s and was stopped."

    async def _source(self, executor: Executor) -> AsyncIterator[Any] | ExecutionResult:
        source: Any = create_source_event_stream(executor)
        if isawaitable(source):
            async with asyncio.timeout(self.limits.run_seconds):
                source = await source
        return source  # type: ignore[no-any-return] # graphql-core says AsyncIterable


def _answer(result: ExecutionResult, context: Context) -> Answer:
    if not result.errors:
        outages.over()
    errors = write_all(result.errors or [], context.correlation_id, commits=context.commits)
    return Answer(result.data, errors, extensions=shown(context))


async def _event(executor: CoreExecutor[Any]) -> Answer:
    """The answer to one event, asked for anew while the database is away."""

    async def once() -> Answer:
        again = executor.build_per_event_executor(executor.root_value)
        try:
            result: Any = execute_subscription_event(again)
            if isawaitable(result):
                result = await result
        except Stopped as stopped:
            result = ExecutionResult(None, [cast("Executor", again).told(stopped.error)])
        for error in result.errors or ():
            if outages.is_outage(cause := cause_of(error)):
                raise cause
        return _answer(result, again.context_value)

    return await retrying(once)


def _failure(code: Code, message: str, context: Context) -> Answer:
    told = write(code, message, context.correlation_id, commits=context.commits)
    return Answer(None, [told], executed=False, extensions=shown(context))


def _unexpected(error: Exception, context: Context) -> Answer:
    if outages.notice(error):
        return _failure(Code.OVERLOADED, UNAVAILABLE, context)
    log.error("unexpected", correlation_id=context.correlation_id, exc_info=error)
    return _failure(Code.INTERNAL, HIDDEN_MESSAGE, context)
