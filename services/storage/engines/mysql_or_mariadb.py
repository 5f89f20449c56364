"""SQL with parts that only MySQL or only MariaDB reads.

Both have one driver and one scheme. No code asks which of them it talks to: the differences are in
comments that the other server skips, so that each text is right on both.
"""

from typing import Final


def either(mysql: str, mariadb: str) -> str:
    """The part for MySQL from 8.0 on, and the part for MariaDB."""
    # MariaDB skips the versions 50700 to 99999 on purpose, and MySQL a comment with an M.
    return f"/*!80000 {mysql} */ /*M! {mariadb} */"


NAME: Final = either("'MySQL '", "'MariaDB '")
COLLATION: Final = either("utf8mb4_0900_bin", "utf8mb4_nopad_bin")
EXACT_TEXT: Final = f"CHARACTER SET utf8mb4 COLLATE {COLLATION}"
"""Compares by code point: `ALFKI`, `alfki` and `alfki ` differ."""

# READ COMMITTED: the stock guard reads the newest row either way, and InnoDB's default would add
# gap locks, that is deadlocks. The server's own time zone must not change stored instants. A search
# of forty parts joins as many tables: by default both servers try all orders of them for minutes.
SESSION: Final = (
    f"SET SESSION {either('transaction_isolation', 'tx_isolation')} = 'READ-COMMITTED', "
    "time_zone = '+00:00', optimizer_search_depth = 2, "
    "sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO'"
)
