"""Runs documents: one answer for a query or a mutation, one per event for a subscription."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from copy import copy
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, Final, cast

import structlog
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationType,
    create_source_event_stream,
    execute_subscription_event,
)
from graphql.execution import Executor as CoreExecutor
from strawberry import Schema

from graph.execution.documents.cost import TooCostly, cost_extensions
from graph.execution.documents.documents import Documents
from graph.execution.documents.limits import Limits
from graph.execution.documents.persisted import Library, Sent, Trusted
from graph.execution.documents.sharing import key_of
from graph.execution.executor import Executor
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
from graph.execution.groups import Outlet, Render, Unread, share
from graph.execution.incremental.executor import Delivery, Stopped
from graph.execution.incremental.parts import Part, PartsWriter
from graph.execution.incremental.results import results
from graph.execution.plan.planning import Plans
from models.rules.errors import BadRequest
from resolvers.context import Context
from resolvers.metering import Estimate, Meter
from services.storage import outages
from subscriptions.feed.retrying import retrying
from subscriptions.feed.topics import HandOver, Topic

MAX_COERCION_ERRORS: Final = 5
MAX_COST_IN_PARTS: Final = 5_000
"""Points above which an operation is not answered in parts, which takes three times as long."""
MANY_VALUES: Final = 500
"""Values in the inputs, above which other tasks run before the operation starts."""

log = structlog.get_logger("ordergraph.execution")


@dataclass(frozen=True, slots=True)
class Ask:
    """A client's request: a document by its text or its name, and its inputs."""

    query: str | None
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    document_name: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request; `executed` is False if no resolver ran."""

    data: dict[str, Any] | None
    errors: list[dict[str, Any]]
    executed: bool = True
    extensions: Mapping[str, Any] | None = None

    @property
    def code(self) -> Code | None:
        """The code of the first error."""
        return self.errors[0]["extensions"]["code"] if self.errors else None

    def body(self) -> dict[str, Any]:
        """The answer in the form of the GraphQL specification."""
        body: dict[str, Any] = {"errors": self.errors} if self.errors else {}
        if self.executed:
            body["data"] = self.data
        if self.extensions:
            body["extensions"] = self.extensions
        return body


class Engine:
    """Runs the requests of clients against one schema, within the limits."""

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
        """An engine; with `trusted` it runs only those documents.

        Raises:
            BadManifest: a trusted document is no document of the schema.
        """
        self.schema: GraphQLSchema = schema._schema  # noqa: SLF001 - Strawberry has no public name
        self.limits = limits
        self.hide_suggestions = not open_schema
        self.plans = None if reference else Plans(cache_size)
        # Introspection in a trusted document is intended.
        open_rules = open_schema or trusted is not None
        documents = Documents(self.schema, limits, open_schema=open_rules, size=cache_size)
        self.inputs = documents.inputs
        self.library: Library = (
            Sent(documents, persisted_size) if trusted is None else Trusted(documents, trusted)
        )

    def prepare(self, ask: Ask, context: Context, *, in_parts: bool = False) -> Executor:
        """The request, checked and ready to run, with its variables coerced.

        `in_parts` says that the client reads parts; the executor's own `in_parts` says whether to
        run it by the method of that name.

        Raises:
            Rejected: the request may not run.
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
        amount = self.inputs.amount(document.operation_inputs[name], ask.variables or {})
        node = document.node
        if document.deferrals is None:
            in_parts = False
        else:
            in_parts = document.deferrals.defers(operation, ask.variables or {}) and in_parts
            node = node if in_parts else document.deferrals.undeferred
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
        cost = document.costs.of(operation, prepared.variable_values.coerced) + amount.elements
        estimate = Estimate(cost, self.limits.cost, amount.elements)
        context.meter = Meter(self.limits.run_cost, estimate)
        if cost > self.limits.cost:
            raise TooCostly(cost, self.limits.cost)
        if in_parts and cost > MAX_COST_IN_PARTS:
            return self._prepare(ask, context, in_parts=False)
        prepared.answer_bytes = self.limits.answer_bytes
        if operation.operation is OperationType.SUBSCRIPTION:
            prepared.alike = key_of(node, operation, ask.variables or {}, document.free[name])
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
                if context.meter.estimate.input_elements > MANY_VALUES:
                    await asyncio.sleep(0)
                result: Any = executor.execute_operation()
                if isawaitable(result):
                    result = await result
            return _answer(result, context)
        except Stopped as stopped:
            return _answer(ExecutionResult(None, [executor.error_of(stopped.error)]), context)
        except TimeoutError:
            return _failure(Code.DEADLINE, self._too_long(), context)
        except Exception as error:  # noqa: BLE001 - nothing internal may leave, whatever it is
            return _unexpected(error, context)

    async def in_parts(self, executor: Executor) -> AsyncGenerator[Answer | Part, None]:
        """The answer to a query or a mutation with @defer or @stream, part by part.

        It is a single answer if nothing was deferred: a list was short, or an error came first.
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
                        yield part if result.has_next else part.last(cost_extensions(context))
            return
        except (BadRequest, Stopped) as stopped:
            error = stopped.error if isinstance(stopped, Stopped) else stopped
            failure = _answer(ExecutionResult(None, [executor.error_of(error)]), context)
        except TimeoutError:
            failure = _failure(Code.DEADLINE, self._too_long(), context)
        except Exception as error:  # noqa: BLE001 - nothing internal may leave, whatever it is
            failure = _unexpected(error, context)
        if writer.begun:
            yield writer.aborted(failure.errors[0]).last(failure.extensions)
        else:
            yield failure

    async def subscribe(
        self, executor: Executor, outlet: Outlet | None = None
    ) -> AsyncGenerator[Answer, None]:
        """An answer for each event. One with `executed` False gives the reason of the end.

        Answers that are shared with other subscriptions leave by the outlet, if there is one,
        and are not yielded.
        """
        context = executor.context_value
        try:
            source = await self._source(executor)
            if isinstance(source, ExecutionResult):
                errors = write_all(source.errors or [], context.correlation_id)
                yield Answer(None, errors, executed=False)
                return
            async with aclosing(cast("AsyncGenerator[Any, None]", source)) as items:
                async for item in items:
                    if not isinstance(item, HandOver):
                        yield await _event(executor.build_per_event_executor(item))
                    elif outlet:
                        await self._share(executor, item, outlet)
                    else:
                        unread = Unread()
                        sharing = self._share(executor, item, unread)
                        async with aclosing(unread.until(sharing)) as answers:
                            async for answer in answers:
                                yield answer
        except TimeoutError:
            yield _failure(Code.DEADLINE, "The subscription could not begin in time.", context)
        except Exception as error:  # noqa: BLE001 - nothing internal may leave, whatever it is
            hidden = GraphQLError(HIDDEN_MESSAGE, original_error=error)
            yield Answer(None, write_all([hidden], context.correlation_id), executed=False)

    async def _share(self, executor: Executor, handed: HandOver, outlet: Outlet) -> None:
        context = executor.context_value

        def renders(topic: Topic) -> Render:
            """Executes for all members of a group; nothing in it is of the first member alone."""
            shared = copy(executor)
            shared.context_value = topic.context.renewed()
            shared.context_value.shows_cost = context.shows_cost
            shared.context_value.meter = context.meter.renewed()
            return lambda item: _event(shared.build_per_event_executor(item))

        key = (*executor.alike, context.shows_cost)
        await share(context.live.hub, handed, key, renders, outlet)

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
    return Answer(result.data, errors, extensions=cost_extensions(context))


async def _event(executor: CoreExecutor[Any]) -> Answer:
    """The answer to one event, repeated while the database is out."""

    async def once() -> Answer:
        again = executor.build_per_event_executor(executor.root_value)
        try:
            result: Any = execute_subscription_event(again)
            if isawaitable(result):
                result = await result
        except Stopped as stopped:
            result = ExecutionResult(None, [cast("Executor", again).error_of(stopped.error)])
        for error in result.errors or ():
            if outages.is_outage(cause := cause_of(error)):
                raise cause
        return _answer(result, again.context_value)

    return await retrying(once)


def _failure(code: Code, message: str, context: Context) -> Answer:
    entry = write(code, message, context.correlation_id, commits=context.commits)
    return Answer(None, [entry], executed=False, extensions=cost_extensions(context))


def _unexpected(error: Exception, context: Context) -> Answer:
    if outages.notice(error):
        return _failure(Code.OVERLOADED, UNAVAILABLE, context)
    log.error("unexpected", correlation_id=context.correlation_id, exc_info=error)
    return _failure(Code.INTERNAL, HIDDEN_MESSAGE, context)
