"""A company's history: steps on paper and in the product, compared after each one."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from models.fulfillment import Parcel
from models.fulfillment import Return as StoredReturn
from models.fulfillment import Shipment as StoredShipment
from models.inventory import StockItem
from models.orders import Order as StoredOrder
from models.orders import OrderLine
from models.payments import Payment as StoredPayment
from models.rules.access import OPEN
from models.rules.catalog import BackorderPolicy
from models.rules.errors import Refused
from services.catalog.products import SaveProduct, save_product
from services.customers.groups import SaveCustomerGroup, save_customer_group
from services.customers.save import SaveCustomer, save_customer
from services.inventory.warehouses import SaveWarehouse, save_warehouse
from services.work import clock
from services.work.idempotency import Claim, claimed
from tests.support.model.commands import Ask, Command, Names
from tests.support.model.ordering import confirm_waiting, decimal, rate
from tests.support.model.paper import No, Paper
from tests.support.model.parts import LATER, Customer, Product
from tests.support.model.promises import serve
from tests.support.model.seeing import Difference, differences

BEGINNING: Final = datetime(2026, 3, 9, 8, tzinfo=UTC)
TICK: Final = timedelta(seconds=1)
"""What a step takes, so that no two orders are of one instant."""

WAREHOUSES: Final = ("NEAR", "MID", "FAR")
PRODUCTS: Final = (
    Product("CUP", price=1_000, per=1, tax=190_000, policy="DENY"),
    Product("POT", price=333, per=1, tax=70_000, policy="ALLOW"),
    Product("TEA", price=125, per=3, tax=55_000, policy="ALLOW"),
    Product("RUG", price=4_990, per=1, tax=0, policy="UNTIL_EXPECTED"),
)
CUSTOMERS: Final = {"ADA": Customer(), "BOB": Customer(discount=25_000), "EVE": Customer()}


class Disagreement(AssertionError):
    """The product did something else than was foreseen; the script says how to get there."""

    def __init__(self, found: Iterable[Any], script: list[str]) -> None:
        self.invariants = {each.invariant for each in found}
        outcomes = [
            f"{each.invariant} of {each.place}: {each.stored}, due: {each.due}" for each in found
        ]
        steps = [f"{number:4}  {step}" for number, step in enumerate(script, 1)]
        super().__init__("\n".join([*outcomes, "", "after these steps:", *steps]))


@dataclass(frozen=True)
class Done:
    """A step that was done under a key. `ask` asks for it again."""

    key: str
    command: Command
    ask: Ask
    answered: UUID


class History:
    """One company in the open database, and its steps so far.

    With `watched` all values are compared with the paper after each step. Without it the history is
    over at the first unforeseen outcome, and the auditor must find the consequences.
    """

    def __init__(self, *, watched: bool = True) -> None:
        self.watched = watched
        self.over = False
        self.paper = Paper(BEGINNING, WAREHOUSES)
        self.names = Names()
        self.script: list[str] = []
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.done: list[Done] = []

    async def begin(self) -> None:
        """Warehouses, customers and products; nothing lies there yet."""
        with clock.frozen(self.paper.now):
            for priority, code in enumerate(WAREHOUSES):
                warehouse = SaveWarehouse(code=code, name=code.title(), priority=priority)
                self.names.learn((await save_warehouse(OPEN, warehouse)).id, "warehouse", code)
            for code, customer in CUSTOMERS.items():
                await self._begin_customer(code, customer)
            for product in PRODUCTS:
                await self._begin_product(product)

    async def _begin_customer(self, code: str, customer: Customer) -> None:
        discount = rate(customer.discount)
        group = await save_customer_group(
            OPEN, SaveCustomerGroup(name=code, discount_rate=discount)
        )
        made = await save_customer(
            OPEN, SaveCustomer(code=code, name=code.title(), group_id=group.id)
        )
        self.names.learn(made.id, "customer", code)
        self.paper.customers[code] = replace(customer)

    async def _begin_product(self, product: Product) -> None:
        await save_product(
            OPEN,
            SaveProduct(
                sku=product.sku,
                name=product.sku.title(),
                price=decimal(product.price),
                price_quantity=product.per,
                currency="EUR",
                tax_rate=rate(product.tax),
                backorder=BackorderPolicy(product.policy),
            ),
        )
        self.paper.products[product.sku] = product

    async def do(self, command: Command, *, keyed: bool = False) -> None:
        """Do it on paper and by the product; with `keyed`, so that it can be asked for again.

        Raises:
            Disagreement: the product did something else than was foreseen.
        """
        if self.over:
            return
        self.paper.now += TICK
        after = self.paper.copy()
        ask = command.ask(after, self.names)
        refused: list[str] = []
        due: Any = None
        try:
            due = command.foresee(after)
            serve(after, after.products)
            confirm_waiting(after)
        except No as no:
            refused = no.codes
        key = f"step-{len(self.script) + 1}"
        claim = _claim(key, repr(command)) if keyed else None
        answer = await self._ask(command, ask, claim, refused)
        if refused or self.over:
            return
        before, self.paper = self.paper.orders, after
        await self._learn(answer)
        if keyed and isinstance(answer, StoredOrder):
            self.done.append(Done(key, command, ask, answer.id))
        changed = {number for number, order in after.orders.items() if order != before.get(number)}
        await self._look(changed, answer, due)

    async def again(self, done: Done, *, changed: bool = False) -> None:
        """Ask again for what was done under a key: it is answered, and nothing is done.

        What has `changed` since is refused.
        """
        if self.over:
            return
        self.paper.now += TICK
        claim = _claim(done.key, "something else" if changed else repr(done.command))
        refused = ["KEY_REUSED"] if changed else []
        answer = await self._ask(f"again({done.key})", done.ask, claim, refused)
        if refused or self.over:
            return
        if (answer.id, claim.replayed) != (done.answered, True):
            self._part([Difference("again", done.key, answer.id, done.answered)])
        await self._look(None, answer)

    async def _ask(
        self, command: Command | str, ask: Ask, claim: Claim | None, refused: list[str]
    ) -> Any:
        """What the product answers, if it does and refuses as was foreseen."""
        answer, codes = None, []
        with clock.frozen(self.paper.now), claimed(claim):
            try:
                answer = await ask()
            except Refused as refusal:
                codes = sorted(error.code.value for error in refusal.errors)
            except Exception as error:  # noqa: BLE001 - whatever it is, its script is printed
                codes = [repr(error)]
        outcome = ", ".join(codes)
        self.script.append(f"{command}  # {outcome or 'done'}")
        self.outcomes[kind(command), outcome] += 1
        if codes != refused:
            self._part([Difference(f"outcome.{kind(command)}", str(command), codes, refused)])
        elif codes:
            await self._look(None)
        return answer

    async def _learn(self, answer: Any) -> None:
        """Learn the ids of what the step has made."""
        if isinstance(answer, StoredOrder):
            if not self.names.knows(answer.id):
                self.names.learn(answer.id, "order", len(self.paper.orders))
            number = self._number(answer)
            lines = OrderLine.filter(order_id=answer.id)
            for key, position in await lines.values_list("id", "position"):
                self.names.learn(key, "line", number, position)
            for part, table in PARTS.items():
                keys: Any = table.filter(order_id=answer.id).order_by("id")
                for count, key in enumerate(await keys.values_list("id", flat=True), 1):
                    self.names.learn(key, part, number, count)
            parcels = Parcel.filter(shipment__order_id=answer.id)
            for key, shipment, position in await parcels.values_list(
                "id", "shipment_id", "position"
            ):
                self.names.learn(key, "parcel", *self.names.name(shipment)[1:], position)
        if any(item.rank == LATER for item in self.paper.stock.values()):
            rows = await StockItem.all().values_list("id", "product__sku", "warehouse__code")
            for key, sku, warehouse in rows:
                self.names.learn(key, "stock", sku, warehouse)
                self.paper.item(sku, warehouse).rank = key.hex

    async def look(self) -> None:
        """Compare all that is there with the paper."""
        await self._look(None)

    async def _look(
        self, changed: Collection[int] | None, answer: Any = None, due: Any = None
    ) -> None:
        """Compare what has changed with the paper, or all, and the answer with what is there."""
        if not self.watched or self.over:
            return
        found = await differences(self.paper, self.names, changed)
        if due is not None and answer != due:
            found.append(Difference("answer", self.script[-1], answer, due))
        if isinstance(answer, StoredOrder):
            number = self._number(answer)
            version = self.paper.orders[number].version
            if answer.version != version:
                place = f"order {number}"
                found.append(Difference("answer.version", place, answer.version, version))
        if found:
            self._part(found)

    def _number(self, order: StoredOrder) -> int:
        _, number = self.names.name(order.id)
        assert isinstance(number, int)
        return number

    def _part(self, found: list[Difference]) -> None:
        self.over = True
        if self.watched:
            raise Disagreement(found, self.script)


PARTS: Final = {"shipment": StoredShipment, "payment": StoredPayment, "return": StoredReturn}


def _claim(key: str, input_: str) -> Claim:
    return Claim("open", key, "history", sha256(input_.encode()).hexdigest())


def kind(command: Command | str) -> str:
    """What is counted together: an order's action, a payment's kind, or the command's own."""
    if isinstance(command, str):
        return command.partition("(")[0]
    for name in ("action", "kind"):
        if hasattr(command, name):
            return str(getattr(command, name))
    return type(command).__name__
