"""What is no CSV file, no mapping and no full address is told, or taken as what it is."""

from pathlib import Path

import pytest

from models.customers import CustomerAddress
from services.imports.files.mapping import BadMapping
from tests.support.databases import Database
from tests.support.imported import CUSTOMERS, HEAD, Files, problems_of


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04\x14\0", "a spreadsheet (XLSX or ODS); save it as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1", "a spreadsheet (XLS); save it as CSV"),
        (b"\x1f\x8b\x08", "compressed; save it as CSV"),
        (b"%PDF-1.7", "a PDF; save it as CSV"),
        (CUSTOMERS.encode("utf-16"), "written in UTF-16; say encoding: utf-16"),
        (CUSTOMERS.encode("utf-16-le"), "written in UTF-16; say encoding: utf-16"),
    ],
)
async def test_another_format_is_named(files: Files, content: bytes, reason: str) -> None:
    files.write(customers=content)
    with pytest.raises(BadMapping) as caught:
        await files.load()
    assert caught.value.problems == [f"sources[1].file: customers.csv is {reason}"]


async def test_a_key_that_is_given_twice_is_refused(files: Files) -> None:
    files.write(mapping=HEAD.replace("{name: name, email: mail,", "{name: name, name: mail,"))
    with pytest.raises(BadMapping) as caught:
        await files.load()
    assert caught.value.problems == ["mapping.yaml: name is given twice, again in line 12"]


async def test_region_and_country_alone_are_an_address(
    sqlite_database: Database, files: Files
) -> None:
    files.write(mapping=HEAD.replace("address.city: city", "address.region: city"))
    assert problems_of(await files.load()) == []
    address = await CustomerAddress.get()
    assert (address.city, address.region, address.country_code) == ("", "Bonn", "DE")
