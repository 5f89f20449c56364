"""What the stock of earlier releases is listed by."""

from typing import Final

from models.columns import new_id
from models.inventory import StockItem
from services.operations.migrations import migrate
from services.storage.database import connection
from tests.house.test_upgrades import MIGRATIONS, PLACED, migrate_to
from tests.support.databases import Database, connected

STOCK_LIST: Final = "0017_stock_list"


async def test_stock_gets_what_it_is_listed_by(empty_database: Database) -> None:
    async with connected(empty_database):
        apps = await migrate_to(*MIGRATIONS[: MIGRATIONS.index(STOCK_LIST)])
        tables = ("Product", "Warehouse", "StockItem")
        products, warehouses, items = (apps.get_model(f"models.{name}") for name in tables)
        made = {"created_at": PLACED, "updated_at": PLACED}
        goods = products(
            id=new_id(),
            sku="TEA",
            name="Zen Tea",
            sort_name="zen tea",
            price_minor=1,
            currency="EUR",
            **made,
        )
        await goods.save(force_create=True, using_db=connection())
        counters = {"on_hand": 10, "reserved": 3, "damaged": 1, "safety_stock": 2}
        for code, point in (("low", 4), ("enough", 3), ("ruleless", None)):
            place = warehouses(id=new_id(), code=code, name=code, **made)
            await place.save(force_create=True, using_db=connection())
            keys = {"id": new_id(), "product_id": goods.id, "warehouse_id": place.id}
            item = items(**keys, **counters, reorder_point=point, **made)
            await item.save(force_create=True, using_db=connection())
        assert STOCK_LIST in await migrate()
        for item in await StockItem.all().select_related("warehouse"):
            assert (item.available, item.sort_sku, item.sort_name) == (4, "TEA", "zen tea")
            assert item.is_low == (item.warehouse.code == "low")
