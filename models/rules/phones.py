"""Telephone numbers, found however they are written."""

import re
from typing import Final

import phonenumbers

from models.rules.search_words import END, MAX_WORD

FEWEST_DIGITS: Final = 5
"""With fewer digits a search means another number than a telephone's."""

_TYPED: Final = re.compile(r"[\d\s()+./\\\-\u2010-\u2015]+")


def phone_word(phone: str) -> str | None:
    """The number's digits with its country's code, if it has one, backwards; None without digits.

    Without the zeros in front, which are dialed in one country and not from another.
    """
    found = _international(phone)
    digits = f"{found[0]}{found[1]}" if found else _digits(phone)
    return f"{END}{digits[::-1]}"[:MAX_WORD] if digits else None


def asked_phone(query: str) -> list[str]:
    """The beginnings of words of phones that the query may mean; none where it is no number."""
    if not _TYPED.fullmatch(query) or len(_digits(query)) < FEWEST_DIGITS:
        return []
    found = _international(query)
    asked = [f"{found[0]}{found[1]}", found[1]] if found else [_digits(query)]
    return [f"{END}{digits[::-1]}"[:MAX_WORD] for digits in asked]


def _digits(text: str) -> str:
    """The digits of a number as it is dialed within its country, without the zero in front."""
    return "".join(str(int(char)) for char in text if char.isdecimal()).lstrip("0")


def _international(text: str) -> tuple[str, str] | None:
    """Country code and national number where the text has both."""
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
