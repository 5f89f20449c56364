"""For how many of what a line's price stands: as the product said when the line was made."""

from pathlib import Path
from typing import Any, Final

from models.catalog import Product
from tests.support.api import ask, change
from tests.support.company import ERRORS, found_company
from tests.support.databases import Database
from tests.support.imported import Files

LINES: Final = (
    "lines { id sku quantity unitPrice { amount } priceQuantity unit total { net { amount } } }"
)
ORDER: Final = f"query($number: String!) {{ order(number: $number) {{ {LINES} }} }}"
EDIT: Final = f"""
mutation($id: ID!, $version: Int!, $input: OrderEditInput!) {{
  orderEdit(id: $id, version: $version, input: $input, reason: "They called.") {{
    order {{ {LINES} }} {ERRORS} }} }}"""


def told(order: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (
            *(line["sku"], line["quantity"], line["unitPrice"]["amount"]),
            *(line["priceQuantity"], line["unit"], line["total"]["net"]["amount"]),
        )
        for line in order["lines"]
    ]


async def test_a_line_keeps_unit_and_price_quantity_through_edits(database: Database) -> None:
    company = await found_company()
    await company.product("SALT", stock=5_000, price="4.20", priceQuantity=1000, unit="gram")
    await company.product("CUP", stock=10, price="5.00")
    placed = await company.order(("SALT", 500))
    number = placed["number"]
    assert told((await ask(ORDER, number=number))["order"]) == [
        ("SALT", 500, "4.20", 1000, "gram", "2.10")
    ]
    await Product.filter(sku="SALT").update(unit="kilogram", price_quantity=1)
    (line,) = (await ask(ORDER, number=number))["order"]["lines"]
    wanted = [
        {"lineId": line["id"], "sku": "SALT", "quantity": 1000},
        {"sku": "CUP", "quantity": 2},
    ]
    values = {"id": placed["id"], "version": placed["version"], "input": {"lines": wanted}}
    edited = (await change(EDIT, **values))["order"]
    assert told(edited) == [
        ("SALT", 1000, "4.20", 1000, "gram", "4.20"),
        ("CUP", 2, "5.00", 1, "piece", "10.00"),
    ]
    assert told((await ask(ORDER, number=number))["order"]) == told(edited)


async def test_imported_prices_with_four_decimals_say_for_how_many_they_stand(
    database: Database, tmp_path: Path
) -> None:
    files = Files(tmp_path)
    mapping = (tmp_path / "mapping.yaml").read_text()
    files.write(
        mapping=mapping.replace("price: price}\n", "price: price, unit: unit}\n", 1),
        products="id,sku,name,price,unit\n7,CUP,Cup,8.50,\n8,JAR,Jar,0.4199,gram\n",
        lines="order,product,quantity,price\nA,7,2,8.50\nA,8,1000,0.4199\nA,7,100,4.199999\n",
    )
    assert (await files.load()).rejected == []
    assert told((await ask(ORDER, number="A"))["order"]) == [
        ("CUP", 2, "8.50", 1, "piece", "17.00"),
        ("JAR", 1000, "41.99", 100, "gram", "419.90"),
        ("CUP", 100, "41999.99", 10000, "piece", "420.00"),
    ]
