"""What might be done next: mostly something that is possible, now and then anything at all."""

from collections.abc import Callable, Iterable
from random import Random
from typing import Final

from tests.support.model.commands import Command
from tests.support.model.editing import Edit
from tests.support.model.fulfilling import NEXT, Follow, Label, Ship, loose
from tests.support.model.ordering import ACTS, Act, LineInput, Note, Place
from tests.support.model.paper import INSIDE, LEFT, Order, Paper
from tests.support.model.parts import MILLION, Line
from tests.support.model.passing import Credit, Pass, Sweep, TellDelays
from tests.support.model.paying import FOLLOWS, Pay, taken_by
from tests.support.model.previewing import Preview
from tests.support.model.returning import Announce, Receive, returnable
from tests.support.model.stocking import Change, Correct, Expect, KeepBack, Transfer
from tests.support.model.terms import Assign, Extend, Name

FEW: Final = {"CUP": 4, "POT": 6, "TEA": 9, "RUG": 3}
"""What is usually ordered of a product, at most."""


class Draw:
    """Draws a command that suits what is on paper."""

    def __init__(self, paper: Paper, dice: Random) -> None:
        self.paper = paper
        self.dice = dice

    def command(self) -> Command:
        return self.dice.choice(DRAWS)(self) or self.place()

    def seldom(self, one_in: int = 12) -> bool:
        return self.dice.randint(1, one_in) == one_in

    def order(self, suits: Callable[[Order], bool]) -> Order | None:
        """An order that suits, if there is one; seldom any."""
        orders = list(self.paper.orders.values())
        some = orders if self.seldom(16) else [each for each in orders if suits(each)]
        # Young ones above all: nothing happens to most orders after some time.
        return self.dice.choice(some[-12:]) if some else None

    def line(self, order: Order, suits: Callable[[Line], bool]) -> Line:
        some = [line for line in order.lines if suits(line)]
        return self.dice.choice(some or order.lines)

    def units(self, most: int) -> int:
        """1 to so many; seldom more, or none."""
        if self.seldom(20):
            return self.dice.choice([0, most + 1])
        return self.dice.randint(1, max(1, most))

    def amount(self, most: int) -> int:
        """All of it, or a part; seldom more."""
        if self.seldom(6):
            return most + 1
        return most if self.dice.randint(0, 1) else self.dice.randint(1, max(1, most))

    def sku(self) -> str:
        return self.dice.choice(list(self.paper.products))

    def warehouse(self) -> str:
        return self.dice.choice(self.paper.warehouses)

    def line_input(self) -> LineInput:
        sku = self.sku()
        price = self.dice.randint(0, 2_000) if self.seldom(5) else None
        discount = self.dice.choice([0, 5_000, 125_000, MILLION]) if self.seldom(5) else None
        if self.seldom(60):
            return self.dice.choice(
                [LineInput("PAN", 1), LineInput(sku, 0), LineInput(sku, 1, discount=-1)]
            )
        return LineInput(sku, self.dice.randint(1, FEW[sku]), price, discount)

    def place(self, hold_hours: int | None = None) -> Command:
        lines = tuple(self.line_input() for _ in range(self.dice.choice([1, 1, 2, 2, 3])))
        shipping = self.dice.choice([0, 0, 490, 333])
        days = self.dice.randint(0, 6) if self.seldom(3) else None
        customer = self.dice.choice(list(self.paper.customers))
        freight_rate = (
            self.dice.choice([0, 70_000, 190_000]) if shipping and self.seldom(4) else None
        )
        return Place(customer, lines, shipping, days, hold_hours, freight_rate)

    def draft(self) -> Command:
        return self.place(self.dice.choice([0, 2, 24, 48]))

    def act(self, action: str) -> Command | None:
        def suits(order: Order) -> bool:
            if action == "COMPLETE":
                return True  # which nobody can: orders complete by themselves
            return action in ACTS[order.status] and {
                "PREPARE": any(order.loose(hold) > 0 for hold in order.holds),
                "SHIP": bool(order.holds),
                "CANCEL": any(order.inside(line) for line in order.lines),
            }.get(action, True)

        order = self.order(suits)
        if order is None:
            return None
        units = None
        if action == "CANCEL" and not self.seldom(4):
            line = self.line(order, lambda each: order.inside(each) > 0)
            units = ((line.number, self.units(order.inside(line))),)
        return Act(order.number, action, units, stale=self.seldom(40))

    def preview(self) -> Command | None:
        edit = self.edit()
        return Preview(edit) if edit else None

    def edit(self) -> Edit | None:
        order = self.order(
            lambda each: "EDIT" in ACTS[each.status] and any(map(each.inside, each.lines))
        )
        if order is None:
            return None
        line_inputs = [
            line_input for line in order.lines for line_input in self.edited(order, line)
        ]
        if self.seldom(3):
            line_inputs.insert(self.dice.randint(0, len(line_inputs)), self.line_input())
        shipping = self.dice.choice([0, 490, 777]) if self.seldom(4) else None
        stale = self.seldom(40)
        freight_rate = self.dice.choice([0, 190_000]) if self.seldom(8) else None
        return Edit(
            order.number, tuple(line_inputs) or (self.line_input(),), shipping, stale, freight_rate
        )

    def edited(self, order: Order, line: Line) -> Iterable[LineInput]:
        """A line as it might be wished for; nothing where it is left out."""
        gone = order.shipped(line.number)
        least = gone + order.packed(line.number) + line.cancelled
        if gone + order.packed(line.number) == 0 and self.seldom(6):
            return
        quantity = line.quantity
        if self.seldom(2):
            quantity = max(1, least + self.dice.randint(-1 if self.seldom() else 0, 4))
        price = discount = None
        if self.seldom(5) and (not gone or self.seldom(6)):
            price = self.dice.randint(0, 2_000)
        if self.seldom(8) and not gone:
            discount = self.dice.choice([0, 125_000, 333_333])
        yield LineInput(line.product.sku, quantity, price, discount, line.number)

    def note(self) -> Command | None:
        order = self.order(lambda _: True)
        return Note(order.number) if order else None

    def assign(self) -> Command | None:
        order = self.order(lambda each: each.status == "DRAFT")
        if order is None:
            return None
        customer = self.dice.choice(list(self.paper.customers))
        return Assign(order.number, customer, stale=self.seldom(40))

    def extend(self) -> Command | None:
        order = self.order(lambda each: each.status == "DRAFT")
        if order is None:
            return None
        hours = -1 if self.seldom() else self.dice.choice([0, 2, 24, 48])
        return Extend(order.number, hours, stale=self.seldom(40))

    def name(self) -> Command | None:
        order = self.order(lambda _: True)
        if order is None:
            return None
        known = [each.key for each in self.paper.orders.values() if each.key]
        key = (
            self.dice.choice(known)
            if known and self.seldom(3)
            else f"K-{order.version}-{order.number}"
        )
        return Name(order.number, key, stale=self.seldom(40))

    def ship(self) -> Command | None:
        def suits(order: Order) -> bool:
            return order.status == "CONFIRMED" and any(
                order.loose(each) > 0 for each in order.holds
            )

        order = self.order(suits)
        if order is None:
            return None
        from_there = [each for each in self.paper.warehouses if loose(order, each)]
        warehouse = self.dice.choice(from_there) if from_there else self.warehouse()
        units = None
        if promised := loose(order, warehouse):
            some = self.dice.sample(sorted(promised), self.dice.randint(1, len(promised)))
            units = tuple((line, self.units(promised[line])) for line in some)
        stale = self.seldom(40)
        parcels = self.dice.choice([0, 0, 1, 2])
        return Ship(order.number, warehouse, units if self.seldom(2) else None, parcels, stale)

    def follow(self) -> Command | None:
        def moves(order: Order) -> list[tuple[int, str]]:
            return [
                (each.number, status)
                for each in order.shipments
                for status in NEXT[each.status].split()
                if order.status == "CONFIRMED" or status not in LEFT or each.status not in INSIDE
            ]

        order = self.order(lambda each: any(status != "EXCEPTION" for _, status in moves(each)))
        if order is None or not order.shipments:
            return None
        hours = self.dice.choice([1, 5, 30]) if self.seldom(5) else 0
        if self.seldom(10) or not moves(order):
            shipment = self.dice.choice(order.shipments)
            status = self.dice.choice(list(NEXT))
            return Follow(order.number, shipment.number, status, hours=hours)
        number, status = self.dice.choice(moves(order))
        parcels = len(order.shipments[number - 1].parcels)
        parcel = self.dice.randint(0, parcels - 1) if parcels and self.seldom(2) else None
        return Follow(order.number, number, status, parcel, hours)

    def label(self) -> Command | None:
        order = self.order(lambda each: bool(each.shipments))
        if order is None or not order.shipments:
            return None
        shipment = self.dice.choice(order.shipments)
        parcels = len(shipment.parcels)
        parcel = self.dice.randint(0, parcels - 1) if parcels and self.dice.randint(0, 3) else None
        if parcel is None and parcels > 2:
            return None
        carrier = self.dice.choice([None, "", "Post", "Ship"])
        number = self.dice.choice([None, "", "0034", "0035"])
        return Label(order.number, shipment.number, parcel, carrier, number)

    def pay(self, kind: str) -> Command | None:
        earlier = FOLLOWS.get(kind)

        def suits(order: Order) -> bool:
            most = {"REFUND": order.paid, "VOID": order.authorized}.get(kind, order.total)
            return order.status in taken_by(kind, captures=False) and most > 0

        order = self.order(suits)
        if order is None:
            return None
        most = {"REFUND": order.paid, "VOID": order.authorized}
        amount = self.amount(max(1, most.get(kind, order.total - order.paid)))
        named = [each for each in order.payments if each.kind == earlier and order.left_of(each)]
        if kind == "CHARGE" and not order.authorized:
            named = []
        if self.seldom(30):
            named = order.payments
        if not named or self.dice.randint(0, 1):
            return Pay(order.number, kind, amount)
        follows = self.dice.choice(named)
        left = min(order.left_of(follows), amount if self.seldom() else order.left_of(follows))
        if kind == "REFUND":
            left = min(left, order.paid)
        elif kind in FOLLOWS:
            left = min(left, order.authorized)
        return Pay(order.number, kind, self.amount(max(1, left)), follows.number)

    def announce(self) -> Command | None:
        def back(order: Order) -> list[Line]:
            return [line for line in order.lines if returnable(order, line.number) > 0]

        order = self.order(
            lambda each: each.status in ("CONFIRMED", "ON_HOLD", "COMPLETED") and bool(back(each))
        )
        if order is None:
            return None
        some = back(order) or order.lines
        lines = self.dice.sample(some, self.dice.randint(1, len(some)))
        units = tuple((each.number, self.units(returnable(order, each.number))) for each in lines)
        return Announce(order.number, units)

    def receive(self) -> Command | None:
        order = self.order(lambda each: any(one.status != "RECEIVED" for one in each.returns))
        if order is None or not order.returns:
            return None
        request = self.dice.choice(
            [each for each in order.returns if each.status != "RECEIVED"] or order.returns
        )
        units = []
        for line, each in request.lines.items():
            left = each.announced - each.received
            kinds = ("RESTOCK", "RESTOCK", "QUARANTINE", "SCRAP")
            if left > 1 and self.seldom(3):
                units += [
                    (line, 1, self.dice.choice(kinds)),
                    (line, left - 1, self.dice.choice(kinds)),
                ]
            elif left or self.seldom():
                units.append((line, self.units(left), self.dice.choice(kinds)))
        if not units:
            return None
        warehouse = self.warehouse() if self.seldom(4) else None
        return Receive(order.number, request.number, tuple(units), self.seldom(40), warehouse)

    def receipt(self) -> Command:
        """Goods that arrive; above all of what somebody waits for."""
        waiting = [sku for sku in self.paper.products if any(self.paper.waiting(sku))]
        sku = self.dice.choice(waiting) if waiting and self.seldom(2) else self.sku()
        return Correct((Change(sku, self.warehouse(), delta=self.dice.randint(1, 3 * FEW[sku])),))

    def change(self) -> Change | None:
        places = [each for each, item in self.paper.stock.items() if item.on_hand]
        if not places:
            return None
        sku, warehouse = self.dice.choice(places)
        item = self.paper.stock[sku, warehouse]
        place = (sku, warehouse)
        least = max(0, item.on_hand - 3)
        return self.dice.choice(
            [
                Change(*place, delta=-self.units(min(6, item.on_hand))),
                Change(*place, set_to=self.dice.randint(0, 9), seen=item.on_hand - self.seldom()),
                Change(*place, "COUNT", set_to=self.dice.randint(least, least + 5)),
                Change(*place, "DAMAGE", self.units(min(4, item.on_hand - item.damaged))),
                Change(*place, "DAMAGE", -self.units(item.damaged)),
                Change(*place, "SCRAP", -self.units(item.damaged)),
            ]
        )

    def correct(self) -> Command | None:
        changes = [self.change(), self.change() if self.seldom(4) else None]
        found = tuple(each for each in changes if each and each.delta != 0)
        return Correct(found) if found else None

    def transfer(self) -> Command | None:
        def left(sku: str, warehouse: str) -> int:
            item = self.paper.stock[sku, warehouse]
            return item.on_hand - item.damaged - self.paper.reserved(sku, warehouse)

        places = [each for each in self.paper.stock if left(*each) > 0]
        if not places:
            return None
        sku, start = self.dice.choice(places)
        return Transfer(sku, self.units(left(sku, start)), start, self.warehouse())

    def keep_back(self) -> Command | None:
        places = list(self.paper.stock)
        return KeepBack(*self.dice.choice(places), self.dice.randint(0, 3)) if places else None

    def expect(self) -> Command | None:
        places = [each for each in self.paper.stock if each[0] == "RUG"]
        return Expect(*self.dice.choice(places), self.dice.randint(0, 12)) if places else None

    def credit(self) -> Command:
        customer = self.dice.choice(list(self.paper.customers))
        owed = self.paper.owed(customer)
        limit = self.dice.choice([None, owed + 2_000, owed + 9_000, 5_000])
        return Credit(customer, limit, blocked=self.seldom(6), stale=self.seldom(40))

    def passing(self) -> Command:
        return Pass(self.dice.choice([1, 6, 24, 60]))

    def sweep(self) -> Command:
        return Sweep()

    def delays(self) -> Command:
        return TellDelays()


