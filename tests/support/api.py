"""Asking the API as a client does, without a socket between."""

import os
from typing import Any, Final

from graph.execution.documents.limits import Limits
from graph.execution.engine import Ask, Engine
from graph.execution.failures import Rejected
from graph.schema import schema
from models.rules.access import OPEN, Actor
from resolvers.context import Context
from resolvers.cursors import Sealer
from services.work import clock, feed

SEALER: Final = Sealer(b"tests only")
# As a server has it: `ORDERGRAPH_EXECUTOR=reference make test ARGS=tests/api` asks graphql-core.
REFERENCE: Final = os.environ.get("ORDERGRAPH_EXECUTOR") == "reference"
ENGINE: Final = Engine(schema, Limits(), reference=REFERENCE)


class Failed(AssertionError):
    """The API answered with top-level errors."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(str(error) for error in errors))
        self.errors = errors

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.errors]


async def ask(document: str, actor: Actor = OPEN, **variables: Any) -> dict[str, Any]:
    """The data of the answer.

    Raises:
        Failed: it has top-level errors.
    """
    context = Context(actor, SEALER)
    try:
        answer = await ENGINE.execute(ENGINE.prepare(Ask(document, variables), context))
    except Rejected as rejected:
        raise Failed(rejected.written(None)) from None
    if answer.errors:
        raise Failed(answer.errors)
    assert answer.data is not None
    return answer.data


async def failure(document: str, actor: Actor = OPEN, **variables: Any) -> tuple[str, str]:
    """Code and message of the one top-level error that the document is answered with."""
    try:
        data = await ask(document, actor, **variables)
    except Failed as failed:
        (error,) = failed.errors
        return error["extensions"]["code"], error["message"]
    raise AssertionError(f"It was answered: {data}")


async def change(document: str, **variables: Any) -> dict[str, Any]:
    """The payload of the document's one mutation, which was not refused."""
    (payload,) = (await ask(document, **variables)).values()
    assert payload["userErrors"] == []
    found: dict[str, Any] = payload
    return found


async def refusal(document: str, **variables: Any) -> list[dict[str, Any]]:
    """The errors for which the document's one mutation was refused."""
    (payload,) = (await ask(document, **variables)).values()
    errors: list[dict[str, Any]] = payload["userErrors"]
    assert errors
    return errors


async def until_numbered() -> None:
    """Give all committed events their positions, as the relay of a server does."""
    fence = await feed.acquire("tests", clock.now(), seconds=60)
    assert fence is not None
    while await feed.number(fence):
        pass
