"""Relations of customers."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final
from uuid import UUID

from tortoise.expressions import Q

from models.catalog import Product
from models.customers import Customer, CustomerAddress, CustomerGroup
from models.orders import Order, OrderLine
from models.references import ExternalRef
from models.rules.access import Actor
from models.rules.credit import PLACED
from resolvers.loaders.relation import Computed, ToMany, ToOne, chunks
from services.storage import database
from services.storage.select import Select
from services.work.visibility import scope

SEEDS: Final = 10
MAX_COMPANIONS: Final = 100
RECENT_ORDERS: Final = 500
# unscoped: beside a line that the actor sees, the others of its order
TOGETHER: Final = """
SELECT recent.product_id AS seed, line.product_id AS product,
  COUNT(DISTINCT line.order_id) AS times
FROM ({}) recent JOIN order_line line ON line.order_id = recent.order_id
WHERE recent.place <= {last} AND line.product_id IS NOT NULL
GROUP BY recent.product_id, line.product_id
"""

ALL: Final = 2**31 - 1
MAX_FREQUENT: Final = 100
BOUGHT: Final = """
WITH placed AS ({placed}), counted AS (
  SELECT customer_id, COUNT(*) AS orders FROM placed GROUP BY customer_id
), bought AS (
  SELECT placed.customer_id, line.product_id, COUNT(DISTINCT line.order_id) AS times
  FROM placed JOIN ({lines}) line ON line.order_id = placed.id
  GROUP BY placed.customer_id, line.product_id
), ranked AS (
  SELECT customer_id, product_id, times,
    ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY times DESC, product_id) AS place
  FROM bought
)
SELECT ranked.customer_id, ranked.product_id, ranked.times, counted.orders
FROM ranked JOIN counted ON counted.customer_id = ranked.customer_id
WHERE ranked.place <= {most} ORDER BY ranked.customer_id, ranked.place
"""

customer: Final = ToOne(Customer, key="customer_id")
group: Final = ToOne(CustomerGroup, key="group_id")
addresses: Final = ToMany(CustomerAddress, by="customer_id", order=("position",))
external_refs: Final = ToMany(ExternalRef, by="subject_id", order=("system", "key"))


@dataclass(frozen=True)
class Purchases:
    """A customer's products with the number of orders of each, most first, and all orders.

    `orders` is 0 for a customer who bought no product.
    """

    orders: int
    products: list[tuple[UUID, int]]


@dataclass(frozen=True)
class Companion:
    """A product bought together with others: its score, 0 to 1, and the number of orders."""

    product_id: UUID
    score: float
    orders: int


async def purchases_of(actor: Actor, customers: Sequence[UUID], most: int = ALL) -> list[Purchases]:
    """The products of each customer by number of orders, at most `most`, most first.

    Empty for an actor who may not read products.
    """
    orders: dict[UUID, int] = {}
    products: dict[UUID, list[tuple[UUID, int]]] = defaultdict(list)
    seen, known = scope(Order, actor), scope(OrderLine, actor)
    if seen is not None and known is not None and scope(Product, actor) is not None:
        for chunk in chunks(customers):
            placed = Select(Order, ("id", "customer_id"))
            placed.among("customer_id", chunk)
            placed.matching(seen & Q(status__in=PLACED))
            lines = Select(OrderLine, ("order_id", "product_id"), values=placed.values)
            lines.matching(known & Q(product_id__isnull=False))
            text = BOUGHT.format(placed=placed.text(), lines=lines.text(), most=most)
            for found in await database.fetch(text, placed.values):
                customer_id, product_id = UUID(str(found[0])), UUID(str(found[1]))
                products[customer_id].append((product_id, found[2]))
                orders[customer_id] = found[3]
    return [Purchases(orders.get(key, 0), products[key]) for key in customers]


@lru_cache(maxsize=MAX_FREQUENT)
def purchases(most: int) -> Computed:
    """The relation to the `most` products that a customer buys most often."""
    return Computed(partial(purchases_of, most=most))


async def companions_of(actor: Actor, customers: Sequence[UUID]) -> list[list[Companion]]:
    """New products that are bought together with each customer's most frequent ones, best first.

    A product's score is its share of the recent orders of a frequent product, averaged over these:
    the confidence of the rule "frequent product, hence product" of Agrawal, Imielinski and Swami,
    "Mining association rules between sets of items in large databases", 1993.
    """
    bought = await purchases_of(actor, customers)
    seeds = [[product for product, _ in each.products[:SEEDS]] for each in bought]
    orders, together = await _bought_together(actor, [seed for each in seeds for seed in each])
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


async def _bought_together(
    actor: Actor, seeds: Sequence[UUID]
) -> tuple[dict[UUID, int], dict[UUID, dict[UUID, int]]]:
    """The number of recent orders of each seed, and of each product together with it."""
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


companions: Final = Computed(companions_of)
