"""A rush of orders over HTTP, while workers of the server are killed."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Final
from uuid import UUID

from benchmarks.market import Market
from resolvers.identifiers import key_of, to_global
from tests.support.processes import Workers
from tests.support.wire import Failed, Insistent

PLACE: Final = """
mutation Place($input: OrderInput!, $key: String!) {
  orderPlace(input: $input) @idempotent(key: $key) {
    order { id number status } replayed userErrors { code message }
  }
}"""
ORDERS_A_CONNECTION: Final = 50
"""Then a client opens another one, so that workers that are new get their part."""
SAMPLE: Final = 100
"""Every so manieth order is sent once more at the end."""


@dataclass(frozen=True)
class Outcome:
    """What became of an order: its id, or none where its product was sold out."""

    sku: str
    order_id: UUID | None
    replayed: bool


@dataclass
class Rush:
    """So many orders, one unit each, of a market's products, by clients that do not give up.

    A client that lost its connection sends the order again under the same key. Each of `kills`
    ends one of the `workers`, at a random order.
    """

    url: str
    workers: Workers
    market: Market
    orders: int
    kills: int
    seed: int
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    lost: int = 0
    asked_again: Counter[str] = field(default_factory=Counter)
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

        Raises:
            Failed: an answer that must not be, or no answer for two minutes.
        """
        numbers = iter(range(self.orders))
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(clients):
                group.create_task(self._send(numbers))
        self.took = time.perf_counter() - started
        client = Insistent(self.url)
        for number in range(0, self.orders, SAMPLE):
            first, again = self.outcomes[number], await self._place(client, number)
            if first.order_id and (again.order_id, again.replayed) != (first.order_id, True):
                raise Failed(f"order {number} was {first}, and sent again it is {again}")
        client.close()

    async def _send(self, numbers: Iterator[int]) -> None:
        client = Insistent(self.url)
        for count, number in enumerate(numbers, 1):
            began = time.perf_counter()
            self.outcomes[number] = await self._place(client, number)
            self.seconds.append(time.perf_counter() - began)
            if count % ORDERS_A_CONNECTION == 0:
                client.close()
            self._kill_if_due()
        client.close()
        self.lost += client.lost
        self.asked_again += client.told

    async def _place(self, client: Insistent, number: int) -> Outcome:
        sku = self._wanted[number]
        customer = self._customers[number % len(self._customers)]
        wish = {"customerId": customer, "lines": [{"sku": sku, "quantity": 1}]}
        answer = await client.change(PLACE, input=wish, key=f"rush-{self.seed}-{number}")
        match [each["code"] for each in answer["userErrors"]]:
            case []:
                return Outcome(sku, key_of("Order", answer["order"]["id"]), answer["replayed"])
            case ["INSUFFICIENT_STOCK"]:
                return Outcome(sku, None, replayed=False)
        raise Failed(f"order {number}: {answer}")

    def _kill_if_due(self) -> None:
        """Kill a worker for each order that was due; where none serves, at a later order."""
        while self._due and self._due[0] < len(self.outcomes):
            if not self.workers.kill_one(self._dice):
                return
            self._due.pop(0)
