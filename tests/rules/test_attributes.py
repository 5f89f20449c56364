"""What products may say about themselves."""

from typing import Any

import pytest

from models.rules.attributes import Definition, check_definitions, check_values
from models.rules.catalog import AttributeType as Type


@pytest.mark.parametrize(
    ("of_type", "good", "bad"),
    [
        (Type.TEXT, ["", "red"], [1, True, ["red"]]),
        (Type.INTEGER, [0, -3], [1.5, "1", True]),
        (Type.DECIMAL, [1, 1.5, "12.50", "-3"], ["x", True, "NaN", [1]]),
        (Type.BOOLEAN, [True, False], [0, "true"]),
        (Type.DATE, ["2026-03-01"], ["2026-3-1", "20260301", "2026-02-30", 1]),
        (Type.CHOICE, ["S", "M"], ["L", 1, ["S"]]),
    ],
)
def test_values_are_of_their_type(of_type: Type, good: list[Any], bad: list[Any]) -> None:
    choices = ["S", "M"] if of_type is Type.CHOICE else None
    definition = Definition("size", of_type, choices=choices)
    assert [each for each in good if check_values([definition], {"size": each})] == []
    told = [check_values([definition], {"size": each}) for each in bad]
    assert [[(e.code, e.path) for e in errors] for errors in told] == [
        [("INVALID", ("attributes", "size"))]
    ] * len(bad)


def test_only_what_is_required_must_be_there() -> None:
    definitions = [Definition("size", Type.TEXT, required=True), Definition("color", Type.TEXT)]
    (error,) = check_values(definitions, {"other": 1, "size": None})
    assert (error.code, error.path) == ("REQUIRED", ("attributes", "size"))


@pytest.mark.parametrize(
    ("definitions", "places"),
    [
        ([Definition("a", Type.TEXT), Definition("a", Type.TEXT)], [("1", "key")]),
        ([Definition(" ", Type.TEXT)], [("0", "key")]),
        ([Definition("k" * 65, Type.TEXT)], [("0", "key")]),
        ([Definition("a", Type.TEXT, choices=["x"])], [("0", "choices")]),
        ([Definition("a", Type.CHOICE)], [("0", "choices")]),
        ([Definition("a", Type.CHOICE, choices=["x", "x"])], [("0", "choices")]),
        ([Definition(str(n), Type.TEXT) for n in range(101)], [()]),
        ([Definition("a", Type.CHOICE, choices=["x"]), Definition("b", Type.DATE)], []),
    ],
)
def test_definitions_make_sense(
    definitions: list[Definition], places: list[tuple[str, ...]]
) -> None:
    errors = check_definitions(definitions)
    assert [(error.code, error.path) for error in errors] == [
        ("INVALID", ("attributes", *place)) for place in places
    ]
