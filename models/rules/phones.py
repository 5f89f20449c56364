"""Telephone numbers, found in any of their spellings."""

import re
from typing import Final

import phonenumbers

from models.rules.search_words import END, MAX_WORD

FEWEST_DIGITS: Final = 5
"""A search with fewer digits is not for a telephone number."""

_PHONE_QUERY: Final = re.compile(r"[\d\s()+./\\\-\u2010-\u2015]+")


def phone_word(phone: str) -> str | None:
    """The number's digits backwards, with its country code if it has one; None without digits.

    Leading zeros are left out: they depend on the country from which the number is dialed.
    """
    found = _international(phone)
    digits = f"{found[0]}{found[1]}" if found else _digits(phone)
    return f"{END}{digits[::-1]}"[:MAX_WORD] if digits else None


def query_phones(query: str) -> list[str]:
    """The prefixes of phone words that a query may mean; none if it is no telephone number."""
    if not _PHONE_QUERY.fullmatch(query) or len(_digits(query)) < FEWEST_DIGITS:
        return []
    found = _international(query)
    asked = [f"{found[0]}{found[1]}", found[1]] if found else [_digits(query)]
    return [f"{END}{digits[::-1]}"[:MAX_WORD] for digits in asked]


def _digits(text: str) -> str:
    """The digits of a number as dialed within its country, without the leading zero."""
    return "".join(str(int(char)) for char in text if char.isdecimal()).lstrip("0")


def _international(text: str) -> tuple[str, str] | None:
    """Country code and national number, if the text has both."""
    start = text.strip()
    if start.startswith("00"):
        start = f"+{start[2:]}"
    if not start.startswith("+"):
        return None
    try:
        number = phonenumbers.parse(start)
    except phonenumbers.NumberParseException:
        return None
    return str(number.country_code), str(number.national_number)
