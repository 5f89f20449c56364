"""SQL of which MySQL and MariaDB each read their own part.

Both are reached by one driver and one scheme. No code asks which of them answers: what differs
stands in comments that the other server skips, so that every text is right on both.
"""

from typing import Final


def either(mysql: str, mariadb: str) -> str:
    """The part for MySQL from 8.0 on, and the part for MariaDB."""
    # MariaDB skips the versions 50700 to 99999 on purpose, and MySQL a comment with an M.
    return f"/*!80000 {mysql} */ /*M! {mariadb} */"


NAME: Final = either("'MySQL '", "'MariaDB '")
COLLATION: Final = either("utf8mb4_0900_bin", "utf8mb4_nopad_bin")
EXACT_TEXT: Final = f"CHARACTER SET utf8mb4 COLLATE {COLLATION}"
"""Compares by code point, and tells `ALFKI` from `alfki` and `alfki `."""

# READ COMMITTED: the stock guard reads the newest row either way, and InnoDB's default would add
# gap locks, that is deadlocks. The server's own time zone must not touch what we store. A search of
# forty parts is a join of as many tables: by default both servers try all their orders for minutes.
SESSION: Final = (
    f"SET SESSION {either('transaction_isolation', 'tx_isolation')} = 'READ-COMMITTED', "
    "time_zone = '+00:00', optimizer_search_depth = 2, "
    "sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO'"
)
