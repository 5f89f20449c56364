"""Outages of the database: recognized by the driver's error, logged once each, at begin and end.

An outage is a database that is away, full or overloaded: a later retry may succeed, and the log
needs no traceback.
"""

import sqlite3
from collections.abc import Callable
from time import monotonic
from typing import Final

import asyncpg
import structlog

from services.storage.engines.pool import NoConnection

QUIET_SECONDS: Final = 10.0
"""After this time without a failure the next success ends an outage."""

# PostgreSQL: lost and refused connections, too few resources, a server that stops, starts or
# ends a statement, failures of its system, and a standby that takes no writes.
POSTGRES_CLASSES: Final = frozenset({"08", "53", "57", "58"})
POSTGRES_READ_ONLY: Final = "25006"
# MySQL and MariaDB: disk or table full, no memory, too many connections, a server that stops or
# ends a statement or a session, errors of the network, a server that only reads.
MYSQL_CODES: Final = frozenset(
    {1021, 1030, 1037, 1038, 1040, 1041, 1053, 1114, 1129, 1135, 1152, 1158, 1159, 1160, 1161}
    | {1184, 1203, 1226, 1290, 1317, 1836, 1927, 1969, 2002, 2003, 2006, 2013, 2055, 3024}
    | {3168, 3169, 4031}
)
SQLITE_CODES: Final = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
    }
)
CLOSED: Final = (
    *("connection is closed", "connection was closed", "Not connected"),
    "cannot switch to state",  # asyncpg, if a stopping server has ended the connection
)
"""Texts of drivers for a connection that ended before a statement was sent."""
CLOSING: Final = (asyncpg.InterfaceError, asyncpg.InternalClientError)
MYSQL_ERRORS: Final = "asyncmy.errors"
"""By name, because the import of asyncmy takes 11 MiB, with its encryption of passwords."""

log: Final = structlog.get_logger("ordergraph.database")


def is_outage(error: BaseException) -> bool:
    """Whether an error of a driver or of the pool is an outage of the database."""
    if isinstance(error, NoConnection | ConnectionError | TimeoutError):
        return True
    first = error.args[0] if error.args else None
    if isinstance(first, BaseException):  # Tortoise wraps drivers' errors
        return is_outage(first)
    if isinstance(error, CLOSING):
        return _names_closed_connection(error)
    if type(error).__module__ == MYSQL_ERRORS:
        return first in MYSQL_CODES or _names_closed_connection(
            error
        )  # most have the SQLSTATE HY000
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in SQLITE_CODES
    state = getattr(error, "sqlstate", None)
    return isinstance(state, str) and (state[:2] in POSTGRES_CLASSES or state == POSTGRES_READ_ONLY)


def _names_closed_connection(error: BaseException) -> bool:
    return any(text in str(error) for text in CLOSED)


class Outages:
    """The outages seen by this process; `now` is a monotonic clock in seconds."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._since: float | None = None
        self._last = 0.0
        self._failures = 0

    def notice(self, error: BaseException) -> bool:
        """Whether the error is an outage; logs the first error of each outage."""
        if not is_outage(error):
            return False
        self._last = self._now()
        self._failures += 1
        if self._since is None:
            self._since = self._last
            log.warning("database.unavailable", error=repr(error))
        return True

    def over(self) -> None:
        """Records a success; it ends the outage after `QUIET_SECONDS` without a failure."""
        if self._since is None or self._now() - self._last < QUIET_SECONDS:
            return
        seconds = round(self._last - self._since, 1)
        log.info("database.available", seconds=seconds, failures=self._failures)
        self.forget()

    def forget(self) -> None:
        """Resets the state, for another database."""
        self._since, self._failures = None, 0


_outages: Final = Outages()
notice: Final = _outages.notice
over: Final = _outages.over
forget: Final = _outages.forget
