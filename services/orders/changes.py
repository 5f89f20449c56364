"""The changes of an edit, as its event has them: fields and lines with old and new values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from models.orders import Order, OrderLine

MAX_LINES: Final = 100
"""Lines in an event, so that it stays small for an order of any size."""

PARTED: Final = ("shippingAddress", "billingAddress", "attributes")
"""Fields of which only the changed parts' names are in events, to keep personal data out."""
PRIVATE: Final = (*PARTED, "note")
"""Fields of which no values are in events."""


NO_LINE: Final = {"quantity": 0, "cancelled": 0, "unitPriceMinor": None, "discountRate": None}
"""A line's values before it was added, and after it was deleted."""


@dataclass(frozen=True, slots=True)
class EventFields:
    """An order's fields and those of each line, as events have them."""

    fields: dict[str, Any]
    lines: dict[UUID, dict[str, Any]]


def event_fields(order: Order, lines: list[OrderLine], beside: Mapping[str, Any]) -> EventFields:
    """The order's present fields, with those stored beside it."""
    fields = {
        "shipping": order.shipping_net_minor,
        "shippingTaxRate": order.shipping_tax_rule,
        "shippingAddress": order.shipping_address,
        "billingAddress": order.billing_address,
        "promisedAt": order.promised_at.isoformat() if order.promised_at else None,
        "attributes": order.attributes,
        "note": order.note,
        "customerId": order.customer_id.hex,
        **beside,
    }
    return EventFields(fields, {line.id: _of_line(line) for line in lines})


def _of_line(line: OrderLine) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "quantity": line.quantity,
        "cancelled": line.cancelled,
        "unitPriceMinor": line.unit_price_minor,
        "discountRate": str(line.discount_rate.normalize()),
    }


def changes(before: EventFields, after: EventFields) -> dict[str, Any]:
    """The differences: `fields` by name, `changes` and `lines` with the old and the new value.

    `parts` names the differences within an address or the attributes. `lineCount` lines have
    changed; the first `MAX_LINES` of them are listed. A new line had 0 units and no price before, a
    deleted one has 0 units and none after.
    """
    names = sorted(name for name, was in before.fields.items() if after.fields[name] != was)
    values = {
        name: [before.fields[name], after.fields[name]] for name in names if name not in PRIVATE
    }
    parts = {
        name: _parts(before.fields[name], after.fields[name]) for name in names if name in PARTED
    }
    ids = dict.fromkeys((*before.lines, *after.lines))
    lines = [
        changed
        for line_id in ids
        if (changed := _line(line_id, before.lines.get(line_id), after.lines.get(line_id)))
    ]
    if lines:
        names.append("lines")
    return {
        "fields": names,
        "changes": values,
        "parts": parts,
        "lines": lines[:MAX_LINES],
        "lineCount": len(lines),
    }


def _parts(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[str]:
    """The names of the parts that differ; a missing part is null."""
    was, now = before or {}, after or {}
    return sorted(name for name in {*was, *now} if was.get(name) != now.get(name))


def _line(
    line_id: UUID, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """The differences in an existing, new or deleted line; None without any."""
    was, now = before or NO_LINE, after or NO_LINE
    differing = {name: [was[name], now[name]] for name in NO_LINE if now[name] != was[name]}
    if not differing:
        return None
    return {"lineId": line_id.hex, "sku": (after or was)["sku"], **differing}
