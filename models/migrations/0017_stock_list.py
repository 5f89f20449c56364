from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

FILL = """
UPDATE stock_item SET
    available = on_hand - reserved - damaged - safety_stock,
    is_low = (reorder_point IS NOT NULL
        AND on_hand - reserved - damaged - safety_stock + incoming <= reorder_point),
    sort_sku = (SELECT product.sku FROM product WHERE product.id = stock_item.product_id),
    sort_name = (SELECT product.sort_name FROM product WHERE product.id = stock_item.product_id)
"""


class Migration(migrations.Migration):
    dependencies = [("models", "0016_own_prices")]

    operations = [
        ops.AddField("StockItem", "available", fields.BigIntField(default=0, db_default=0)),
        ops.AddField("StockItem", "is_low", fields.BooleanField(default=False, db_default=False)),
        ops.AddField("StockItem", "sort_sku", fields.CharField(max_length=64, default="", db_default="")),
        ops.AddField(
            "StockItem", "sort_name", fields.CharField(max_length=200, default="", db_default="")
        ),
        ops.RunSQL(FILL, ops.RunSQL.noop),
        ops.AddIndex(
            "StockItem", Index(fields=["is_low", "warehouse_id", "id"], name="stock_by_low")
        ),
        ops.AddIndex("StockItem", Index(fields=["available", "id"], name="stock_by_available")),
        ops.AddIndex("StockItem", Index(fields=["sort_sku", "id"], name="stock_by_sku")),
        ops.AddIndex("StockItem", Index(fields=["sort_name", "id"], name="stock_by_name")),
    ]
