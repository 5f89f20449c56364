"""PostGraphile's answers in the form of the others', so that their values can be compared.

It speaks of tables as they are: keys, amounts in cents, and whole numbers of 64 bits as text.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from resolvers.identifiers import to_global
from resolvers.scalars import write_date_time

KINDS: Final = {
    "customers": "Customer",
    "customer": "Customer",
    "orders": "Order",
    "order": "Order",
    "product": "Product",
}
LISTS: Final = ("lines", "stock")


def common(answer: Any, kind: str = "") -> Any:
    """The answer, or a part of it that is an object of the kind, as ordergraph would give it."""
    match answer:
        case list():
            return [common(each, kind) for each in answer]
        case dict():
            found: dict[str, Any] = {}
            for key, value in answer.items():
                found.update(_field(key, value, kind))
            return found
        case _:
            return answer


def _field(key: str, value: Any, kind: str) -> dict[str, Any]:
    if key in READ:
        return READ[key](value)
    if key == "id":
        return {"id": to_global(kind, UUID(value))}
    if key == "frequentProducts":
        return {key: [_scored(**each) for each in value["nodes"]]}
    if key in LISTS:
        return {key: common(value["nodes"])}
    return {key: common(value, KINDS.get(key, kind))}


def _scored(score: float, reason: str, sku: str, name: str) -> dict[str, Any]:
    return {"score": score, "reason": reason, "product": {"sku": sku, "name": name}}


def _amount(minor: str) -> dict[str, str]:
    digits = minor.rjust(3, "0")
    return {"amount": f"{digits[:-2]}.{digits[-2:]}"}


READ: Final[dict[str, Callable[[Any], dict[str, Any]]]] = {
    "quantity": lambda text: {"quantity": int(text)},
    "onHand": lambda text: {"onHand": int(text)},
    "reserved": lambda text: {"reserved": int(text)},
    "placedAt": lambda text: {"placedAt": write_date_time(datetime.fromisoformat(text))},
    "unitPriceMinor": lambda minor: {"unitPrice": _amount(minor)},
    "totalGrossMinor": lambda minor: {"total": {"gross": _amount(minor)}},
    "lifetimeValueMinor": lambda minor: {"lifetimeValue": _amount(minor)},
}
