from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

# An imported order that its source had paid back was given back for good, without a return.
CREDITED = """
UPDATE customer_order SET credited_minor = refunded_minor
WHERE refunded_minor > 0 AND refunded_minor = charged_minor AND id IN (
    SELECT order_id FROM payment WHERE kind = 'REFUND' AND method = 'imported')
"""
BALANCE = """
UPDATE customer_order SET balance_minor = CASE
    WHEN status = 'CANCELLED' THEN refunded_minor - charged_minor
    WHEN return_status IN ('PARTLY_RETURNED', 'RETURNED') AND refunded_minor > 0
        AND refunded_minor > charged_minor - total_gross_minor THEN CASE
            WHEN charged_minor > total_gross_minor THEN 0
            ELSE total_gross_minor - charged_minor END
    ELSE total_gross_minor - charged_minor + refunded_minor - credited_minor END
"""
PAYMENT = """
UPDATE customer_order SET payment_status = CASE
    WHEN balance_minor < 0 THEN 'OVERPAID'
    WHEN balance_minor = 0 AND charged_minor > refunded_minor THEN 'PAID'
    WHEN balance_minor = 0 AND charged_minor > 0 THEN 'REFUNDED'
    WHEN balance_minor = 0 THEN 'PAID'
    WHEN charged_minor > refunded_minor THEN 'PARTLY_PAID'
    WHEN authorized_minor > 0 THEN 'AUTHORIZED'
    ELSE 'UNPAID' END
"""


class Migration(migrations.Migration):
    dependencies = [("models", "0008_cancelled_and_paid")]

    # Credit is counted anew, and orders that are settled completed, by `services.operations.migrations`.
    operations = [
        ops.AddField("Order", "credited_minor", fields.BigIntField(default=0, db_default=0)),
        ops.AddField("Order", "balance_minor", fields.BigIntField(default=0, db_default=0)),
        ops.RunSQL(CREDITED, ops.RunSQL.noop),
        ops.RunSQL(BALANCE, ops.RunSQL.noop),
        ops.RunSQL(PAYMENT, ops.RunSQL.noop),
        ops.AddIndex("Order", Index(fields=["balance_minor", "id"], name="order_by_balance")),
    ]
