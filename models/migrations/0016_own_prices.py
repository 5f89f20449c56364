from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0015_search_words")]

    # Nobody knows of the lines that are there whether their prices were given: they keep them.
    operations = [
        ops.AddField("OrderLine", "own_price", fields.BooleanField(default=True, db_default=True)),
    ]
