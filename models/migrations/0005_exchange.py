from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from models.columns import Rate, new_id


class Migration(migrations.Migration):
    dependencies = [("models", "0004_tracked_units")]

    operations = [
        ops.CreateModel(
            name="ExchangeRate",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("currency", fields.CharField(max_length=3)),
                ("day", fields.DateField()),
                ("rate", Rate(max_digits=16, decimal_places=8)),
            ],
            options={
                "table": "exchange_rate",
                "app": "models",
                "unique_together": (("currency", "day"),),
                "pk_attr": "id",
            },
        ),
        ops.AddField(
            "Order", "company_rate", Rate(max_digits=16, decimal_places=8, null=True)
        ),
    ]
