"""Lots and serial numbers: units named by code, and the order in which they ship."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from models.rules.catalog import TrackingPolicy
from models.rules.errors import DomainError, Path, UnusableText, duplicate, invalid, required
from models.rules.inventory import MAX_QUANTITY, MovementKind
from models.rules.text import key

MAX_CODE: Final = 64
MAX_NAMED: Final = 1_000
"""The most codes in one line of an input."""


@dataclass(frozen=True, slots=True)
class NamedUnits:
    """A quantity of one lot, or the piece with a serial number, as named in an input."""

    code: str
    quantity: int = 1
    expires_on: date | None = None

    @property
    def exact_code(self) -> str:
        """The code to store and compare, without invisible characters.

        Raises:
            UnusableText: it has unusable characters.
        """
        return key(self.code)


@dataclass(frozen=True, slots=True)
class FreeUnits:
    """The free quantity of one unit in one place, with the facts that decide when it ships."""

    key: UUID
    free: int
    expires_on: date | None
    since: datetime
    code: str
    is_expired: bool = False


def is_expired(expires_on: date | None, today: date) -> bool:
    """Whether the unit's last day of use is over."""
    return expires_on is not None and expires_on < today


def check_units(
    tracking: TrackingPolicy,
    quantity: int,
    named: Sequence[NamedUnits] | None,
    path: Path,
    *,
    needed: bool,
) -> Iterator[DomainError]:
    """The errors of the units named for a quantity, which is not negative.

    Unless `needed` they may be missing. If named, they must add up to the quantity.
    """
    path = (*path, "units")
    if tracking is TrackingPolicy.NONE:
        if named:
            yield invalid("This product has neither lots nor serial numbers.", *path)
        return
    if named is None:
        if needed and quantity:
            yield required("Which units?", *path)
        return
    if len(named) > MAX_NAMED:
        yield invalid(f"At most {MAX_NAMED} codes.", *path)
        return
    wrong = [*_check_each(tracking, named, path)]
    yield from wrong
    total = sum(each.quantity for each in named)
    if not wrong and total != quantity:
        yield invalid(f"These are {total} units, and {quantity} are meant.", *path)


def _check_each(
    tracking: TrackingPolicy, named: Sequence[NamedUnits], path: Path
) -> Iterator[DomainError]:
    seen: set[str] = set()
    for index, each in enumerate(named):
        place = (*path, str(index))
        try:
            code = each.exact_code
        except UnusableText as error:
            yield invalid(error.message, *place, "code")
            continue
        if not 1 <= len(code) <= MAX_CODE:
            yield invalid(f"A code has 1 to {MAX_CODE} characters.", *place, "code")
        elif code in seen:
            yield duplicate(f"{code} is named twice.", *place, "code")
        seen.add(code)
        if tracking is TrackingPolicy.SERIAL and each.quantity != 1:
            yield invalid("A serial number is one unit.", *place, "quantity")
        elif not 1 <= each.quantity <= MAX_QUANTITY:
            yield invalid(f"A quantity is 1 to {MAX_QUANTITY}.", *place, "quantity")


def in_shipping_order(units: Iterable[FreeUnits]) -> list[FreeUnits]:
    """The units in the order in which they ship: by expiry, then by time in stock.

    Units without expiry follow, expired ones come last: they are left out of shipments.
    """
    return sorted(
        units,
        key=lambda each: (
            each.is_expired,
            each.expires_on or date.max,
            each.since,
            each.code,
        ),
    )


def first_out(units: Iterable[FreeUnits], quantity: int) -> dict[UUID, int]:
    """The quantities to ship by unit, in order; all free ones if they are fewer than `quantity`."""
    taken: dict[UUID, int] = {}
    left = quantity
    for each in in_shipping_order(units):
        some = min(left, each.free)
        if some > 0:
            taken[each.key] = some
            left -= some
    return taken


def sold_after(sold: int, kind: MovementKind, quantity: int) -> int:
    """The quantity of a unit with customers, after a movement of a signed quantity."""
    if kind is MovementKind.SHIP:
        return sold - quantity
    if kind is MovementKind.RETURN:
        return max(0, sold - quantity)
    return sold
