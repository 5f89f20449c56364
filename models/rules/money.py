"""Amounts of money: integers in the currency's smallest unit, decimals at the edge."""

from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

MAX_MINOR: Final = 2**53
"""The largest amount: far below what a BIGINT and every sum of a day can hold."""

# ISO 4217: the active codes by how many decimals their amounts have.
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


class UnknownCurrency(ValueError):
    """No active ISO 4217 code."""


def exponent(code: str) -> int:
    """How many decimals an amount of the currency has.

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
        ValueError: no finite number, finer than the currency, or too large.
    """
    decimals = exponent(currency)
    if not amount.is_finite():
        raise ValueError("An amount is a finite number.")
    if abs(amount) > MAX_MINOR:
        raise ValueError("The amount is too large.")
    scaled = Fraction(amount) * 10**decimals
    if scaled.denominator != 1:
        raise ValueError(f"{currency} amounts have at most {decimals} decimals.")
    if abs(scaled) > MAX_MINOR:
        raise ValueError("The amount is too large.")
    return int(scaled)


def to_decimal(minor: int, currency: str) -> Decimal:
    """The amount with the currency's decimals: 1200 of EUR is 12.00."""
    decimals = exponent(currency)
    return Decimal(minor).scaleb(-decimals) if decimals else Decimal(minor)


def to_text(minor: int, currency: str) -> str:
    """The amount as plain digits with the currency's decimals: 1200 of EUR is `12.00`.

    It says what `to_decimal` says, in half the time.
    """
    decimals = exponent(currency)
    if not decimals:
        return str(minor)
    digits = str(abs(minor)).rjust(decimals + 1, "0")
    return f"{'-' if minor < 0 else ''}{digits[:-decimals]}.{digits[-decimals:]}"


def half_even(value: Fraction | Decimal) -> int:
    """The nearest integer; a half goes to the even neighbor."""
    return round(Fraction(value))


def converted(minor: int, currency: str, rate: Decimal, into: str) -> int:
    """An amount in another currency's minor units, at so many of its units for one; half-even."""
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
