"""The parts of libraries that are not public and that we stand on.

A version that moved one of them fails here by name, and not somewhere in a query.
"""

import inspect

import strawberry
from graphql import GraphQLError, parse
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.executor import CollectedErrors
from graphql.execution.incremental import IncrementalExecutor
from graphql.execution.values import get_argument_values
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver
from uvicorn._subprocess import get_subprocess, subprocess_started
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from graph.fields import DEFINITION
from graph.schema import schema


def parameters(function: object) -> list[str]:
    assert callable(function)
    return list(inspect.signature(function).parameters)


def test_methods_that_are_called_or_replaced() -> None:
    assert parameters(Executor.execute_collected_root_fields) == [
        *("self", "root_type", "root_value", "grouped_field_set", "serially"),
        "new_defer_usages",
    ]
    assert parameters(Executor.collect_subfields) == ["self", "return_type", "field_details_list"]
    assert parameters(Executor.build_resolve_info) == [
        *("self", "field_def", "field_nodes", "parent_type", "path"),
    ]
    assert parameters(Executor.ensure_valid_runtime_type) == [
        *("self", "runtime_type_name", "return_type", "field_details_list", "info", "result"),
    ]
    assert parameters(Executor.complete_leaf_value) == ["return_type", "result"]
    assert parameters(Executor.build_per_event_executor) == ["self", "payload"]
    assert parameters(IncrementalExecutor.execute_collected_subfields) == [
        *("self", "parent_type", "source_value", "path", "grouped_field_set", "new_defer_usages"),
        "delivery_group_map",
    ]
    assert parameters(IncrementalExecutor.handle_stream) == [
        *("self", "index", "path", "iterator", "is_async", "stream_usage", "info", "item_type"),
    ]
    assert parameters(IncrementalExecutor.cancel_incremental_work) == ["self", "reason"]
    assert parameters(Executor.get_stream_usage) == ["self", "field_details_list", "path"]
    assert parameters(Executor.execute_fields) == [
        *("self", "parent_type", "source_value", "path", "grouped_field_set", "position_context"),
    ]
    assert parameters(CollectedErrors.add) == ["self", "error", "path"]
    assert parameters(get_argument_values) == [
        *("type_def", "node", "variable_values", "fragment_variable_values", "hide_suggestions"),
    ]


def test_what_an_executor_holds() -> None:
    executor = Executor.build(schema._schema, parse("{ warehouses { id } }"))
    assert isinstance(executor, Executor)
    held = (
        *("schema", "operation", "fragment_definitions", "variable_values", "context_value"),
        *("field_resolver", "type_resolver", "is_awaitable", "error_propagation"),
        *("hide_suggestions", "collected_errors", "_relevant_sub_fields"),
        "enable_early_execution",
    )
    assert [name for name in held if not hasattr(executor, name)] == []
    executor.collected_errors.add(GraphQLError("told"), None)
    assert [error.message for error in executor.collected_errors.errors] == ["told"]


def test_what_field_details_hold() -> None:
    assert {"node", "fragment_variable_values"} <= set(FieldDetails._fields)


def test_what_strawberry_says_of_a_field() -> None:
    assert schema._schema.query_type is not None
    declared = schema._schema.query_type.fields["warehouses"]
    definition = declared.extensions[DEFINITION]
    assert isinstance(definition, StrawberryField)
    held = ("is_basic_field", "python_name", "extensions", "metadata", "base_resolver")
    assert [name for name in held if not hasattr(definition, name)] == []
    resolver = definition.base_resolver
    assert isinstance(resolver, StrawberryResolver)
    held = ("self_parameter", "info_parameter", "arguments", "is_async", "wrapped_func")
    assert [name for name in held if not hasattr(resolver, name)] == []
    assert isinstance(schema, strawberry.Schema)


def test_how_uvicorn_looks_after_its_processes() -> None:
    kept_alive = inspect.getsource(Multiprocess.keep_subprocess_alive)
    assert "process.is_alive(timeout=self.config.timeout_worker_healthcheck)" in kept_alive
    assert "process = Process(self.config, self.sockets)" in kept_alive
    assert "process = Process(self.config, self.sockets)" in inspect.getsource(
        Multiprocess.init_processes
    )
    assert parameters(Process.is_alive) == ["self", "timeout"]
    assert "self.child_conn.recv()" in inspect.getsource(Process.pong)
    assert parameters(Process.target) == ["self", "sockets"]
    assert "target=self.always_pong" in inspect.getsource(Process.target)
    started = ["config", "target", "sockets", "stdin_fileno"]
    assert parameters(subprocess_started) == started
    assert "target=subprocess_started, kwargs=kwargs" in inspect.getsource(get_subprocess)
