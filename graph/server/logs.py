"""One form for all lines of the log: JSON for machines, color for people."""

import json
import logging
import sys
from contextlib import suppress
from typing import Any, Final

import orjson
import structlog
from structlog.typing import Processor

from graph.server.settings import Settings

QUIET: Final = ("tortoise", "uvicorn", "websockets")
"""Their lines at level `info` repeat ours, or say nothing."""

_processors: Final[list[Processor]] = []
"""A logger keeps the list of its first line; therefore the list stays and its content changes."""


class Lines:
    """Writes our lines, as the standard library's handler writes others, to standard error."""

    def __init__(self, name: str) -> None:
        self.name = name

    def write(self, line: str) -> None:
        """Writes a line; a line that cannot be written is lost without an error."""
        with suppress(OSError):
            sys.stderr.write(f"{line}\n")

    debug = info = warning = error = critical = write


def configure(settings: Settings) -> None:
    """Sends the lines of structlog and of the standard library to standard error, in one form.

    Our lines bypass the standard library, which takes most of a line's time. Tracebacks are plain
    text without local variables, because those hold clients' data.
    """
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor]
    if settings.logs_json:
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_json)]
    else:
        last = [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    _processors[:] = [*shared, *last]
    level = settings.log_level.upper()
    structlog.configure(
        processors=_processors,
        logger_factory=Lines,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    _configure_standard_library(level, shared, last)


def _json(line: Any, default: Any) -> str:
    try:
        return orjson.dumps(line, default=default).decode()
    except TypeError:
        # orjson refuses integers beyond 64 bits and lone surrogates; no line is lost for them.
        return json.dumps(line, default=default)


def _configure_standard_library(level: str, shared: list[Processor], last: list[Processor]) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # asyncmy warns of each key that exists already, though our statements ask for just that.
    logging.getLogger("asyncmy").setLevel(logging.ERROR)
