"""What is wrong with a mapping is told by its place in the file, all at once, before any row."""

from pathlib import Path
from typing import Final

import pytest

from services.imports.files.loading import load
from services.imports.files.mapping import BadMapping
from services.imports.files.reading import locate
from tests.support.samples import EXAMPLES

SOUND: Final = """
system: shop
tables:
  countries: {Norway: NO}
sources:
  - kind: customer
    file: customers.csv
    key: id
    fields:
      name: name
      address.country: {column: country, table: countries}
"""


def problems(folder: Path, mapping: str) -> list[str]:
    path = folder / "mapping.yaml"
    path.write_text(mapping, encoding="utf-8")
    with pytest.raises(BadMapping) as refused:
        load(path)
    return refused.value.problems


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_our_examples_are_sound(path: Path) -> None:
    assert load(path).sources


def test_no_is_norway_and_not_false(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(SOUND, encoding="utf-8")
    assert load(path).tables == {"countries": {"Norway": "NO"}}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("system: shop", "", "system: Field required"),
        ("system: shop", "sistem: shop", "sistem: Extra inputs are not permitted"),
        ("system: shop", "system: shop\ncurrency: EUX", "EUX is no currency of ISO 4217"),
        (
            "system: shop",
            "system: shop\ntime_zone: Berlin",
            "time_zone: there is no time zone Berlin",
        ),
        ("system: shop", "system: shop\nencoding: utf-9", "encoding: there is no encoding utf-9"),
        ("system: shop", "system: shop\ndelimiter: ';;'", "delimiter: must be one character"),
        ("system: shop", "system: shop\nencoding: rot13", "encoding: there is no encoding rot13"),
        (
            "system: shop",
            "system: shop\ndelimiter: '\"'",
            "delimiter: cannot be a quote or the end of a line",
        ),
        (
            "system: shop",
            "system: shop\ndates: [iso, '%d.%m.%Q']",
            "dates[1]: %d.%m.%Q is neither iso nor such as %d.%m.%Y",
        ),
        (
            "system: shop",
            "system: shop\ndates: ['DD.MM.YYYY']",
            "dates[0]: DD.MM.YYYY is neither iso nor such as %d.%m.%Y",
        ),
        ("system: shop", "system: shop\nthousands: '.'", "thousands: must differ from decimal"),
        ("kind: customer", "kind: buyer", "sources[0].kind: Input should be 'warehouse',"),
        ("    key: id\n", "", "sources[0].key: a customer needs a key"),
        ("file: customers.csv", "existing: link", "sources[0]: give either file or rows"),
        ("      name: name\n", "", "sources[0].fields.name: a customer needs it"),
        ("name: name", "nam: name", "sources[0].fields.nam: a customer has no such field"),
        (
            "address.country",
            "address.land",
            "sources[0].fields.address.land: a customer has no such field",
        ),
        ("address.country", "address", "sources[0].fields.address: a customer has no such field"),
        (
            "table: countries",
            "table: lands",
            "sources[0].fields.address.country.table: there is no table lands",
        ),
        (
            "{column: country, table: countries}",
            "{column: country, value: NO}",
            "sources[0].fields.address.country: give one of column, value and template",
        ),
        (
            "name: name",
            "name: {column: name, by: code}",
            "sources[0].fields.name.by: only what people know by a code has one",
        ),
        ("key: id", "key: id\n    split: {place: '('}", "sources[0].split.place: is no pattern: "),
        (
            "key: id",
            "key: id\n    split: {place: '.*'}",
            "sources[0].split.place: names no part, as (?P<city>...) does",
        ),
    ],
)
def test_a_mistake_is_told_by_its_place(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in SOUND
    found = problems(tmp_path, SOUND.replace(old, new))
    assert [each for each in found if problem in each]
    assert len(found) <= 2


def test_all_mistakes_are_told(tmp_path: Path) -> None:
    mapping = SOUND.replace("name: name", "nam: name").replace("table: countries", "table: lands")
    assert problems(tmp_path, mapping) == [
        "sources[0].fields.address.country.table: there is no table lands",
        "sources[0].fields.nam: a customer has no such field",
        "sources[0].fields.name: a customer needs it",
    ]


def test_only_what_several_systems_may_know_can_be_linked(tmp_path: Path) -> None:
    mapping = """
system: shop
sources:
  - kind: order
    file: orders.csv
    key: id
    existing: link
    fields: {customer: c, placed_at: p, currency: {value: EUR}}
"""
    assert problems(tmp_path, mapping) == [
        "sources[0].existing: rows of kind order cannot be linked"
    ]


@pytest.mark.parametrize("text", ["a: [", "", "- a", "\x00"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    assert len(problems(tmp_path, text)) == 1


def test_a_mapping_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadMapping, match=r"mapping\.yaml"):
        load(tmp_path / "mapping.yaml")


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (None, "there is no file customers.csv"),
        ("id;name;country\n", "sources[0].fields.name: customers.csv has no column name"),
        (
            "id,name,land\n",
            "sources[0].fields.address.country: customers.csv has no column country",
        ),
        ("id,name,name,country\n", "sources[0].file: customers.csv has two columns named name"),
        ("", "sources[0].fields.name: customers.csv has no column name"),
    ],
)
def test_files_and_columns_must_be_there(tmp_path: Path, table: str | None, problem: str) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(SOUND, encoding="utf-8")
    if table is not None:
        (tmp_path / "customers.csv").write_text(table, encoding="utf-8")
    with pytest.raises(BadMapping) as refused:
        locate(load(path), tmp_path)
    assert problem in refused.value.problems


def test_a_single_file_may_be_named_itself(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(SOUND, encoding="utf-8")
    export = tmp_path / "export of monday.csv"
    export.write_text("id,name,country\n", encoding="utf-8")
    assert locate(load(path), export) == {"customers.csv": export}
