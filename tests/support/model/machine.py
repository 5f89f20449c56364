"""The state machine: 200 steps of a company's history, drawn as they go.

What is left to tests of their own: lots and serial numbers, other currencies, imports, and several
writers at once.
"""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, Final

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from services.storage.database import connection
from tests.support.audit.auditor import audit
from tests.support.databases import Databases, Dialect, connected
from tests.support.model.drawing import Draw
from tests.support.model.histories import Disagreement, History
from tests.support.model.stocking import Change, Correct

STEPS: Final = 200

SEARCHING: Final = settings(
    stateful_step_count=STEPS,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    # Our own script reads better than the dice.
    verbosity=Verbosity.quiet,
    print_blob=True,
)
"""Other histories in every run; one that fails is made as short as can be."""


@dataclass
class Runs:
    """Histories in one kind of database: compared with the paper, audited at their end, or both.

    `statements` prepare each database. `outcomes` counts all steps by their kind and the codes of
    their refusals.
    """

    databases: Databases
    dialect: Dialect = "sqlite"
    watched: bool = True
    audited: bool = True
    statements: tuple[str, ...] = ()
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    count: int = 0


class Machine(RuleBasedStateMachine):
    """A history in a database of its own."""

    def __init__(self, runs: Runs) -> None:
        super().__init__()
        self.runs = runs
        self.history = History(watched=runs.watched)
        self.runner = asyncio.Runner()
        self.opened = AsyncExitStack()
        self.runner.run(self._open())

    async def _open(self) -> None:
        runs = self.runs
        self.database = await runs.databases.migrated(runs.dialect)
        self.opened.push_async_callback(runs.databases.release, self.database)
        await self.opened.enter_async_context(connected(self.database))
        for statement in runs.statements:
            await connection().execute_script(statement)
        await self.history.begin()

    @initialize()
    def open_business(self) -> None:
        """Some of everything is there."""
        places = [
            (sku, warehouse) for sku in self.history.paper.products for warehouse in ("NEAR", "FAR")
        ]
        changes = tuple(Change(sku, warehouse, delta=12) for sku, warehouse in places)
        self.runner.run(self.history.do(Correct(changes)))

    @rule(dice=st.randoms(use_true_random=False))
    def step(self, dice: Random) -> None:
        """Whatever the dice say."""
        self.roll(dice)

    def roll(self, dice: Random) -> None:
        """Do what dice say that need not be Hypothesis's."""
        self.runner.run(self._roll(dice))

    async def _roll(self, dice: Random) -> None:
        if self.history.done and dice.randint(1, 20) == 20:
            done = dice.choice(self.history.done[-10:])
            await self.history.again(done, changed=dice.randint(1, 4) == 4)
            return
        command = Draw(self.history.paper, dice).command()
        await self.history.do(command, keyed=dice.randint(1, 4) == 4)

    def teardown(self) -> None:
        """Audit what was left, and leave nothing."""
        self.runs.count += 1
        self.runs.outcomes += self.history.outcomes
        try:
            self.runner.run(self._close())
        finally:
            self.runner.close()

    async def _close(self) -> None:
        async with self.opened:
            if self.runs.watched and self.history.over:
                return  # its failure is reported already
            await self.history.look()
            broken = await audit(self.database, backorders_served=True) if self.runs.audited else []
            if broken:
                raise Disagreement(broken, self.history.script)


def run_seed(runs: Runs, seed: int) -> None:
    """Runs the history of a seed, which is the same in every run.

    Hypothesis's own draws are not the same: they prefer numbers that loaded modules contain.

    Raises:
        Disagreement: it failed; the message has the differences and all steps.
    """
    machine, dice = Machine(runs), Random(seed)
    try:
        machine.open_business()
        for _ in range(STEPS):
            machine.roll(dice)
    finally:
        machine.teardown()


def search(runs: Runs, chosen: settings) -> None:
    """Runs random histories by the settings.

    Raises:
        Disagreement: one failed; the message has the differences and all steps.
    """
    machine: Any = partial(Machine, runs)
    run_state_machine_as_test(machine, settings=chosen)
