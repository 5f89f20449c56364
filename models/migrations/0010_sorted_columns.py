from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from models.rules.delays import NEVER, sortable
from models.rules.money import CODES_BY_EXPONENT

BATCH = 1_000


def scaled(column):
    """An amount in ten-thousandths, in SQL; those that no BIGINT holds are the greatest."""
    cases = []
    for decimals, codes in CODES_BY_EXPONENT.items():
        factor, listed = 10 ** (4 - decimals), ", ".join(f"'{code}'" for code in codes)
        most = (2**63 - 1) // factor
        cases.append(f"WHEN currency IN ({listed}) AND {column} > {most} THEN {2**63 - 1}")
        cases.append(f"WHEN currency IN ({listed}) AND {column} < -{most} THEN -{2**63 - 1}")
        cases.append(f"WHEN currency IN ({listed}) THEN {column} * {factor}")
    return f"CASE {' '.join(cases)} ELSE {column} * 100 END"


ORDERS = f"""
UPDATE customer_order SET sort_total = {scaled('total_gross_minor')},
    sort_balance = {scaled('balance_minor')}
"""
PRODUCTS = f"UPDATE product SET sort_price = {scaled('price_minor')}"


async def fill(apps, schema_editor):
    """Orders with a promise or a due time keep them as numbers, too."""
    orders = apps.get_model('models.Order').all().using_db(schema_editor.client)
    page = await orders.order_by('id').limit(BATCH)
    while page:
        changed = [each for each in page if each.promised_at or each.stage_due_at]
        for order in changed:
            order.sort_promised = sortable(order.promised_at)
            order.sort_due = sortable(order.stage_due_at)
        if changed:
            columns = ('sort_promised', 'sort_due')
            await type(page[0]).bulk_update(changed, columns, batch_size=200, using_db=schema_editor.client)
        page = await orders.filter(id__gt=page[-1].id).order_by('id').limit(BATCH)


class Migration(migrations.Migration):
    dependencies = [('models', '0009_balance')]

    operations = [
        ops.AddField('Order', 'sort_total', fields.BigIntField(default=0, db_default=0)),
        ops.AddField('Order', 'sort_balance', fields.BigIntField(default=0, db_default=0)),
        ops.AddField('Order', 'sort_promised', fields.BigIntField(default=NEVER, db_default=NEVER)),
        ops.AddField('Order', 'sort_due', fields.BigIntField(default=NEVER, db_default=NEVER)),
        ops.AddField('Product', 'sort_price', fields.BigIntField(default=0, db_default=0)),
        ops.RunSQL(ORDERS, ops.RunSQL.noop),
        ops.RunSQL(PRODUCTS, ops.RunSQL.noop),
        ops.RunPython(fill, ops.RunPython.noop),
        ops.RemoveIndex('Order', name='order_by_total'),
        ops.RemoveIndex('Order', name='order_by_balance'),
        ops.RemoveIndex('Product', name='product_by_price'),
        ops.AddIndex('Order', Index(fields=['sort_total', 'id'], name='order_by_total')),
        ops.AddIndex('Order', Index(fields=['sort_balance', 'id'], name='order_by_balance')),
        ops.AddIndex('Order', Index(fields=['sort_promised', 'id'], name='order_by_promise')),
        ops.AddIndex('Order', Index(fields=['sort_due', 'id'], name='order_by_due')),
        ops.AddIndex('Product', Index(fields=['sort_price', 'id'], name='product_by_price')),
    ]
