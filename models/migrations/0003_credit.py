from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]

    operations = [
        ops.AddField("Customer", "lifetime_minor", fields.BigIntField(default=0)),
        ops.AddField("Order", "credit_minor", fields.BigIntField(default=0)),
        ops.AddField("Order", "lifetime_minor", fields.BigIntField(default=0)),
    ]
