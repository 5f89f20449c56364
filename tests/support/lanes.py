"""Which tests `make test` leaves to `make test-all`, which runs all but those of `make soak`.

`make test` runs what takes a database on SQLite, and on the others too where they may differ:
what stands in ON_ALL. A test that does not run on SQLite at all runs in both.
"""

import re
from collections.abc import Iterable
from typing import Final

import pytest

from tests.support.databases import DIALECTS

MARK: Final = "full"

ON_ALL: Final = (
    # who comes first, and what a lock keeps apart
    "tests/faults/test_oversell.py::test_one_order_and_no_more",
    "tests/faults/test_cancelled.py",
    "tests/api/test_idempotency.py::test_many_at_once_place_one_order",
    "tests/api/test_tracking_together.py::test_two_shipments_want_the_same_serial_number",
    "tests/use_cases/test_customers.py::test_of_twenty_who_saw_one_version_one_saves",
    "tests/use_cases/test_customers.py::test_of_twenty_who_want_one_code_one_gets_it",
    "tests/use_cases/test_transaction.py",
    # events: positions without gaps, and who gives them
    "tests/streams/test_relay.py",
    "tests/streams/test_filter_agreement.py",
    "tests/use_cases/test_feed.py",
    # the schema, and how each database finds its rows
    "tests/house/test_migrations.py::test_every_database_has_the_schema_that_the_models_declare",
    "tests/house/test_migrations.py::test_every_foreign_key_leads_an_index",
    "tests/house/test_migrations.py::test_a_rate_from_nothing_to_all_is_taken",
    "tests/house/test_migrations.py::test_any_other_rate_is_refused",
    "tests/house/test_list_plans.py",
    "tests/house/test_servers.py",
    # statements that are written apart for each, and texts, times and numbers as each keeps them
    "tests/use_cases/test_statements.py",
    "tests/use_cases/test_visibility.py",
    "tests/use_cases/test_search.py",
    "tests/use_cases/test_catalog.py::test_skus_are_compared_exactly",
    "tests/use_cases/test_customers.py::test_codes_are_compared_exactly",
    "tests/api/test_bad_input.py::test_text_that_a_database_cannot_keep",
    "tests/api/test_invisible_characters.py::test_two_keys_that_look_alike_are_one",
    "tests/api/test_filters.py",
    "tests/api/test_large_amounts.py",
    "tests/api/test_paging.py",
    "tests/api/test_sorts.py",
)
"""Files, or tests of them: what `make test` runs on every database."""

KILLED: Final = "tests/faults/test_killed_imports.py"
ONE_TABLE: Final = "tests/use_cases/test_imports_one_table.py"
LONG: Final = (
    f"{KILLED}::test_a_killed_import_is_finished_by_running_it_again[sqlite-long]",
    "tests/api/test_engines_agree.py::test_engines_agree[450]",
    "tests/api/test_engines_agree.py::test_engines_agree_where_something_fails[450]",
    "tests/api/test_parts_agree.py::test_parts_come_to_the_whole[200]",
    "tests/faults/test_oversell.py::test_one_order_and_no_more[postgres-1]",
    "tests/faults/test_oversell.py::test_one_order_and_no_more[mariadb-1]",
    "tests/faults/test_oversell.py::test_one_order_and_no_more[mysql-1]",
    f"{ONE_TABLE}::test_every_sound_order_comes_whole_and_every_fault_is_told[20000]",
    "tests/use_cases/test_large_orders.py::test_statements_do_not_grow_with_lines[sqlite-2000]",
)
"""What all of `make test` would wait for; a smaller one of the same runs there."""


def mark(items: Iterable[pytest.Item]) -> None:
    """Mark what `make test` leaves to `make test-all`."""
    items = list(items)
    names = {item.nodeid for item in items}
    for item in items:
        if item.nodeid in LONG or (_is_again(item.nodeid, names) and not is_on_all(item.nodeid)):
            item.add_marker(MARK)


def is_on_all(name: str) -> bool:
    """Whether ON_ALL has the test, or its file."""
    test = name.partition("[")[0]
    return test in ON_ALL or test.partition("::")[0] in ON_ALL


def _is_again(name: str, names: set[str]) -> bool:
    """Whether it is a test of SQLite on another database."""
    test, opened, parameters = name.partition("[")
    others = "|".join(dialect for dialect in DIALECTS if dialect != "sqlite")
    first, count = re.subn(rf"\b(?:{others})(?=[-\]])", "sqlite", parameters)
    return count == 1 and f"{test}{opened}{first}" in names
