from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from models.columns import UtcDatetime
from models.rules.delays import OPEN, USUAL, Stage, due_at, stage_of

BATCH = 1_000
STAGES = 'CONFIRM: CONFIRM\nPREPARE: PREPARE\nSHIP: SHIP\nDELIVER: DELIVER'


async def fill(apps, schema_editor):
    """Open orders get a stage, entered when they were last changed, and the usual deadlines.

    When they entered it is not kept anywhere; it was not later. The operator's own deadlines hold for
    an order from its next change on.
    """
    orders = apps.get_model('models.Order').filter(status__in=OPEN).using_db(schema_editor.client)
    page = await orders.order_by('id').limit(BATCH)
    while page:
        for order in page:
            order.stage = stage_of(order.status, order.fulfillment_status)
            if order.stage:
                order.stage_since = order.updated_at
                order.stage_due_at = due_at(order.stage, order.updated_at, order.promised_at, USUAL)
        columns = ('stage', 'stage_since', 'stage_due_at')
        await type(page[0]).bulk_update(page, columns, batch_size=200, using_db=schema_editor.client)
        page = await orders.filter(id__gt=page[-1].id).order_by('id').limit(BATCH)


class Migration(migrations.Migration):
    dependencies = [('models', '0001_initial')]

    operations = [
        ops.AddField('Order', 'stage', fields.CharEnumField(null=True, description=STAGES, enum_type=Stage, max_length=16)),
        ops.AddField('Order', 'stage_since', UtcDatetime(null=True)),
        ops.AddField('Order', 'stage_due_at', UtcDatetime(null=True)),
        ops.AddField('Order', 'delayed_stage', fields.CharEnumField(null=True, description=STAGES, enum_type=Stage, max_length=16)),
        ops.RunPython(fill, ops.RunPython.noop),
        ops.AddIndex('Order', Index(fields=['stage_due_at', 'delayed_stage'], name='order_by_stage_due')),
        ops.RemoveIndex('Order', name='order_by_promise'),
    ]
