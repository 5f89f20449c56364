"""Forms of text to store, to compare and to search."""

import re
import unicodedata
from collections.abc import Container
from typing import Final

from models.rules.errors import UnusableText

_UNUSABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
MAX_MARKS: Final = 30
"""The most accents in a row: Unicode's stream-safe format, UAX #15, section 13.

Ordering them takes the square of their number: 20,000 hold the processor for 1.3 s.
"""
_MARKS: Final = re.compile(rb"[^\0]{%d}" % (MAX_MARKS + 1))
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_STROKED: Final = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i"}
)
"""Letters that Unicode does not decompose, as they are typed on keyboards without them."""
_FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


def clean(text: str) -> str:
    """The text to store: trimmed, in Unicode's composed form, with plain line ends.

    Raises:
        UnusableText: it has control characters or lone surrogates, which databases refuse, or too
            many accents on a letter.
    """
    text = text.replace("\r\n", "\n")
    if _UNUSABLE.search(text):
        raise UnusableText
    if text.isascii():
        return text.strip()
    if _MARKS.search(bytes(map(unicodedata.combining, text))):
        raise UnusableText(f"A letter has at most {MAX_MARKS} accents.")
    return unicodedata.normalize("NFC", text).strip()


def key(text: str) -> str:
    """A code, key or number to store and compare: clean, and without invisible characters.

    These are Unicode's Default_Ignorable_Code_Point of DerivedCoreProperties.txt, and annotation
    marks: joiners, marks of direction, byte order marks, soft hyphens, variation selectors, tags,
    fillers.

    Raises:
        UnusableText: as `clean`.
    """
    return clean(text if text.isascii() else _INVISIBLE.sub("", text))


def forms(text: str) -> tuple[str, ...]:
    """The forms in which a key may be stored: exactly as it was sent, then as `key` makes it.

    Rows of earlier releases may hold invisible characters, and are found by their exact text.
    """
    return tuple(dict.fromkeys((clean(text), key(text))))


def form_in(text: str, known: Container[str]) -> str:
    """The known form of a key, or `key` of it."""
    return next((form for form in forms(text) if form in known), key(text))


def fold(text: str) -> str:
    """The text without case and accents, to sort and search by."""
    # A sign for several letters, such as the trade mark sign, decomposes into capitals.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return unicodedata.normalize("NFC", plain.translate(_STROKED))


def phone_key(text: str | None) -> str | None:
    """A phone number's digits without leading zeros: +49 40 and 0049-40 are the same.

    None for a text without any other digit.
    """
    digits = "".join(str(unicodedata.digit(char)) for char in text or "" if char.isdecimal())
    return digits.lstrip("0") or None


def beyond(beginning: str) -> str:
    """The least text that is greater than all texts with this beginning; empty if there is none."""
    shorter = beginning.rstrip("\U0010ffff")
    if not shorter:
        return ""
    last = ord(shorter[-1]) + 1
    return shorter[:-1] + chr(0xE000 if last == 0xD800 else last)


def inert(text: str) -> str:
    """The text as a table cell that spreadsheets do not take for a formula.

    A text that begins with = + - @, with one of their wide forms, or with a tab or line end, gets
    an apostrophe before it: OWASP, CSV Injection, 2023.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text
