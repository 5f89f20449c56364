"""What belongs to customers."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from tortoise.functions import Count

from models.customers import Customer, CustomerAddress, CustomerGroup
from models.orders import Order, OrderLine
from models.references import ExternalRef
from models.rules.access import Actor
from models.rules.credit import PLACED
from resolvers.loaders.relation import Computed, ToMany, ToOne, chunks
from resolvers.loaders.select import Select
from services import database
from services.visibility import scope, visible

SEEDS: Final = 10
MAX_COMPANIONS: Final = 100
RECENT_ORDERS: Final = 500
TOGETHER: Final = """
SELECT recent.product_id AS seed, line.product_id AS product,
  COUNT(DISTINCT line.order_id) AS times
FROM ({}) recent JOIN order_line line ON line.order_id = recent.order_id
WHERE recent.place <= {last} AND line.product_id IS NOT NULL
GROUP BY recent.product_id, line.product_id
"""

customer: Final = ToOne(Customer, key="customer_id")
group: Final = ToOne(CustomerGroup, key="group_id")
addresses: Final = ToMany(CustomerAddress, by="customer_id", order=("position",))
external_refs: Final = ToMany(ExternalRef, by="subject_id", order=("system", "key"))


@dataclass(frozen=True)
class Purchases:
    """How many of a customer's orders have each product, most first, and how many there are."""

    orders: int
    products: list[tuple[UUID, int]]


@dataclass(frozen=True)
class Companion:
    """A product that is ordered together with others: its score, 0 to 1, and in how many orders."""

    product_id: UUID
    score: float
    orders: int


async def purchases_of(actor: Actor, customers: Sequence[UUID]) -> list[Purchases]:
    """What each customer has bought, counted by orders."""
    orders: dict[UUID, int] = {}
    products: dict[UUID, list[tuple[UUID, int]]] = defaultdict(list)
    for chunk in chunks(customers):
        placed = visible(Order, actor).filter(customer_id__in=chunk, status__in=PLACED)
        counted = placed.annotate(orders=Count("id")).group_by("customer_id")
        for row in await counted.values("customer_id", "orders"):
            orders[row["customer_id"]] = row["orders"]
        bought = visible(OrderLine, actor).filter(
            order__customer_id__in=chunk, order__status__in=PLACED, product_id__isnull=False
        )
        each = bought.annotate(orders=Count("order_id", distinct=True)).group_by(
            "order__customer_id", "product_id"
        )
        rows = await each.order_by("-orders", "product_id").values(
            "order__customer_id", "product_id", "orders"
        )
        for row in rows:
            products[row["order__customer_id"]].append((row["product_id"], row["orders"]))
    return [Purchases(orders.get(key, 0), products[key]) for key in customers]


async def companions_of(actor: Actor, customers: Sequence[UUID]) -> list[list[Companion]]:
    """What goes with each customer's most frequent products and they never ordered, best first.

    The score of a product is the share of the seeds' recent orders that it was in, averaged over
    the seeds: the confidence of the rule "seed, hence product" of Agrawal, Imielinski and Swami,
    "Mining association rules between sets of items in large databases", 1993.
    """
    bought = await purchases_of(actor, customers)
    seeds = [[product for product, _ in each.products[:SEEDS]] for each in bought]
    orders, together = await _together(actor, [seed for each in seeds for seed in each])
    found = []
    for each, own in zip(bought, seeds, strict=True):
        known = {product for product, _ in each.products}
        scores: dict[UUID, float] = defaultdict(float)
        counts: dict[UUID, int] = defaultdict(int)
        for seed in own:
            for product, times in together[seed].items():
                if product not in known:
                    scores[product] += times / orders[seed] / len(own)
                    counts[product] += times
        ranked = sorted(scores, key=lambda product: (-scores[product], product))
        found.append([Companion(key, scores[key], counts[key]) for key in ranked[:MAX_COMPANIONS]])
    return found


async def _together(
    actor: Actor, seeds: Sequence[UUID]
) -> tuple[dict[UUID, int], dict[UUID, dict[UUID, int]]]:
    """In how many recent orders each seed was, and with which products how often."""
    orders: dict[UUID, int] = {}
    together: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    condition = scope(OrderLine, actor)
    if condition is None:
        return orders, together
    for chunk in chunks(seeds):
        recent = Select(OrderLine, ("product_id", "order_id"))
        recent.among("product_id", chunk)
        recent.matching(condition)
        text = TOGETHER.format(recent.ranked("product_id", ("-order_id",)), last=RECENT_ORDERS)
        for found in await database.fetch(text, recent.values):
            seed, product = UUID(str(found[0])), UUID(str(found[1]))
            if seed == product:
                orders[seed] = found[2]
            else:
                together[seed][product] = found[2]
    return orders, together


purchases: Final = Computed(purchases_of)
companions: Final = Computed(companions_of)
