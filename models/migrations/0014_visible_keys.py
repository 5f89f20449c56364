from tortoise import migrations


class Migration(migrations.Migration):
    """Changes nothing: `services.operations.migrations` reports the keys that hold invisible characters."""

    dependencies = [("models", "0013_rounding_and_freight")]

    operations: list[object] = []
