from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0005_exchange")]

    operations = [
        ops.AddField("ReturnLine", "announced", fields.JSONField(null=True)),
    ]
