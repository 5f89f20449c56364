"""Every mutation of the schema is sent by a test."""

import re

from graph.schema import schema
from tests.support.repository import ROOT, sources

SENDING = ("api", "faults", "streams", "support")
"""Where documents are written, folders of `tests`."""


def written() -> str:
    """The documents of the tests, with all that stands around them."""
    paths = (path for path in sources() if path.parts[0] == "tests" and path.parts[1] in SENDING)
    return "\n".join((ROOT / path).read_text() for path in paths)


def test_every_mutation_is_sent_by_a_test() -> None:
    mutations = schema._schema.mutation_type
    assert mutations is not None
    # A field with its arguments, or with a directive before its payload.
    sent = set(re.findall(r"\b([a-z]\w*)\s*[(@]", written()))
    assert set(mutations.fields) - sent == set()
