"""The state machine: 200 steps of a company's life, drawn as they go.

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
from tests.support.model.lives import Disagreement, Life
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
"""Other lives in every run; one that fails is made as short as can be."""


@dataclass
class Way:
    """Where lives are led, whether they are compared with the paper, and audited at their end.

    `statements` prepare each database. `told` counts what came of all steps, by what was done and
    with which codes it was refused.
    """

    databases: Databases
    dialect: Dialect = "sqlite"
    watched: bool = True
    audited: bool = True
    statements: tuple[str, ...] = ()
    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    lives: int = 0


class Machine(RuleBasedStateMachine):
    """A life in a database of its own."""

    def __init__(self, way: Way) -> None:
        super().__init__()
        self.way = way
        self.life = Life(watched=way.watched)
        self.runner = asyncio.Runner()
        self.opened = AsyncExitStack()
        self.runner.run(self._open())

    async def _open(self) -> None:
        way = self.way
        self.database = await way.databases.migrated(way.dialect)
        self.opened.push_async_callback(way.databases.release, self.database)
        await self.opened.enter_async_context(connected(self.database))
        for statement in way.statements:
            await connection().execute_script(statement)
        await self.life.begin()

    @initialize()
    def open_business(self) -> None:
        """Some of everything is there."""
        places = [
            (sku, warehouse) for sku in self.life.paper.products for warehouse in ("NEAR", "FAR")
        ]
        changes = tuple(Change(sku, warehouse, delta=12) for sku, warehouse in places)
        self.runner.run(self.life.do(Correct(changes)))

    @rule(dice=st.randoms(use_true_random=False))
    def step(self, dice: Random) -> None:
        """Whatever the dice say."""
        self.roll(dice)

    def roll(self, dice: Random) -> None:
        """Do what dice say that need not be Hypothesis's."""
        self.runner.run(self._roll(dice))

    async def _roll(self, dice: Random) -> None:
        if self.life.done and dice.randint(1, 20) == 20:
            done = dice.choice(self.life.done[-10:])
            await self.life.again(done, changed=dice.randint(1, 4) == 4)
            return
        command = Draw(self.life.paper, dice).command()
        await self.life.do(command, keyed=dice.randint(1, 4) == 4)

    def teardown(self) -> None:
        """Audit what was left, and leave nothing."""
        self.way.lives += 1
        self.way.told += self.life.told
        try:
            self.runner.run(self._close())
        finally:
            self.runner.close()

    async def _close(self) -> None:
        async with self.opened:
            if self.way.watched and self.life.over:
                return  # it has told how it failed
            await self.life.look()
            broken = await audit(self.database, backorders_served=True) if self.way.audited else []
            if broken:
                raise Disagreement(broken, self.life.script)


def live(way: Way, seed: int) -> None:
    """Lead the life of a seed, which is the same in every run.

    Hypothesis's own dice are not: they prefer numbers that stand in the modules that are loaded.

    Raises:
        Disagreement: it went wrong; it tells what is wrong, and all steps that led there.
    """
    machine, dice = Machine(way), Random(seed)
    try:
        machine.open_business()
        for _ in range(STEPS):
            machine.roll(dice)
    finally:
        machine.teardown()


def search(way: Way, chosen: settings) -> None:
    """Lead lives by the settings.

    Raises:
        Disagreement: one went wrong; it tells what is wrong, and all steps that led there.
    """
    machine: Any = partial(Machine, way)
    run_state_machine_as_test(machine, settings=chosen)