DRAWS: Final[tuple[Callable[[Draw], Command | None], ...]] = (
    # The simplest step comes first: what a failure does without becomes that.
    *[Draw.passing] * 3,
    *[Draw.place] * 9,
    *[Draw.receipt] * 9,
    *[Draw.draft] * 5,
    *[lambda draw: draw.act("SUBMIT")] * 4,
    *[lambda draw: draw.act("APPROVE")] * 3,
    *[lambda draw: draw.act("HOLD")] * 3,
    *[lambda draw: draw.act("RELEASE")] * 3,
    *[lambda draw: draw.act("PREPARE")] * 3,
    *[lambda draw: draw.act("SHIP")] * 4,
    *[lambda draw: draw.act("CANCEL")] * 5,
    *[lambda draw: draw.act("COMPLETE")] * 1,
    *[Draw.edit] * 6,
    *[Draw.preview] * 3,
    *[Draw.assign] * 2,
    *[Draw.extend] * 2,
    *[Draw.name] * 2,
    *[Draw.ship] * 5,
    *[Draw.follow] * 10,
    *[Draw.label] * 2,
    *[lambda draw: draw.pay("AUTHORIZATION")] * 3,
    *[lambda draw: draw.pay("CHARGE")] * 6,
    *[lambda draw: draw.pay("VOID")] * 3,
    *[lambda draw: draw.pay("REFUND")] * 3,
    *[Draw.announce] * 4,
    *[Draw.receive] * 4,
    *[Draw.correct] * 6,
    *[Draw.transfer] * 2,
    *[Draw.keep_back] * 2,
    *[Draw.expect] * 2,
    *[Draw.credit] * 2,
    *[Draw.sweep] * 2,
    *[Draw.delays] * 2,
    *[Draw.note] * 2,
)
