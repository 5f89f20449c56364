"""Text as it is kept, compared and searched."""

import re
import unicodedata
from typing import Final

from models.rules.errors import UnusableText

MAX_WORD: Final = 64

_UNUSABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_STROKED: Final = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i"}
)
"""Letters that Unicode does not take apart, as people without them on the keyboard type them."""
_FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
_WORD: Final = re.compile(r"[^\W_]+")


def clean(text: str) -> str:
    """The text trimmed, in Unicode's composed form and with plain line ends, as it is kept.

    Raises:
        UnusableText: it has control characters or halves of characters, which databases refuse.
    """
    text = text.replace("\r\n", "\n")
    if _UNUSABLE.search(text):
        raise UnusableText
    return unicodedata.normalize("NFC", text).strip()


def fold(text: str) -> str:
    """The text without case and accents: what is sorted and searched by."""
    # What stands for several letters, as a trade mark sign does, gives capitals of its own.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return unicodedata.normalize("NFC", plain.translate(_STROKED))


def words(text: str) -> list[str]:
    """The folded words of a text, each once, in their order."""
    return list(dict.fromkeys(word[:MAX_WORD] for word in _WORD.findall(fold(text))))


def matches_words(text: str, query: str) -> bool:
    """Whether every word of the query begins a word of the text."""
    found = words(text)
    return all(any(word.startswith(part) for word in found) for part in words(query))


def inert(text: str) -> str:
    """The text as a cell of a table that no spreadsheet takes for a formula.

    One that begins with = + - @, with one of their wide forms, or with a tab or line end, gets an
    apostrophe before it: OWASP, CSV Injection, 2023.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text
