from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0002_stage_deadlines")]

    # Rows that are there already get 0, and then what their orders say: by the company's currency,
    # which `services.operations.migrations` knows.
    operations = [
        ops.AddField("Customer", "lifetime_minor", fields.BigIntField(default=0, db_default=0)),
        ops.AddField("Order", "credit_minor", fields.BigIntField(default=0, db_default=0)),
        ops.AddField("Order", "lifetime_minor", fields.BigIntField(default=0, db_default=0)),
    ]
