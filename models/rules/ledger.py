"""Double entry: which accounts an invoice or a payment touches, and by how much."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

METHOD: Final = "{method}"
CASH: Final = "cash"
FIXED: Final = ("receivables", "revenue", "shipping", "tax")


class DocumentKind(StrEnum):
    """What is booked, in the order in which documents of one instant are."""

    INVOICE = "INVOICE"
    CHARGE = "CHARGE"
    REFUND = "REFUND"


class Posting(NamedTuple):
    """An amount on an account, in minor units: a debit above zero, a credit below."""

    account: str
    minor: int


class BadAccounts(ValueError):
    """Accounts that cannot be used, or that nobody can mean."""


@dataclass(frozen=True)
class Accounts:
    """The names of the accounts. `{method}` in `cash` stands for how somebody paid.

    `methods` has accounts of their own for some methods.
    """

    receivables: str = "receivables"
    revenue: str = "revenue"
    shipping: str = "shipping"
    tax: str = "tax"
    cash: str = f"cash:{METHOD}"
    methods: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "Accounts":
        """The accounts that texts such as `revenue=8400` or `cash:card=1360` name.

        Raises:
            BadAccounts: a text that is none, an unknown name, one that is named twice, an account
                without a name.
        """
        names: dict[str, str] = {}
        methods: dict[str, str] = {}
        for text in texts:
            name, _, account = (part.strip() for part in text.partition("="))
            kind, _, method = (part.strip() for part in name.partition(":"))
            named, key = (methods, method) if kind == CASH and method else (names, name)
            if named is names and name not in (*FIXED, CASH):
                known = ", ".join((*FIXED, CASH))
                raise BadAccounts(f"{text}: known are {known} and cash:METHOD, as in revenue=8400")
            if not account or key in named:
                raise BadAccounts(f"{text}: each is given one account, as in revenue=8400")
            named[key] = account
        return cls(**names, methods=methods)

    def of_method(self, method: str) -> str:
        """Where money lies that was paid by a method."""
        return self.methods.get(method) or self.cash.replace(METHOD, method)


def invoice_postings(
    accounts: Accounts, net_minor: int, tax_minor: int, shipping_net_minor: int
) -> list[Posting]:
    """What an invoice books: the customer owes it; goods, shipping and tax are apart.

    `shipping_net_minor` is the part of the net amount that is shipping.
    """
    return _known(
        Posting(accounts.receivables, net_minor + tax_minor),
        Posting(accounts.revenue, shipping_net_minor - net_minor),
        Posting(accounts.shipping, -shipping_net_minor),
        Posting(accounts.tax, -tax_minor),
    )


def charge_postings(accounts: Accounts, method: str, amount_minor: int) -> list[Posting]:
    """What money that came books: the customer owes that much less."""
    return _known(
        Posting(accounts.of_method(method), amount_minor),
        Posting(accounts.receivables, -amount_minor),
    )


def refund_postings(accounts: Accounts, method: str, amount_minor: int) -> list[Posting]:
    """What money that went back books: the opposite of a charge."""
    return _known(
        Posting(accounts.receivables, amount_minor),
        Posting(accounts.of_method(method), -amount_minor),
    )


def _known(*postings: Posting) -> list[Posting]:
    """Those that come to something."""
    return [posting for posting in postings if posting.minor]
