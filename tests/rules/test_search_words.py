"""The words that texts are found by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.search_words import END, MAX_WORD, ending, matches_words, query_words, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ada  Albers-Meyer", ["ada", "albers", "meyer", "albersmeyer"]),
        ("ada ADA Ada", ["ada"]),
        ("under_score", ["under", "score", "underscore"]),
        ("4711, 12.5%", ["4711", "12", "5", "125"]),
        ("O'Brien", ["o", "brien", "obrien"]),
        ("O\u2019Brien", ["o", "brien", "obrien"]),
        ("Müller", ["muller", "mueller"]),
        ("Mu\u0308ller", ["muller", "mueller"]),
        ("Ågård", ["agard", "aagaard"]),
        ("東京都", ["東京", "京都", "都"]),
        ("ABC株式", ["abc", "株式", "式", "abc株式"]),
        ("한국전자", ["한국", "국전", "전자", "자"]),
        ("हिन्दी", ["हिनदी"]),
        ("...", []),
        ("", []),
        ("x" * 100, ["x" * MAX_WORD]),
    ],
)
def test_words(text: str, found: list[str]) -> None:
    assert words(text) == found


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        ("Ada Albers", "ada", True),
        ("Ada Albers", "ALB ad", True),
        ("Ada Albers", "bers", False),
        ("Ada Albers", "ada bob", False),
        ("Ada Albers", "", True),
        ("x" * 100, "x" * 90, True),
        ("Søren", "soren", True),
        ("Søren", "soeren", True),
        ("Soeren", "Søren", True),
        ("Müller", "mueller", True),
        ("Müller", "muller", True),
        ("Mueller", "Müller", True),
        ("Muller", "Müller", True),
        ("Muller", "Mueller", False),
        ("Jürgen Groß", "juergen gross", True),
        ("Åse Lund", "aase", True),
        ("O'Brien", "obrien", True),
        ("O'Brien", "o'brien", True),
        ("O'Brien", "brien", True),
        ("OBrien", "O'Brien", True),
        ("AB-100/7", "ab1007", True),
        ("AB-100/7", "100-7", True),
        ("AB1007", "ab-100-7", True),
        ("東京電力株式会社", "電力", True),
        ("東京電力株式会社", "株式会社", True),
        ("東京電力株式会社", "社", True),
        ("東京電力株式会社", "力電", False),
        ("東京電力株式会社", "株式大社", False),
        ("ヤマダデンキ", "デンキ", True),
        ("삼성전자", "전자", True),
        ("ประเทศไทย", "ไทย", True),
        ("हिन्दी समाचार", "समाचा", True),
    ],
)
def test_matches_words(text: str, query: str, found: bool) -> None:
    assert matches_words(text, query) is found


@given(st.text(max_size=60))
def test_a_text_is_found_by_itself_and_no_word_begins_as_an_end_does(text: str) -> None:
    assert matches_words(text, text)
    assert all(0 < len(word) <= MAX_WORD and not word.startswith(END) for word in words(text))


@given(st.text(max_size=60))
def test_what_is_asked_for_are_words(text: str) -> None:
    for alternatives in query_words(text):
        for prefixes in alternatives:
            assert prefixes
            assert all(0 < len(prefix) <= MAX_WORD for prefix in prefixes)


def test_an_end_is_the_beginning_of_what_is_kept_backwards() -> None:
    assert ending("SO-web-202603-000123") == "<321000306202bewos"
    for end in ("123", "0123", "03-000123", "WEB-202603-000123"):
        assert ending("SO-web-202603-000123").startswith(ending(end))
    assert not ending("SO-web-202603-000123").startswith(ending("124"))
    assert len(ending("7" * 100)) == MAX_WORD
