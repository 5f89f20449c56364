"""GraphiQL for browsers, from files of our own: it needs no other server and runs nothing else."""

from functools import cache
from pathlib import Path
from typing import Final

from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

ASSETS: Final = Path(__file__).with_name("assets")

# The page may load from us and talk to us, and nothing else. Styles may stand in the document:
# GraphiQL's dialogs put theirs there. Its fonts and some pictures are part of its style sheet.
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
    """The page; what it loads is behind `/graphiql/`."""
    return HTMLResponse(_text(), headers={**HEADERS, "cache-control": "no-cache", "vary": "accept"})


@cache
def _text() -> str:
    return (ASSETS / "page.html").read_text(encoding="utf-8")


def assets() -> StaticFiles:
    """The ASGI application behind `/graphiql/`."""
    return StaticFiles(directory=ASSETS)
