"""Reading answers in parts as clients do."""

import json
from typing import Any

from httpx import Headers

LAYOUT = "multipart/mixed;incrementalSpec=v0.2"
TYPE = 'multipart/mixed; boundary="graphql"; incrementalSpec=v0.2'
DELIMITER = "\r\n--graphql"


def read(headers: Headers, body: str) -> list[dict[str, Any]]:
    """The parts of a multipart answer, which keeps the form to the letter."""
    assert headers["content-type"] == TYPE
    preamble, *parts, end = body.split(DELIMITER)
    assert (preamble, end) == ("", "--\r\n")
    found = []
    for part in parts:
        head, _, content = part.partition("\r\n\r\n")
        assert head == "\r\ncontent-type: application/json; charset=utf-8"
        found.append(json.loads(content))
    assert [each["hasNext"] for each in found] == [True] * (len(found) - 1) + [False]
    return found


def together(parts: list[dict[str, Any]]) -> Any:
    """The data that the parts come to, all of which arrived without an error."""
    data = parts[0]["data"]
    places: dict[str, list[str | int]] = {}
    for part in parts:
        places |= {each["id"]: each["path"] for each in part.get("pending", ())}
        for piece in part.get("incremental", ()):
            place = data
            for key in [*places[piece["id"]], *piece.get("subPath", ())]:
                place = place[key]
            if "items" in piece:
                place += piece["items"]
            else:
                _merge(place, piece["data"])
        for each in part.get("completed", ()):
            assert "errors" not in each
            del places[each["id"]]
    assert places == {}
    return data


def _merge(into: Any, more: Any) -> None:
    """Fields of an object may come from several fragments, those of its objects as well."""
    for name, value in more.items():
        if name in into and isinstance(value, dict):
            _merge(into[name], value)
        elif name in into and isinstance(value, list):
            for old, new in zip(into[name], value, strict=True):
                if isinstance(new, dict):
                    _merge(old, new)
        else:
            into[name] = value
