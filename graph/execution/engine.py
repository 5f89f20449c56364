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
    create_source_event_stream,
    map_source_to_response_event,
)
from graphql.execution import Executor as CoreExecutor
from graphql.execution.collect_fields import DeferUsage, GroupedFieldSet
from strawberry import Schema

from graph.execution.breadth import Run
from graph.execution.documents import Documents
from graph.execution.failures import (
    HIDDEN_MESSAGE,
    Code,
    Rejected,
    raise_unforeseen,
    write,
    write_all,
)
from graph.execution.incremental import Delivery, PartsExecutor, results
from graph.execution.limits import Limits
from graph.execution.parts import Part, PartsWriter
from graph.execution.persisted import Library, Sent, Trusted
from graph.execution.planning import Plans
from resolvers.context import Context

MAX_COERCION_ERRORS: Final = 5

log = structlog.get_logger("ordergraph.execution")


class Unwritable(Exception):
    """A resolver returned what its field's type cannot express."""


class BreadthFirst(CoreExecutor[Any]):
    """What makes an executor of graphql-core's run operations breadth first.

    It does so with `plans`; without, graphql-core runs them as the reference.
    """

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
        if self.plans is None or new_defer_usages:
            return super().execute_collected_root_fields(
                root_type, root_value, grouped_field_set, serially, new_defer_usages
            )
        level = self.plans.root(self, root_type, grouped_field_set)
        return Run(self).root(level, root_value, serially=serially)


class Executor(BreadthFirst, PartsExecutor):
    """graphql-core's, with what we hold against it. It runs breadth first, or in parts."""

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

    @property
    def code(self) -> Code | None:
        """The code of the first error."""
        return self.errors[0]["extensions"]["code"] if self.errors else None

    def body(self) -> dict[str, Any]:
        """The answer as the GraphQL specification lays it out."""
        body: dict[str, Any] = {"errors": self.errors} if self.errors else {}
        if self.executed:
            body["data"] = self.data
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
            raise Rejected(Code.INTERNAL, HIDDEN_MESSAGE) from error

    def _prepare(self, ask: Ask, context: Context, *, in_parts: bool) -> Executor:
        document = self.library.document(ask.query, ask.document_name)
        operation = document.operation(ask.operation_name)
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
            operation_name=operation.name.value if operation.name else None,
            max_coercion_errors=MAX_COERCION_ERRORS,
            hide_suggestions=self.hide_suggestions,
        )
        if isinstance(executor, list):
            raise_unforeseen(executor)
            raise Rejected(Code.BAD_REQUEST, executor[0].message, executor)
        prepared = cast("Executor", executor)
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
                result: Any = executor.execute_operation()
                if isawaitable(result):
                    result = await result
            return _answer(result, context)
        except TimeoutError:
            return _failure(Code.DEADLINE, self._too_long(), context)
        except Exception as error:  # noqa: BLE001 - nothing internal may leave, whatever it is
            return _unexpected(error, context)

    async def in_parts(self, executor: Executor) -> AsyncGenerator[Answer | Part, None]:
        """The answer to a query or a mutation that puts something off, part after part.

        It is one whole where nothing came of that: a list was short, an error came first.
        """
        context = executor.context_value
        writer = PartsWriter(context.correlation_id)
        try:
            async with aclosing(results(executor, self.limits.run_seconds)) as found:
                async for result in found:
                    if isinstance(result, ExecutionResult):
                        yield _answer(result, context)
                    else:
                        yield writer.part(result)
            return
        except TimeoutError:
            failure = _failure(Code.DEADLINE, self._too_long(), context)
        except Exception as error:  # noqa: BLE001 - nothing internal may leave, whatever it is
            failure = _unexpected(error, context)
        yield writer.broken_off(failure.errors[0]) if writer.begun else failure

    async def subscribe(self, executor: Executor) -> AsyncGenerator[Answer, None]:
        """An answer for each event. One with `executed` False says why there are no more."""
        context = executor.context_value
        try:
            source = await self._source(executor)
            if isinstance(source, ExecutionResult):
                errors = write_all(source.errors or [], context.correlation_id)
                yield Answer(None, errors, executed=False)
                return
            async with aclosing(map_source_to_response_event(executor, source)) as results:
                async for result in results:
                    yield _answer(result, context)
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
    return Answer(result.data, write_all(result.errors or [], context.correlation_id))


def _failure(code: Code, message: str, context: Context) -> Answer:
    return Answer(None, [write(code, message, context.correlation_id)], executed=False)


def _unexpected(error: Exception, context: Context) -> Answer:
    log.error("unexpected", correlation_id=context.correlation_id, exc_info=error)
    return _failure(Code.INTERNAL, HIDDEN_MESSAGE, context)
