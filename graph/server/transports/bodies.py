"""Reads a client's request: bounded, strict UTF-8, strict JSON, of the right form."""

import asyncio
import json
import math
from collections.abc import Mapping
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

from starlette.types import Receive

from graph.execution.documents.persisted import bare
from graph.execution.engine import Ask
from graph.execution.failures import Code, Malformed, Rejected

MAX_DIGITS: Final = 20
MAX_URL_MEMBERS: Final = 20
MAX_OBJECTS: Final = 50_000
"""Objects in a body, counted by brackets: each one is checked for duplicate names."""


class TooLarge(Rejected):
    """The body is longer than accepted."""

    def __init__(self, most: int) -> None:
        super().__init__(Code.LIMIT_EXCEEDED, f"A request has at most {most} bytes.")


class TooSlow(Rejected):
    """The body did not arrive in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(Code.DEADLINE, f"A request arrives within {seconds:g} s.")


async def read(headers: Mapping[str, str], receive: Receive, most: int, seconds: float) -> bytes:
    """The whole body of a request.

    Raises:
        TooLarge: more than `most` bytes; at most one chunk beyond that was read.
        TooSlow: it took more than `seconds`.
        Malformed: the client went away.
    """
    declared = headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > most:
        raise TooLarge(most)
    body = bytearray()
    more = True
    try:
        async with asyncio.timeout(seconds):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Malformed("The request was broken off.")
                body += message.get("body", b"")
                if len(body) > most:
                    raise TooLarge(most)
                more = message.get("more_body", False)
    except TimeoutError:
        raise TooSlow(seconds) from None
    return bytes(body)


def parse_json(body: bytes | str, max_depth: int) -> Any:
    """The JSON value of a text, without anything that parsers disagree about.

    Raises:
        Rejected: LIMIT_EXCEEDED: more objects than any operation takes.
        Malformed: no UTF-8, no JSON, a duplicate name in an object, NaN or Infinity, a number
            that is too long, a lone surrogate, or nesting deeper than `max_depth`.
    """
    try:
        text = body if isinstance(body, str) else body.decode()
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.") from None
    if text.count("{") > MAX_OBJECTS:
        raise Rejected(Code.LIMIT_EXCEEDED, f"A request has at most {MAX_OBJECTS} objects.")
    try:
        value = DECODER.decode(text)
    except RecursionError:
        raise _too_deep(max_depth) from None
    except json.JSONDecodeError as error:
        raise Malformed(
            f"The body is not JSON: line {error.lineno}, column {error.colno}."
        ) from None
    if isinstance(value, dict | list):
        _check_depth(value, max_depth)
    if "\\ud" in text or "\\uD" in text:
        _check_characters(value)
    return value


def to_ask(value: Any) -> Ask:
    """The request in a decoded body.

    Raises:
        Malformed: with the part that is missing or of another type.
    """
    if isinstance(value, list):
        raise Malformed("One request at a time: batches are not accepted.")
    if not isinstance(value, dict):
        raise Malformed("A request is a JSON object with a query.")
    query, document_name = value.get("query"), _document_name(value)
    # graphql-ws always sends a text, so a request by name has an empty one.
    by_name = document_name is not None and (
        query is None or (isinstance(query, str) and not query.strip())
    )
    if not by_name and not (isinstance(query, str) and query.strip()):
        raise Malformed("`query` is missing, or is no text.")
    variables = value.get("variables")
    if not isinstance(variables, dict | None):
        raise Malformed("`variables` is an object.")
    name = value.get("operationName")
    if not isinstance(name, str | None):
        raise Malformed("`operationName` is text.")
    return Ask(None if by_name else query, variables, name or None, document_name)


def parse_query(query_string: bytes, max_depth: int) -> Ask:
    """The request in a URL's query: its members, with objects as JSON.

    Raises:
        Malformed: no UTF-8, a duplicate member, or as `to_ask` and `parse_json`.
    """
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_URL_MEMBERS,
        )
    except UnicodeDecodeError:
        raise Malformed("The URL is not UTF-8.") from None
    except ValueError:
        raise Malformed(f"A URL has at most {MAX_URL_MEMBERS} members.") from None
    value: dict[str, Any] = dict(pairs)
    if len(value) != len(pairs):
        raise Malformed("A member stands twice in the URL.")
    for name in ("variables", "extensions"):
        if name in value:
            # In a body they stand one level down, so the same depth is allowed.
            value[name] = parse_json(value[name], max_depth - 1) if value[name] else None
    if not value.get("documentId"):
        value.pop("documentId", None)
    return to_ask(value)


def _document_name(value: dict[str, Any]) -> str | None:
    """The document's name in a body: `documentId`, or the hash of Apollo's protocol."""
    name = value.get("documentId")
    if name is not None and not (isinstance(name, str) and name):
        raise Malformed("`documentId` is text.")
    extensions = value.get("extensions")
    if not isinstance(extensions, dict | None):
        raise Malformed("`extensions` is an object.")
    persisted = (extensions or {}).get("persistedQuery")
    if persisted is None:
        return name
    if not isinstance(persisted, dict):
        raise Malformed("`persistedQuery` is an object.")
    version = persisted.get("version")
    if version != 1 or isinstance(version, bool):
        raise Malformed("`persistedQuery` has the version 1.")
    hashed = persisted.get("sha256Hash")
    if not (isinstance(hashed, str) and hashed):
        raise Malformed("`sha256Hash` is text.")
    if name is not None and bare(name) != bare(hashed):
        raise Malformed("`documentId` and `sha256Hash` name two documents.")
    return hashed


def _too_deep(most: int) -> Malformed:
    return Malformed(f"JSON is nested at most {most} deep.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Malformed("A name stands twice in one JSON object.")
    return made


def _integer(digits: str) -> int:
    if len(digits.removeprefix("-")) > MAX_DIGITS:
        raise Malformed(f"A JSON integer has at most {MAX_DIGITS} digits.")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise Malformed("A JSON number is too large.")
    return number


def _constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is not JSON.")


DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)


def _check_depth(value: Any, most: int) -> None:
    """Checks the containers level by level: recursion would hit Python's own limit."""
    level = [value]
    for _ in range(most):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise _too_deep(most)


def _check_characters(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Malformed("A text holds half of a character.") from None
