from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from models.columns import new_id
from models.rules.text import phone_key

BATCH = 1_000


async def fill(apps, schema_editor):
    """Customers are found by their phone numbers and tags, too."""
    client = schema_editor.client
    table, tags = apps.get_model('models.Customer'), apps.get_model('models.CustomerTag')
    customers = table.all().using_db(client)
    page = await customers.order_by('id').limit(BATCH)
    while page:
        for customer in page:
            customer.phone_key = phone_key(customer.phone)
        with_phone = [each for each in page if each.phone_key]
        if with_phone:
            await table.bulk_update(with_phone, ('phone_key',), batch_size=200, using_db=client)
        rows = [
            tags(id=new_id(), customer_id=each.id, tag=tag) for each in page for tag in each.tags or ()
        ]
        if rows:
            await tags.bulk_create(rows, batch_size=200, using_db=client)
        page = await customers.filter(id__gt=page[-1].id).order_by('id').limit(BATCH)


class Migration(migrations.Migration):
    dependencies = [('models', '0011_imported_rows')]

    operations = [
        ops.CreateModel(
            name='CustomerTag',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('customer', fields.ForeignKeyField('models.Customer', source_field='customer_id', db_constraint=True, to_field='id', related_name='tag_rows', on_delete=OnDelete.CASCADE)),
                ('tag', fields.CharField(max_length=64)),
            ],
            options={'table': 'customer_tag', 'app': 'models', 'unique_together': (('customer_id', 'tag'),), 'indexes': [Index(fields=['tag', 'customer_id'], name='customer_tag_by_tag')], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddField('Customer', 'phone_key', fields.CharField(max_length=64, null=True)),
        ops.RunPython(fill, ops.RunPython.noop),
        ops.AddIndex('Customer', Index(fields=['phone_key'], name='customer_by_phone')),
        ops.AddIndex('Customer', Index(fields=['blocked', 'sort_name', 'id'], name='customer_by_block')),
        ops.AddIndex('Return', Index(fields=['created_at', 'id'], name='return_by_age')),
        ops.AddIndex('Return', Index(fields=['status', 'created_at', 'id'], name='return_by_status')),
        ops.AddIndex('Invoice', Index(fields=['due_at'], name='invoice_by_due')),
    ]
