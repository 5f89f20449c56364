from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from models.rules.money import Rounding


class Migration(migrations.Migration):
    dependencies = [("models", "0012_lists")]

    # Orders that are there keep what they came to: rounded half to even, their freight untaxed.
    operations = [
        ops.AddField(
            "Order",
            "rounding",
            fields.CharEnumField(
                enum_type=Rounding,
                max_length=16,
                default=Rounding.HALF_EVEN,
                db_default="half-even",
            ),
        ),
        ops.AddField(
            "Order",
            "shipping_tax_rule",
            fields.CharField(max_length=16, default="none", db_default="none"),
        ),
        ops.AddField("Order", "shipping_taxes", fields.JSONField(null=True)),
        ops.AddField("Invoice", "taxes", fields.JSONField(null=True)),
    ]
