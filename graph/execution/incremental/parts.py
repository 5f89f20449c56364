"""The parts of an answer, in version 0.2 of incremental delivery."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError
from graphql.execution import (
    IncrementalDeferResult,
    IncrementalStreamResult,
    InitialIncrementalExecutionResult,
    SubsequentIncrementalExecutionResult,
)
from graphql.execution.types import CompletedResult, PendingResult

from graph.execution.failures import Code, write_all
from services.work.commits import Commits

Result = InitialIncrementalExecutionResult | SubsequentIncrementalExecutionResult


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an answer, with all its errors."""

    content: dict[str, Any]
    errors: list[dict[str, Any]]
    executed: bool = True

    @property
    def code(self) -> Code | None:
        """The code of the first error."""
        return self.errors[0]["extensions"]["code"] if self.errors else None

    def body(self) -> dict[str, Any]:
        """The part as it is sent."""
        return self.content

    def last(self, extensions: Mapping[str, Any] | None) -> "Part":
        """The part as the last one, with the extensions of the answer."""
        if extensions:
            self.content["extensions"] = extensions
        return self


class PartsWriter:
    """Writes the parts of one answer and records which announced ones are missing."""

    def __init__(self, correlation_id: str | None, commits: Commits) -> None:
        self.correlation_id = correlation_id
        self.commits = commits
        self.begun = False
        self.announced: dict[str, None] = {}
        self.logged: dict[int, Exception] = {}
        self.errors: list[dict[str, Any]] = []

    def part(self, result: Result) -> Part:
        """The part for a result, not sent yet, with its errors as clients read them."""
        self.errors = []
        content: dict[str, Any] = {}
        if isinstance(result, InitialIncrementalExecutionResult):
            content = {**self._errors(result.errors), "data": result.data}
        if result.pending:
            content["pending"] = [self._pending(each) for each in result.pending]
        if isinstance(result, SubsequentIncrementalExecutionResult):
            if result.incremental:
                content["incremental"] = [self._incremental(each) for each in result.incremental]
            if result.completed:
                content["completed"] = [self._completed(each) for each in result.completed]
        content["hasNext"] = result.has_next
        return Part(content, self.errors)

    def sent(self, part: Part) -> None:
        """Records a sent part: the parts that it announces, and those that it completes."""
        self.begun = True
        self.announced |= dict.fromkeys(each["id"] for each in part.content.get("pending", ()))
        for each in part.content.get("completed", ()):
            del self.announced[each["id"]]

    def aborted(self, error: dict[str, Any]) -> Part:
        """The last part, with the reason why the announced ones are missing."""
        completed = [{"id": each, "errors": [error]} for each in self.announced]
        return Part({"completed": completed, "hasNext": False}, [error])

    def _errors(self, errors: Any) -> dict[str, Any]:
        written = write_all(errors or [], self.correlation_id, self.logged, self.commits)
        self.errors += written
        return {"errors": written} if written else {}

    def _pending(self, pending: PendingResult) -> dict[str, Any]:
        written: dict[str, Any] = {"id": pending.id, "path": pending.path}
        if pending.label is not None:
            written["label"] = pending.label
        return written

    def _incremental(
        self, given: IncrementalDeferResult | IncrementalStreamResult
    ) -> dict[str, Any]:
        written: dict[str, Any] = {"id": given.id}
        if given.sub_path:
            written["subPath"] = given.sub_path
        written |= self._errors(given.errors)
        if isinstance(given, IncrementalStreamResult):
            written["items"] = given.items
        else:
            written["data"] = given.data
        return written

    def _completed(self, completed: CompletedResult) -> dict[str, Any]:
        errors = [_with_cause(each) for each in completed.errors or ()]
        return {"id": completed.id, **self._errors(errors)}


def _with_cause(error: GraphQLError) -> GraphQLError:
    """The error; one without a field as an unknown error, as of a task cancelled from outside.

    graphql-core makes a message for clients of it.
    """
    if error.path is None and error.original_error is None:
        return GraphQLError(error.message, original_error=RuntimeError(error.message))
    return error
