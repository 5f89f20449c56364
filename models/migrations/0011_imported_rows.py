from tortoise import fields, migrations
from tortoise.migrations import operations as ops

# Lines of before have the unit that their product has now: that of their time was not kept.
UNIT = """
UPDATE order_line SET unit = (SELECT product.unit FROM product WHERE product.id = order_line.product_id)
WHERE product_id IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("models", "0010_sorted_columns")]

    operations = [
        ops.AddField(
            "OrderLine", "unit", fields.CharField(max_length=32, default="piece", db_default="piece")
        ),
        ops.RunSQL(UNIT, ops.RunSQL.noop),
        ops.AddField("ExternalRef", "digest", fields.TextField(null=True)),
    ]
