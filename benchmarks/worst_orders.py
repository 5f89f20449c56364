"""What is done to an order at the line limit, step by step."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

ORDER: Final = "order { id version lines { id sku quantity } } userErrors { code message }"
PLAIN: Final = "order { id version } userErrors { code message }"

Asked = tuple[str, dict[str, Any]]
"""A document and its variables."""

Ask = Callable[[Asked], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class Shop:
    """What orders are made of."""

    skus: list[str]
    customer: str
    warehouse: str
    other: str
    """Another warehouse."""

    def ordered(self, lines: int, quantity: int = 2) -> dict[str, Any]:
        return {
            "customerId": self.customer,
            "lines": [
                {"sku": self.skus[n % len(self.skus)], "quantity": quantity} for n in range(lines)
            ],
        }

    def draft(self, lines: int) -> Asked:
        """A draft, which needs no stock."""
        return (
            f"mutation($i: OrderInput!) {{ orderDraft(input: $i) {{ {PLAIN} }} }}",
            {"i": self.ordered(lines)},
        )

    def stocked(self) -> Iterator[Asked]:
        """So much of everything that no order is short, in parts as large as may be."""
        for first in range(0, len(self.skus), 500):
            yield self._stocked(self.skus[first : first + 500])

    def _stocked(self, skus: list[str]) -> Asked:
        changes = [
            {"sku": sku, "warehouseId": self.warehouse, "delta": 1_000_000, "reason": "plenty"}
            for sku in skus
        ]
        adjusted = "items { id } userErrors { code message }"
        document = f"mutation($c: [StockChange!]!) {{ stockAdjust(changes: $c) {{ {adjusted} }} }}"
        return document, {"c": changes}


async def steps(ask: Ask, shop: Shop, lines: int) -> AsyncIterator[tuple[str, Asked]]:
    """Each step of an order of so many lines, to be measured by the caller: it does it.

    Another order of the same kind goes the same way unmeasured, so that ids and versions are known.
    """
    for asked in shop.stocked():
        yield "stock of 500", asked
    yield f"draft of {lines}", shop.draft(lines)
    place = f"mutation($i: OrderInput!) {{ orderPlace(input: $i) {{ {ORDER} }} }}"
    yield f"place {lines}", (place, {"i": shop.ordered(lines)})
    order = (await ask((place, {"i": shop.ordered(lines)})))["orderPlace"]["order"]
    edited = [{"lineId": line["id"], "sku": line["sku"], "quantity": 1} for line in order["lines"]]
    edit = (
        "mutation($id: ID!, $v: Int!, $i: OrderEditInput!) {"
        f' orderEdit(id: $id, version: $v, input: $i, reason: "less") {{ {PLAIN} }} }}'
    )
    yield (
        f"edit {lines}",
        (edit, {"id": order["id"], "v": order["version"], "i": {"lines": edited}}),
    )
    for action in ("HOLD", "RELEASE", "PREPARE", "SHIP"):
        yield f"{action} {lines}", await acted(ask, order["id"], action)
    other = (await ask((place, {"i": shop.ordered(lines)})))["orderPlace"]["order"]
    yield f"CANCEL {lines}", await acted(ask, other["id"], "CANCEL")


async def acted(ask: Ask, order_id: str, action: str) -> Asked:
    """The document that takes an order's step, at the version that it has now."""
    found = await ask(("query($id: ID!) { order(id: $id) { version } }", {"id": order_id}))
    document = (
        "mutation($id: ID!, $v: Int!, $a: OrderAction!) {"
        f' orderAct(id: $id, version: $v, action: $a, reason: "because") {{ {PLAIN} }} }}'
    )
    return document, {"id": order_id, "v": found["order"]["version"], "a": action}
