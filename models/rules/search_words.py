"""The words that a text is found by, and those that a search asks for.

Both sides are folded, without case and accents. A text is also found by its words written together
(`obrien` for O'Brien, `ab100` for AB-100), by the spelling of people without its letters on their
keyboard (`mueller` for Müller), and, in scripts that have no blanks, by each pair of characters.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from models.rules.text import fold

MAX_WORD: Final = 64
END: Final = "<"
"""Begins a word that is kept backwards, so that it is found by its end. No other word has it."""

Prefixes = tuple[str, ...]
Alternatives = tuple[Prefixes, ...]
"""What a typed word may mean: words that begin with all prefixes of one of these."""

# DIN 5007-2 for German; å is aa in Danish and Norwegian names, a in Swedish ones as people type it.
_SPELLED: Final = (
    str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe"}),
    str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"}),
)
_SPELLED_LETTERS: Final = re.compile("[äöüøåÄÖÜØÅ]")
_PLAIN: Final = re.compile("[a-z0-9]+")
# Thai, Lao, Burmese, Khmer, kana, Han and Hangul. Korean has blanks, but names and goods are
# written together as often.
_WITHOUT_BLANKS: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3105-\u312f\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]+"
)


def words(text: str) -> list[str]:
    """All words that the text is found by, each once."""
    return list(dict.fromkeys(_of_text(text)))


def asked_words(text: str) -> list[Alternatives]:
    """For each typed word, the words that mean it; a text is meant where each of them is found."""
    chunks = unicodedata.normalize("NFC", text).split()
    return [each for each in dict.fromkeys(map(_alternatives, chunks)) if each]


def matches_words(text: str, query: str) -> bool:
    """Whether every word of the query begins a word of the text."""
    found = words(text)
    return all(
        any(all(_begins_one(prefix, found) for prefix in prefixes) for prefixes in alternatives)
        for alternatives in asked_words(query)
    )


def ending(text: str) -> str:
    """The word by whose beginnings the text is found by its end: written together, backwards."""
    return END + "".join(_parts(fold(text)))[::-1][: MAX_WORD - 1]


def _begins_one(prefix: str, found: Iterable[str]) -> bool:
    return any(word.startswith(prefix) for word in found)


def _of_text(text: str) -> Iterator[str]:
    for chunk in unicodedata.normalize("NFC", text).split():
        for spelled in _spellings(chunk):
            parts = _parts(spelled)
            for part in parts:
                yield from _kept(part)
            if len(parts) > 1:
                yield "".join(parts)[:MAX_WORD]


def _kept(part: str) -> Iterator[str]:
    """A part of one script as it is kept: whole, or in pairs with its last character alone."""
    if not _WITHOUT_BLANKS.match(part):
        yield part[:MAX_WORD]
        return
    for number in range(len(part)):
        yield part[number : number + 2]


def _alternatives(chunk: str) -> Alternatives:
    found: list[Prefixes] = []
    for spelled in _spellings(chunk):
        parts = _parts(spelled)
        if not parts:
            continue
        found.append(tuple(dict.fromkeys(each for part in parts for each in _typed(part))))
        if len(parts) > 1:
            found.append(("".join(parts)[:MAX_WORD],))
    return tuple(dict.fromkeys(found))


def _typed(part: str) -> Iterator[str]:
    """The prefixes that a typed part asks for: of pairs as many as cover all characters."""
    if not _WITHOUT_BLANKS.match(part) or len(part) < 2:
        yield part[:MAX_WORD]
        return
    for number in range(0, len(part) - 1, 2):
        yield part[number : number + 2]
    yield part[-2:]


def _spellings(chunk: str) -> list[str]:
    """The chunk folded; with letters that are spelled in several ways, in each of them."""
    folded = [fold(chunk)]
    if _SPELLED_LETTERS.search(chunk):
        lower = chunk.lower()
        folded += [fold(lower.translate(letters)) for letters in _SPELLED]
    return list(dict.fromkeys(folded))


def _parts(folded: str) -> list[str]:
    """The runs of letters, digits and their marks; scripts without blanks are runs of their own."""
    if folded.isascii():
        return _PLAIN.findall(folded)
    runs = "".join(char if _is_of_word(char) else " " for char in folded).split()
    return [part for run in runs for part in _by_script(run)]


def _by_script(run: str) -> Iterator[str]:
    end = 0
    for found in _WITHOUT_BLANKS.finditer(run):
        if found.start() > end:
            yield run[end : found.start()]
        yield found.group()
        end = found.end()
    if end < len(run):
        yield run[end:]


@lru_cache(maxsize=4096)
def _is_of_word(char: str) -> bool:
    """Whether a word goes on with it; vowel signs of Indic scripts are marks, and part of words."""
    return char.isalnum() or unicodedata.category(char)[0] == "M"
