"""Telephone numbers, however they are written."""

import pytest

from models.rules.phones import phone_word, query_phones


@pytest.mark.parametrize(
    ("kept", "typed", "found"),
    [
        ("+49 30 1234567", "+49 (0)30 123-4567", True),
        ("+49 30 1234567", "0049301234567", True),
        ("+49 30 1234567", "030/1234567", True),
        ("+49 30 1234567", "030 123 45 67", True),
        ("+49 30 1234567", "123-4567", True),
        ("+49 30 1234567", "34567", True),
        ("+49 30 1234567", "030 1234568", False),
        ("+49 30 1234567", "+43 1 1234567", False),
        ("+49 (0)30 1234567", "+49301234567", True),
        ("030 / 1234567", "+49 30 1234567", True),
        ("030 / 1234567", "0301234567", True),
        ("+1 (555) 123-4567", "555.123.4567", True),
        ("+1 (555) 123-4567", "(555) 123-4567", True),
        ("+39 06 1234567", "06 1234567", True),
        ("\u0663\u0660\u0661\u0662\u0663\u0664\u0665", "3012345", True),
    ],
)
def test_a_phone_is_found(kept: str, typed: str, found: bool) -> None:
    word = phone_word(kept)
    assert word is not None
    assert any(word.startswith(asked) for asked in query_phones(typed)) is found


@pytest.mark.parametrize("query", ["1234", "12 34", "Ada 1234567", "+", "", "1234567 EUR"])
def test_what_is_no_phone_asks_for_none(query: str) -> None:
    assert query_phones(query) == []


@pytest.mark.parametrize("text", ["", "none", "---", "000"])
def test_a_text_without_a_number_is_not_found_as_one(text: str) -> None:
    assert phone_word(text) is None


def test_a_number_that_no_country_has_is_found_by_its_digits() -> None:
    assert phone_word("+999 12345") == "<54321999"
    assert query_phones("+999 12345") == ["<54321999"]
