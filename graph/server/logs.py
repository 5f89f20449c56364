"""One form for every line that the process logs: JSON for machines, color for people."""

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
"""What they say at level `info` is said by our own lines, or is nothing."""

_processors: Final[list[Processor]] = []
"""Loggers keep the list that they found at their first line; so it stays, and is filled anew."""


class Lines:
    """Where our lines end, and the standard library's: on standard error."""

    def __init__(self, name: str) -> None:
        self.name = name

    def write(self, line: str) -> None:
        """Write a line. One that cannot be written is lost, and stops nobody."""
        with suppress(OSError):
            sys.stderr.write(f"{line}\n")

    debug = info = warning = error = critical = write


def configure(settings: Settings) -> None:
    """From now on structlog and the standard library write such lines to standard error.

    Ours do not pass through the standard library, which takes most of a line's time. Tracebacks
    are plain text without local variables, which would hold what clients sent.
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
        # Integers beyond 64 bits, half of a character: no line is lost for what orjson refuses.
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
    # It tells each key that was there already, which is what we ask it to find out.
    logging.getLogger("asyncmy").setLevel(logging.ERROR)
