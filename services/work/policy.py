"""The operator's policy of business. Set once when the process starts."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from models.rules.delays import USUAL, Deadlines
from models.rules.freight import GOODS
from models.rules.ledger import Accounts
from models.rules.money import Rounding
from models.rules.numbering import NumberKind, Pattern


@dataclass(frozen=True)
class Policy:
    """Currency, rounding and taxes, time zone, number patterns, deadlines, limits."""

    currency: str = "EUR"
    rounding: Rounding = Rounding.HALF_UP
    freight_tax: str = GOODS
    time_zone: str = "UTC"
    order_number_pattern: str = "SO-{channel}-{yyyy}{mm}-{seq:6}"
    shipment_number_pattern: str = "{order}-{seq:1}"
    return_number_pattern: str = "{order}-R{seq:1}"
    invoice_number_pattern: str = "INV-{yyyy}-{seq:6}"
    deadlines: Deadlines = field(default_factory=lambda: USUAL)
    accounts: Accounts = field(default_factory=Accounts)
    max_order_lines: int = 2_000
    max_addresses: int = 50
    max_parcels: int = 100

    def number_pattern(self, kind: NumberKind) -> Pattern:
        """The number pattern of a kind."""
        texts = {
            NumberKind.ORDER: self.order_number_pattern,
            NumberKind.SHIPMENT: self.shipment_number_pattern,
            NumberKind.RETURN: self.return_number_pattern,
            NumberKind.INVOICE: self.invoice_number_pattern,
        }
        return Pattern.of(kind, texts[kind])

    def local(self, instant: datetime) -> datetime:
        """The instant in the business's time zone."""
        return instant.astimezone(ZoneInfo(self.time_zone))

    def beginning_of(self, day: date) -> datetime:
        """The first instant of a day of the business, in UTC."""
        return datetime.combine(day, time(), ZoneInfo(self.time_zone)).astimezone(UTC)


_policy = Policy()


def current() -> Policy:
    """The policy of this process."""
    return _policy


def use(policy: Policy) -> None:
    """Sets the policy of this process."""
    global _policy  # noqa: PLW0603 - set once, when the process starts
    _policy = policy
