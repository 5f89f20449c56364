"""The search words of texts, and the alternatives of the words of a query.

Both are folded, without case and accents. A text is also found by its words written together
(`obrien` for O'Brien, `ab100` for AB-100), by its spelling on a keyboard without its letters
(`mueller` for Müller), and, in scripts without blanks, by each pair of characters.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from models.rules.text import fold

MAX_WORD: Final = 64
END: Final = "<"
"""The first character of a word stored backwards, to be found by its end. No other word has it."""

Prefixes = tuple[str, ...]
Alternatives = tuple[Prefixes, ...]
"""The alternatives of a typed word: each matches words that begin with all of its prefixes."""

# DIN 5007-2 for German; å is typed aa in Danish and Norwegian names, and a in Swedish ones.
_SPELLED: Final = (
    str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe"}),
    str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"}),
)
_SPELLED_LETTERS: Final = re.compile("[äöüøåÄÖÜØÅ]")
_PLAIN: Final = re.compile("[a-z0-9]+")
# Thai, Lao, Burmese, Khmer, kana, Han and Hangul. Korean has blanks, but names and goods are
# as often written together.
_WITHOUT_BLANKS: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3105-\u312f\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]+"
)


def words(text: str) -> list[str]:
    """All search words of the text, each once."""
    return list(dict.fromkeys(_words(text)))


def query_words(text: str) -> list[Alternatives]:
    """The alternatives of each typed word; a text matches if each typed word does."""
    chunks = unicodedata.normalize("NFC", text).split()
    return [each for each in dict.fromkeys(map(_alternatives, chunks)) if each]


def matches_words(text: str, query: str) -> bool:
    """Whether each word of the query begins a word of the text."""
    found = words(text)
    return all(
        any(all(_begins_one(prefix, found) for prefix in prefixes) for prefixes in alternatives)
        for alternatives in query_words(query)
    )


def ending(text: str) -> str:
    """The word by which a text is found by its end: joined, and backwards."""
    return END + "".join(_parts(fold(text)))[::-1][: MAX_WORD - 1]


def _begins_one(prefix: str, found: Iterable[str]) -> bool:
    return any(word.startswith(prefix) for word in found)


def _words(text: str) -> Iterator[str]:
    for chunk in unicodedata.normalize("NFC", text).split():
        for spelled in _spellings(chunk):
            parts = _parts(spelled)
            for part in parts:
                yield from _stored_words(part)
            if len(parts) > 1:
                yield "".join(parts)[:MAX_WORD]


def _stored_words(part: str) -> Iterator[str]:
    """The stored words of a part in one script: itself, or its pairs and its last character."""
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
        found.append(tuple(dict.fromkeys(each for part in parts for each in _query_prefixes(part))))
        if len(parts) > 1:
            found.append(("".join(parts)[:MAX_WORD],))
    return tuple(dict.fromkeys(found))


def _query_prefixes(part: str) -> Iterator[str]:
    """The prefixes of a typed part: itself, or pairs that cover all its characters."""
    if not _WITHOUT_BLANKS.match(part) or len(part) < 2:
        yield part[:MAX_WORD]
        return
    for number in range(0, len(part) - 1, 2):
        yield part[number : number + 2]
    yield part[-2:]


def _spellings(chunk: str) -> list[str]:
    """The folded chunk; for letters with several spellings, one form for each."""
    folded = [fold(chunk)]
    if _SPELLED_LETTERS.search(chunk):
        lower = chunk.lower()
        folded += [fold(lower.translate(letters)) for letters in _SPELLED]
    return list(dict.fromkeys(folded))


def _parts(folded: str) -> list[str]:
    """The runs of letters, digits and marks; scripts without blanks are separate runs."""
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
    """Whether the character belongs to a word; vowel signs of Indic scripts are marks and do."""
    return char.isalnum() or unicodedata.category(char)[0] == "M"
