from tortoise import migrations
from tortoise.migrations import operations as ops

PAYMENT_OF_CANCELLED = """
UPDATE customer_order SET payment_status = CASE
    WHEN charged_minor > refunded_minor THEN 'OVERPAID'
    WHEN charged_minor > 0 THEN 'REFUNDED'
    WHEN authorized_minor > 0 THEN 'AUTHORIZED'
    ELSE 'UNPAID' END
WHERE status = 'CANCELLED'
"""


class Migration(migrations.Migration):
    dependencies = [("models", "0007_shipments_of_a_warehouse")]

    operations = [
        ops.RunSQL(PAYMENT_OF_CANCELLED, ops.RunSQL.noop),
    ]
