"""Counting the SQL statements that a piece of code sends."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tortoise.log import db_client_logger

# Tortoise's clients log each statement from one of these, on every dialect, before they send it.
SENDERS: Final = frozenset(
    {
        "execute_insert",
        "execute_many",
        "execute_query",
        "execute_query_dict",
        "execute_script",
        "fetch_rows",
    }
)


class _Recorder(logging.Handler):
    def __init__(self, statements: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self.statements = statements

    def emit(self, record: logging.LogRecord) -> None:
        if record.funcName in SENDERS:
            # The arguments are the statement and its values; a script is the message itself.
            self.statements.append(
                str(
                    record.args[0] if isinstance(record.args, tuple) and record.args else record.msg
                )
            )


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that this process sends in the block, in order, without their values.

    BEGIN, COMMIT and ROLLBACK are not among them. Loops and tasks of the process count as well.
    """
    statements: list[str] = []
    recorder = _Recorder(statements)
    level = db_client_logger.level
    db_client_logger.addHandler(recorder)
    db_client_logger.setLevel(logging.DEBUG)
    try:
        yield statements
    finally:
        db_client_logger.setLevel(level)
        db_client_logger.removeHandler(recorder)
