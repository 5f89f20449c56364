"""What goes wrong while fields are resolved: a code for the client, the rest for the log."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from io import StringIO
from typing import Any

import httpx
import pytest

from tests.support.sample_schema import SECRET_TEXT
from tests.support.serving import client, error

HIDDEN = "Something went wrong here. Its details were logged."


async def ask(query: str, **variables: Any) -> httpx.Response:
    """What the application answers; made here, so that it logs to where this test looks."""
    async with client() as http:
        return await http.post("/graphql", json={"query": query, "variables": variables})


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The lines that the application wrote."""
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    return [line for line in lines if line["logger"].startswith("ordergraph.")]


CODED = [
    ("forbidden", "FORBIDDEN", "You are not permitted to do this.", False),
    ("foreign", "BAD_REQUEST", "This is not an id of ours.", False),
    ("refused", "BAD_REQUEST", "No such sort.", False),
    ("contended", "OVERLOADED", "Too many are changing the same thing. Try again.", True),
    ("broken", "INTERNAL", HIDDEN, False),
    ("tooLarge", "INTERNAL", HIDDEN, False),
]


@pytest.mark.parametrize(("field", "code", "message", "retryable"), CODED)
async def test_an_error_has_a_code_and_takes_down_only_its_field(
    field: str, code: str, message: str, retryable: bool
) -> None:
    answer = await ask(f"{{ greet {field} }}")
    assert answer.status_code == (503 if code == "OVERLOADED" else 200)
    assert answer.json() == {
        "data": {"greet": "Hello world", field: None},
        "errors": [
            error(
                code,
                message,
                retryable=retryable,
                locations=[{"line": 1, "column": 9}],
                path=[field],
            )
        ],
    }


async def test_what_nobody_foresaw_is_logged_once_and_never_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = await ask("query Broken { broken }")
    assert "hunter2" not in answer.text + str(answer.headers)
    [unexpected, request] = logged(capsys)
    assert unexpected["event"] == "unexpected"
    assert unexpected["correlation_id"] == answer.headers["x-correlation-id"]
    assert unexpected["exception"].count("RuntimeError: ") == 1
    assert unexpected["exception"].endswith(SECRET_TEXT)
    assert (request["operation"], request["code"], request["status"]) == ("Broken", "INTERNAL", 200)


async def test_a_field_that_must_not_be_null_takes_its_parent_along() -> None:
    answer = await ask("{ greet needed }")
    assert answer.status_code == 200
    assert answer.json()["data"] is None
    assert [each["extensions"]["code"] for each in answer.json()["errors"]] == ["INTERNAL"]


async def test_clients_mistakes_are_no_reason_for_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for query in ("{", "{ nothing }", "{ foreign }", "{ forbidden }", "{ contended }"):
        await ask(query)
    assert [line["event"] for line in logged(capsys)] == ["request"] * 5


async def test_the_log_holds_no_value_that_a_client_sent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = await ask("query Greet($n: String!) { greet(name: $n) broken }", n="Mrs Secret")
    assert answer.json()["data"]["greet"] == "Hello Mrs Secret"
    captured = capsys.readouterr().err
    assert '"operation":"Greet"' in captured
    assert "Mrs Secret" not in captured


async def test_at_most_five_errors_are_told() -> None:
    fields = " ".join(f"f{number}: foreign" for number in range(9))
    assert len((await ask(f"{{ {fields} }}")).json()["errors"]) == 5
    wrong = " ".join(f"nothing{number}" for number in range(9))
    assert len((await ask(f"{{ {wrong} }}")).json()["errors"]) == 5


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_a_run_that_takes_too_long_is_stopped(accept: str) -> None:
    async with client(run_seconds=0.05) as http:
        answer = await http.post(
            "/graphql", json={"query": "{ forever }"}, headers={"accept": accept}
        )
    assert answer.status_code == 504
    message = "This took longer than 0.05 s and was stopped."
    assert answer.json() == {"errors": [error("DEADLINE", message, retryable=True)]}


async def test_a_request_that_does_not_arrive_is_given_up() -> None:
    async def stuck() -> AsyncIterator[bytes]:
        yield b'{"query":'
        await asyncio.Event().wait()

    async with client(receive_seconds=0.05) as http:
        answer = await http.post(
            "/graphql", content=stuck(), headers={"content-type": "application/json"}
        )
    assert answer.status_code == 408
    assert answer.json()["errors"][0]["extensions"]["code"] == "DEADLINE"


async def test_a_process_answers_so_many_requests_at_once_and_no_more() -> None:
    async with client(max_requests=2, run_seconds=0.2) as http:
        asked = [http.post("/graphql", json={"query": "{ forever }"}) for _ in range(3)]
        answers = await asyncio.gather(*asked)
        assert [answer.status_code for answer in answers] == [504, 504, 503]
        message = "Too many requests are being answered. Try again."
        assert answers[2].json() == {"errors": [error("OVERLOADED", message, retryable=True)]}
        answer = await http.post("/graphql", json={"query": "{ greet }"})
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "query", ["query($c: Cracked!) { crack(code: $c) }", 'query($c: Int) { crack(code: "x") }']
)
async def test_what_a_scalar_raises_is_hidden_too(
    capsys: pytest.CaptureFixture[str], query: str
) -> None:
    """graphql-core makes it a part of the message that a client reads."""
    answer = await ask(query, c="x")
    assert answer.status_code == 500
    assert answer.json() == {"errors": [error("INTERNAL", HIDDEN)]}
    unexpected, request = logged(capsys)
    assert unexpected["exception"].endswith(f"RuntimeError: {SECRET_TEXT}")
    assert request["code"] == "INTERNAL"


class Gone(StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


async def test_a_log_that_cannot_be_written_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Gone())
    answer = await ask("{ greet }")
    assert (answer.status_code, answer.json()) == (200, {"data": {"greet": "Hello world"}})
