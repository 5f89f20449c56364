"""What every worker imports, imported once: workers start as copies of a process that has it.

The collector leaves these objects alone, since it writes to each that it looks at, and a page that
is written to is no longer shared.
"""

import gc

import graph.schema
import graph.server.app  # noqa: F401 - importing it is all that is meant

gc.collect()
gc.freeze()
