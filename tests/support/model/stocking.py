"""Stock: corrected, counted, damaged, scrapped, moved, kept back."""

from dataclasses import dataclass
from uuid import UUID

from models.inventory import StockItem
from models.rules.access import OPEN
from models.rules.inventory import StockChangeKind
from services.aggregates.stock import KEPT, set_derived
from services.inventory.adjust import ChangeStock, adjust_stock
from services.inventory.reorder import SetReorderRule, set_reorder_rule
from services.inventory.transfer import TransferStock, transfer_stock
from tests.support.model.commands import Ask, Names, Written
from tests.support.model.paper import No, Paper
from tests.support.model.promises import take_promises


@dataclass(frozen=True, repr=False)
class Change(Written):
    """A correction of a stock item: by `delta`, or to `set_to` where one saw `seen`."""

    sku: str
    warehouse: str
    kind: str = "ADJUST"
    delta: int | None = None
    set_to: int | None = None
    seen: int | None = None

    def apply(self, paper: Paper) -> None:
        item = paper.item(self.sku, self.warehouse)
        if self.seen is not None and self.seen != item.on_hand:
            raise No("VERSION_CONFLICT")
        delta = self.delta if self.set_to is None else self.set_to - item.on_hand
        assert delta is not None
        if delta == 0 and self.kind != "COUNT":
            raise No("INVALID")
        on_hand = item.on_hand + (0 if self.kind == "DAMAGE" else delta)
        damaged = item.damaged + (delta if self.kind in ("DAMAGE", "SCRAP") else 0)
        if not 0 <= damaged <= on_hand:
            raise No("INVALID")
        promised = paper.reserved(self.sku, self.warehouse)
        take_promises(paper, self.sku, self.warehouse, promised + damaged - on_hand)
        item.on_hand, item.damaged = on_hand, damaged


@dataclass(frozen=True, repr=False)
class Correct(Written):
    """Corrections of several stock items: all or none."""

    changes: tuple[Change, ...]

    def foresee(self, paper: Paper) -> None:
        def rank(change: Change) -> str:
            return paper.item(change.sku, change.warehouse).rank

        for change in sorted(self.changes, key=rank):
            change.apply(paper)

    def ask(self, paper: Paper, names: Names) -> Ask:
        changes = tuple(
            ChangeStock(
                change.sku,
                names.of("warehouse", change.warehouse),
                "counted",
                StockChangeKind(change.kind),
                change.delta,
                change.set_to,
                change.seen,
            )
            for change in self.changes
        )
        return lambda: adjust_stock(OPEN, changes)


@dataclass(frozen=True, repr=False)
class Transfer(Written):
    """Units that go from one warehouse to another."""

    sku: str
    units: int
    start: str
    end: str

    def foresee(self, paper: Paper) -> None:
        if self.start == self.end or self.units < 1:
            raise No("INVALID")
        start, end = paper.item(self.sku, self.start), paper.item(self.sku, self.end)
        if start.on_hand - paper.reserved(self.sku, self.start) - start.damaged < self.units:
            raise No("INSUFFICIENT_STOCK")
        start.on_hand -= self.units
        end.on_hand += self.units

    def ask(self, paper: Paper, names: Names) -> Ask:
        start, end = names.of("warehouse", self.start), names.of("warehouse", self.end)
        command = TransferStock(start, end, ((self.sku, self.units),))
        return lambda: transfer_stock(OPEN, command)


@dataclass(frozen=True, repr=False)
class KeepBack(Written):
    """How much of a stock item is not promised to anybody."""

    sku: str
    warehouse: str
    units: int

    def foresee(self, paper: Paper) -> None:
        if self.units < 0:
            raise No("INVALID")
        paper.item(self.sku, self.warehouse).safety = self.units

    def ask(self, paper: Paper, names: Names) -> Ask:
        key = names.of("stock", self.sku, self.warehouse)
        command = SetReorderRule(key, 0, 0, self.units)
        return lambda: set_reorder_rule(OPEN, command)


@dataclass(frozen=True, repr=False)
class Expect(Written):
    """So many units are on their way. Imports say so; there is no use case for it yet."""

    sku: str
    warehouse: str
    units: int

    def foresee(self, paper: Paper) -> None:
        paper.item(self.sku, self.warehouse).incoming = self.units

    def ask(self, paper: Paper, names: Names) -> Ask:
        key = names.of("stock", self.sku, self.warehouse)
        return lambda: _expect(key, self.units)


async def _expect(key: UUID, units: int) -> None:
    item = await StockItem.get(id=key)
    item.incoming = units
    set_derived(item)
    await item.save(update_fields=["incoming", *KEPT])
