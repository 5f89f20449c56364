"""The media types of requests and answers, and the content coding."""

from functools import lru_cache
from typing import Final

JSON: Final = "application/json"
GRAPHQL: Final = "application/graphql-response+json"
HTML: Final = "text/html"
PARTS: Final = "multipart/mixed"

# Clients name the layout of parts by a parameter; without one they accept any.
PARTS_LAYOUT: Final = "incrementalSpec=v0.2"
LAYOUTS: Final = ("incrementalspec=", "deferspec=", "subscriptionspec=")

# Headers come with each request, and clients send the same few texts.
CACHED: Final = 100

# An answer in application/json must suit clients that know only status 200.
OFFERED: Final = (JSON, GRAPHQL)


@lru_cache(maxsize=CACHED)
def is_json(content_type: str | None) -> bool:
    """Whether the request declares its body as JSON in UTF-8."""
    if content_type is None:
        return False
    kind, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [part for part in parameters if part.startswith("charset=")]
    return kind == JSON and all(part[8:].strip('"') in {"utf-8", "utf8"} for part in charsets)


@lru_cache(maxsize=CACHED)
def answer_type(accept: str | None) -> str | None:
    """The offered media type that the client prefers, or None if it accepts none.

    A client that accepts parts also reads JSON, because each part is JSON.
    """
    if accept is None or not accept.strip():
        return JSON
    wanted = _wanted(accept)
    best = max(OFFERED, key=lambda offered: _quality(offered, wanted))
    if _quality(best, wanted)[0] > 0:
        return best
    return JSON if takes_parts(accept) else None


@lru_cache(maxsize=CACHED)
def takes_parts(accept: str | None) -> bool:
    """Whether the client accepts answers in parts, in the layout that is offered."""
    for part in (accept or "").lower().split(","):
        kind, *parameters = (piece.strip().replace('"', "") for piece in part.split(";"))
        quality = next((_number(each[2:]) for each in parameters if each.startswith("q=")), 1.0)
        layouts = [each for each in parameters if each.startswith(LAYOUTS)]
        if kind == PARTS and quality > 0 and layouts in ([], [PARTS_LAYOUT.lower()]):
            return True
    return False


def wants_html(accept: str | None) -> bool:
    """Whether a browser asks for a page: it names text/html, and API clients do not."""
    return accept is not None and _wanted(accept).get(HTML, (0.0, 0))[0] > 0


@lru_cache(maxsize=CACHED)
def reads_gzip(accept_encoding: str | None) -> bool:
    """Whether the client names gzip with a quality above 0."""
    return accept_encoding is not None and _wanted(accept_encoding).get("gzip", (0.0, 0))[0] > 0


def _wanted(accept: str) -> dict[str, tuple[float, int]]:
    """Each media range or coding with its quality and its place; earlier is greater."""
    wanted: dict[str, tuple[float, int]] = {}
    for place, part in enumerate(accept.split(",")):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                quality = _number(parameter[2:])
        wanted.setdefault(kind, (quality, -place))
    return wanted


def _number(text: str) -> float:
    """A quality from 0 to 1; 0 for an invalid one, NaN included."""
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if 0 <= number <= 1 else 0.0


def _quality(offered: str, wanted: dict[str, tuple[float, int]]) -> tuple[float, int]:
    """The quality and place of the most specific range that covers the type."""
    for media_range in (offered, "application/*", "*/*"):
        if media_range in wanted:
            return wanted[media_range]
    return (0.0, 0)
