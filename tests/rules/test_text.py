"""Text as it is kept, folded and found."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.countries import COUNTRIES
from models.rules.errors import UnusableText
from models.rules.text import clean, fold, inert


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ada \t", "Ada"),
        ("\u00a0Ada\u2003", "Ada"),
        ("Cafe\u0301", "Café"),
        ("one\r\ntwo\nthree\tfour", "one\ntwo\nthree\tfour"),
        ("", ""),
        (" ", ""),
        ("😀 ünï", "😀 ünï"),
        ("ALFKI", "ALFKI"),
    ],
)
def test_clean(typed: str, kept: str) -> None:
    assert clean(typed) == kept


@pytest.mark.parametrize("typed", ["a\x00b", "\x1b[31m", "\x7f", "\ud83d", "a\rb", "\x0b"])
def test_text_that_databases_refuse(typed: str) -> None:
    with pytest.raises(UnusableText):
        clean(typed)


def test_a_letter_has_so_many_accents() -> None:
    marks = "\u0301\u0323" * 15
    assert unicodedata.is_normalized("NFC", clean(f"a{marks}b{marks}"))
    with pytest.raises(UnusableText, match="A letter has at most 30 accents"):
        clean(f"a{marks}\u0301")


@given(st.text())
def test_what_is_clean_stays(typed: str) -> None:
    try:
        kept = clean(typed)
    except UnusableText:
        return
    assert clean(kept) == kept
    assert unicodedata.is_normalized("NFC", kept)
    kept.encode()


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Straße", "strasse"),
        ("CAFÉ", "cafe"),
        ("Smørrebrød", "smorrebrod"),
        ("Łódź", "lodz"),
        ("ﬁn", "fin"),
        ("Ünal İpek", "unal ipek"),
        ("Cup™ ℡", "cuptm tel"),
        ("Αθήνα", "αθηνα"),
        ("東京", "東京"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_what_is_folded_stays(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_countries() -> None:
    assert len(COUNTRIES) == 250  # the 249 of ISO 3166-1, and Kosovo
    assert {"DE", "GB", "XK"} <= COUNTRIES
    assert not COUNTRIES & {"UK", "EU", "de", "XX"}


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n"])
def test_a_cell_is_no_formula(first: str) -> None:
    assert inert(f"{first}1+1") == f"'{first}1+1"
    assert inert(f"x{first}1") == f"x{first}1"


@pytest.mark.parametrize("text", ["", "card ch_1", "'=1", "1=1", "Ärger", " =1"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert inert(text) == text
