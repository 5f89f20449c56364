"""Double entry: the accounts and amounts of invoices and payments."""

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final, NamedTuple, TypeVar

Key = TypeVar("Key")

METHOD: Final = "{method}"
CASH: Final = "cash"
ONE: Final = "each is given one account, as in revenue=8400"
FIXED: Final = ("receivables", "revenue", "shipping", "tax")
TAXED: Final = ("revenue", "shipping", "tax")
"""Kinds of accounts that may differ by tax rate."""


class DocumentKind(StrEnum):
    """The kind of a document, in the order in which documents of one instant are booked."""

    INVOICE = "INVOICE"
    CHARGE = "CHARGE"
    REFUND = "REFUND"


class Posting(NamedTuple):
    """An amount on an account, in minor units: a debit above zero, a credit below."""

    account: str
    minor: int


class BilledRate(NamedTuple):
    """An invoice's amounts at a tax rate, in minor units: goods and shipping net, and the tax.

    Without a rate it is unknown which rates they bear.
    """

    rate: Decimal | None
    goods_minor: int
    shipping_minor: int
    tax_minor: int


class BadAccounts(ValueError):
    """Unusable or contradictory accounts."""


@dataclass(frozen=True)
class Accounts:
    """The names of the accounts. `{method}` in `cash` stands for the payment method.

    `methods` has accounts for single methods, `rates` for single tax rates.
    """

    receivables: str = "receivables"
    revenue: str = "revenue"
    shipping: str = "shipping"
    tax: str = "tax"
    cash: str = f"cash:{METHOD}"
    methods: Mapping[str, str] = field(default_factory=dict)
    rates: Mapping[tuple[str, Decimal], str] = field(default_factory=dict)

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "Accounts":
        """The accounts of texts such as `revenue=8400`, `tax:0.19=1776`, `cash:card=1360`.

        Raises:
            BadAccounts: a text of another form, an unknown name, a repeated name, or an account
                without a name.
        """
        names: dict[str, str] = {}
        methods: dict[str, str] = {}
        rates: dict[tuple[str, Decimal], str] = {}
        for text in texts:
            name, _, account = (part.strip() for part in text.partition("="))
            kind, _, method = (part.strip() for part in name.partition(":"))
            if not account:
                raise BadAccounts(f"{text}: {ONE}")
            if kind in TAXED and method and (rate := _rate(method)) is not None:
                _name(rates, (kind, rate), account, text)
            elif kind == CASH and method:
                _name(methods, method, account, text)
            elif name in (*FIXED, CASH):
                _name(names, name, account, text)
            else:
                known = ", ".join((*FIXED, CASH))
                more = "cash:METHOD and tax:RATE, as in revenue=8400"
                raise BadAccounts(f"{text}: known are {known}, {more}")
        return cls(**names, methods=methods, rates=rates)

    def of_method(self, method: str) -> str:
        """The account of money that was paid by a method."""
        return self.methods.get(method) or self.cash.replace(METHOD, method)

    def of_rate(self, kind: str, rate: Decimal | None) -> str:
        """The account of revenue, shipping or tax at a tax rate."""
        usual: str = getattr(self, kind)
        return usual if rate is None else self.rates.get((kind, rate), usual)


def invoice_postings(accounts: Accounts, billed: Sequence[BilledRate]) -> list[Posting]:
    """The postings of an invoice: the customer is debited; goods, shipping and tax are credited.

    Tax rates with accounts of their own are booked there. Each account occurs once.
    """
    owed = sum(each.goods_minor + each.shipping_minor + each.tax_minor for each in billed)
    sums = {accounts.receivables: owed}
    for kind, column in zip(TAXED, BilledRate._fields[1:], strict=True):
        for each in billed:
            account = accounts.of_rate(kind, each.rate)
            sums[account] = sums.get(account, 0) - getattr(each, column)
    return _known(*(Posting(account, minor) for account, minor in sums.items()))


def charge_postings(accounts: Accounts, method: str, amount_minor: int) -> list[Posting]:
    """The postings of a charge: the customer owes less."""
    return _known(
        Posting(accounts.of_method(method), amount_minor),
        Posting(accounts.receivables, -amount_minor),
    )


def refund_postings(accounts: Accounts, method: str, amount_minor: int) -> list[Posting]:
    """The postings of a refund: the opposite of a charge."""
    return _known(
        Posting(accounts.receivables, amount_minor),
        Posting(accounts.of_method(method), -amount_minor),
    )


def _known(*postings: Posting) -> list[Posting]:
    """The postings that are not zero."""
    return [posting for posting in postings if posting.minor]


def _rate(text: str) -> Decimal | None:
    """The tax rate in a text, or None if it is none."""
    try:
        rate = Decimal(text)
    except InvalidOperation:
        return None
    return rate if rate.is_finite() and 0 <= rate <= 1 else None


def _name(named: MutableMapping[Key, str], key: Key, account: str, text: str) -> None:
    if key in named:
        raise BadAccounts(f"{text}: {ONE}")
    named[key] = account
