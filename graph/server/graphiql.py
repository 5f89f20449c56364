"""GraphiQL for browsers, from the package's own files: it needs no other server."""

from functools import cache
from pathlib import Path
from typing import Final

from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

ASSETS: Final = Path(__file__).with_name("assets")

# The page may load from and connect to this server only. Inline styles are allowed, because
# GraphiQL's dialogs need them. Its fonts and some pictures are part of its style sheet.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "font-src data:; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def page() -> Response:
    """The page; its assets are below `/graphiql/`."""
    return HTMLResponse(_text(), headers={**HEADERS, "cache-control": "no-cache", "vary": "accept"})


@cache
def _text() -> str:
    return (ASSETS / "page.html").read_text(encoding="utf-8")


def assets() -> StaticFiles:
    """The ASGI application below `/graphiql/`."""
    return StaticFiles(directory=ASSETS)
