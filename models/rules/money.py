"""Amounts of money: integers in the currency's smallest unit, decimals at the API."""

from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import Final, NamedTuple

MAX_MINOR: Final = 2**53
"""The largest amount, far below what a BIGINT and a sum over a day's documents can hold."""

COMPARABLE_DECIMALS: Final = 4
MAX_COMPARABLE: Final = 2**63 - 1
"""The maximum of a BIGINT."""

# ISO 4217: the active codes by the number of their decimals.
_DECIMALS: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
    2: """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD
    CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL
    GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR
    LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD
    PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC
    SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW
    ZWG
    """,
}
CODES_BY_EXPONENT: Final = {decimals: codes.split() for decimals, codes in _DECIMALS.items()}
_EXPONENTS: Final = {
    code: decimals for decimals, codes in CODES_BY_EXPONENT.items() for code in codes
}


MAX_FACTOR: Final = 10_000
"""The largest factor that makes a price with too many decimals whole."""


class FinerThanCurrency(ValueError):
    """An amount with more decimals than its currency."""


class UnknownCurrency(ValueError):
    """No active ISO 4217 code."""


def exponent(code: str) -> int:
    """The number of decimals of the currency's amounts.

    Raises:
        UnknownCurrency: the code is not one of ISO 4217.
    """
    try:
        return _EXPONENTS[code]
    except KeyError:
        raise UnknownCurrency(code) from None


def to_minor(amount: Decimal, currency: str) -> int:
    """The amount in the currency's smallest unit: 12.50 EUR is 1250.

    Raises:
        UnknownCurrency: the currency is none.
        FinerThanCurrency: it has more decimals.
        ValueError: no finite number, or too large.
    """
    decimals = exponent(currency)
    if not amount.is_finite():
        raise ValueError("An amount is a finite number.")
    if abs(amount) > MAX_MINOR:
        raise ValueError("The amount is too large.")
    scaled = Fraction(amount) * 10**decimals
    if scaled.denominator != 1:
        raise FinerThanCurrency(f"{currency} amounts have at most {decimals} decimals.")
    if abs(scaled) > MAX_MINOR:
        raise ValueError("The amount is too large.")
    return int(scaled)


def to_minor_exactly(amount: Decimal, currency: str) -> tuple[int, int]:
    """A price in whole minor units, and the number of units that it is for.

    4.1999 EUR for one unit is 41999 for 100.

    Raises:
        UnknownCurrency: the currency is none.
        ValueError: no finite number, too large, or more than four decimals too many.
    """
    factor = 1
    while factor < MAX_FACTOR and amount.is_finite():
        try:
            return to_minor(amount * factor, currency), factor
        except FinerThanCurrency:
            factor *= 10
    try:
        return to_minor(amount * factor, currency), factor
    except FinerThanCurrency:
        decimals = exponent(currency) + len(str(MAX_FACTOR)) - 1
        raise ValueError(f"{currency} prices have at most {decimals} decimals.") from None


def to_decimal(minor: int, currency: str) -> Decimal:
    """The amount with the currency's decimals: 1200 of EUR is 12.00."""
    decimals = exponent(currency)
    return Decimal(minor).scaleb(-decimals) if decimals else Decimal(minor)


def to_text(minor: int, currency: str) -> str:
    """The amount in plain digits with the currency's decimals: 1200 of EUR is `12.00`.

    Equal to the text of `to_decimal`, in half the time.
    """
    decimals = exponent(currency)
    if not decimals:
        return str(minor)
    digits = str(abs(minor)).rjust(decimals + 1, "0")
    return f"{'-' if minor < 0 else ''}{digits[:-decimals]}.{digits[-decimals:]}"


def comparable(minor: int, currency: str) -> int:
    """The amount in ten-thousandths of any currency, to sort and filter by.

    No currency has more than four decimals. Amounts beyond 922 trillion count as that.
    """
    factor: int = 10 ** (COMPARABLE_DECIMALS - exponent(currency))
    return max(-MAX_COMPARABLE, min(minor * factor, MAX_COMPARABLE))


def comparable_bound(amount: Decimal) -> int:
    """The least comparable amount that is not below this one."""
    if abs(amount) >= MAX_COMPARABLE // 10**COMPARABLE_DECIMALS:
        return MAX_COMPARABLE if amount > 0 else -MAX_COMPARABLE
    bound: int = ceil(Fraction(amount) * 10**COMPARABLE_DECIMALS)
    return bound


def comparable_exact(amount: Decimal) -> int | None:
    """The comparable amount equal to this one; None if it has too many decimals."""
    bound = comparable_bound(amount)
    is_whole = abs(bound) == MAX_COMPARABLE or amount == Decimal(bound).scaleb(-COMPARABLE_DECIMALS)
    return bound if is_whole else None


class Rounding(StrEnum):
    """The rounding of an amount halfway between two: up, as in trade, or to the even one."""

    HALF_UP = "half-up"
    HALF_EVEN = "half-even"


def nearest(value: Fraction, rounding: Rounding) -> int:
    """The nearest integer; half up is away from zero."""
    return nearest_ratio(value.numerator, value.denominator, rounding)


def nearest_ratio(numerator: int, denominator: int, rounding: Rounding) -> int:
    """The integer nearest to a fraction with a positive denominator; rounds as `nearest`."""
    units, rest = divmod(abs(numerator), denominator)
    beyond = 2 * rest - denominator
    if beyond > 0 or (beyond == 0 and (rounding is Rounding.HALF_UP or units % 2)):
        units += 1
    return units if numerator >= 0 else -units


def half_even(value: Fraction | Decimal) -> int:
    """The nearest integer; a half goes to the even neighbor."""
    return round(Fraction(value))


def converted(minor: int, currency: str, rate: Decimal, into: str) -> int:
    """The amount in minor units of another currency, at `rate` of its units for one; half-even."""
    exact = Fraction(minor, 10 ** exponent(currency)) * Fraction(rate) * 10 ** exponent(into)
    return half_even(exact)


class Amount(NamedTuple):
    """An amount of money in minor units of a currency."""

    minor: int
    currency: str


class TaxedAmount(NamedTuple):
    """An amount before tax, and its tax, in minor units of a currency."""

    net_minor: int
    tax_minor: int
    currency: str

    @property
    def net(self) -> Amount:
        return Amount(self.net_minor, self.currency)

    @property
    def tax(self) -> Amount:
        return Amount(self.tax_minor, self.currency)

    @property
    def gross(self) -> Amount:
        return Amount(self.net_minor + self.tax_minor, self.currency)
