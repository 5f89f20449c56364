from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0006_announced_units")]

    operations = [
        ops.AddIndex(
            "Shipment",
            Index(fields=["warehouse_id", "created_at", "id"], name="shipment_by_place_and_age"),
        ),
    ]
