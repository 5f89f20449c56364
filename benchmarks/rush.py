"""A rush of orders over HTTP, while workers of the server are killed."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any, Final
from uuid import UUID

import orjson

from benchmarks.market import Market
from benchmarks.wire import Lost, Wire
from resolvers.identifiers import key_of, to_global

PLACE: Final = """
mutation Place($input: OrderInput!, $key: String!) {
  orderPlace(input: $input) @idempotent(key: $key) {
    order { id number status } replayed userErrors { code message }
  }
}"""
ORDERS_A_CONNECTION: Final = 50
"""Then a client opens another one, so that workers that are new get their part."""
AGAIN_SECONDS: Final = 0.05
PATIENCE_SECONDS: Final = 120
SAMPLE: Final = 100
"""Every so manieth order is sent once more at the end."""


@dataclass(frozen=True)
class Outcome:
    """What became of an order: its id, or none where there were too few units."""

    sku: str
    order_id: UUID | None
    replayed: bool


@dataclass
class Rush:
    """So many orders, one unit each, of a market's products, by clients that do not give up.

    A client that lost its connection sends the order again under the same key. Each of `kills`
    ends one of the processes that serve, which `workers` tells, at a random order.
    """

    url: str
    workers: Callable[[], Sequence[int]]
    market: Market
    orders: int
    kills: int
    seed: int
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    lost: int = 0
    asked_again: Counter[str] = field(default_factory=Counter)
    killed: int = 0
    took: float = 0.0

    def __post_init__(self) -> None:
        dice = self._dice = random.Random(self.seed)
        skus = self.market.skus
        self._wanted = [skus[number % len(skus)] for number in range(self.orders)]
        dice.shuffle(self._wanted)
        self._customers = [to_global("Customer", each) for each in self.market.customers]
        self._due = sorted(dice.sample(range(self.orders), min(self.kills, self.orders)))

    @property
    def demand(self) -> Counter[str]:
        """How many orders are sent of each product."""
        return Counter(self._wanted)

    @property
    def acknowledged(self) -> list[tuple[str, UUID]]:
        """The product and the id of each order of which a client knows that it was placed."""
        return [(each.sku, each.order_id) for each in self.outcomes.values() if each.order_id]

    @property
    def a_second(self) -> float:
        """Answered orders a second, those that were refused among them."""
        return len(self.outcomes) / self.took

    def milliseconds(self, percent: int) -> float:
        """How long so many percent of the orders took at most, with all that was sent again."""
        return quantiles(self.seconds, n=100)[percent - 1] * 1_000

    async def run(self, clients: int) -> None:
        """Send everything, then a sample once more.

        An answer that must not be ends the program, and so does an order that nobody answers.
        """
        numbers = iter(range(self.orders))
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(clients):
                group.create_task(self._client(numbers))
        self.took = time.perf_counter() - started
        wire = Wire(self.url)
        for number in range(0, self.orders, SAMPLE):
            first, again = self.outcomes[number], await self._place(wire, number)
            if first.order_id and (again.order_id, again.replayed) != (first.order_id, True):
                raise SystemExit(f"order {number} was {first}, and sent again it is {again}")
        wire.close()

    async def _client(self, numbers: Iterator[int]) -> None:
        wire = Wire(self.url)
        for count, number in enumerate(numbers, 1):
            began = time.perf_counter()
            self.outcomes[number] = await self._place(wire, number)
            self.seconds.append(time.perf_counter() - began)
            if count % ORDERS_A_CONNECTION == 0:
                wire.close()
            self._kill_if_due()
        wire.close()

    async def _place(self, wire: Wire, number: int) -> Outcome:
        """What became of an order, sent until somebody says so."""
        body = self._body(number)
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE_SECONDS:
            try:
                answer = await wire.post(body)
            except Lost:
                self.lost += 1
            else:
                outcome = self._read(number, answer)
                if outcome:
                    return outcome
            await asyncio.sleep(AGAIN_SECONDS)
        raise SystemExit(f"order {number} was not answered within {PATIENCE_SECONDS} s")

    def _body(self, number: int) -> bytes:
        customer = self._customers[number % len(self._customers)]
        line = {"sku": self._wanted[number], "quantity": 1}
        variables = {
            "key": f"rush-{self.seed}-{number}",
            "input": {"customerId": customer, "lines": [line]},
        }
        return orjson.dumps({"query": PLACE, "variables": variables})

    def _read(self, number: int, answer: dict[str, Any]) -> Outcome | None:
        """The outcome that an answer tells; None where it asks to be asked again."""
        if "errors" in answer:
            codes = {each["extensions"]["code"] for each in answer["errors"]}
            if all(each["extensions"]["retryable"] for each in answer["errors"]):
                self.asked_again.update(codes)
                return None
            raise SystemExit(f"order {number}: {answer}")
        payload = answer["data"]["orderPlace"]
        sku = self._wanted[number]
        match [each["code"] for each in payload["userErrors"]]:
            case []:
                order_id = key_of("Order", payload["order"]["id"])
                return Outcome(sku, order_id, payload["replayed"])
            case ["INSUFFICIENT_STOCK"]:
                return Outcome(sku, None, replayed=False)
            case ["IN_PROGRESS"]:
                self.asked_again["IN_PROGRESS"] += 1
                return None
        raise SystemExit(f"order {number}: {answer}")

    def _kill_if_due(self) -> None:
        """Kill workers for all orders that were due; where none is there, at a later order."""
        while self._due and self._due[0] < len(self.outcomes):
            alive = self.workers()
            if not alive:
                return
            os.kill(self._dice.choice(alive), signal.SIGKILL)
            self._due.pop(0)
            self.killed += 1
