from tortoise import migrations
from tortoise.migrations import operations as ops
from models.columns import UtcDatetime, new_id
from models.rules.access import ActorKind
from models.rules.inventory import MovementKind
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0003_credit')]

    operations = [
        ops.CreateModel(
            name='TrackedUnit',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('product', fields.ForeignKeyField('models.Product', source_field='product_id', db_constraint=True, to_field='id', related_name='tracked_units', on_delete=OnDelete.RESTRICT)),
                ('code', fields.CharField(max_length=64)),
                ('expires_on', fields.DateField(null=True)),
                ('sold', fields.BigIntField(default=0)),
                ('movement_seq', fields.IntField(default=0)),
                ('created_at', UtcDatetime()),
                ('moved_at', UtcDatetime()),
            ],
            options={'table': 'tracked_unit', 'app': 'models', 'unique_together': (('product_id', 'code'),), 'indexes': [Index(fields=['code', 'moved_at'], name='tracked_unit_by_code')], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ShipmentUnit',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('shipment_line', fields.ForeignKeyField('models.ShipmentLine', source_field='shipment_line_id', db_constraint=True, to_field='id', related_name='units', on_delete=OnDelete.CASCADE)),
                ('unit', fields.ForeignKeyField('models.TrackedUnit', source_field='unit_id', db_constraint=True, to_field='id', related_name='shipments', on_delete=OnDelete.RESTRICT)),
                ('quantity', fields.BigIntField()),
            ],
            options={'table': 'shipment_unit', 'app': 'models', 'unique_together': (('shipment_line_id', 'unit_id'),), 'indexes': [Index(fields=['unit_id'], name='shipment_unit_by_unit')], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='UnitMovement',
            fields=[
                ('actor_kind', fields.CharEnumField(description='STAFF: STAFF\nCUSTOMER: CUSTOMER\nPARTNER: PARTNER\nGUEST: GUEST\nSYSTEM: SYSTEM', enum_type=ActorKind, max_length=16)),
                ('actor_id', fields.CharField(max_length=64)),
                ('actor_name', fields.CharField(null=True, max_length=200)),
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('unit', fields.ForeignKeyField('models.TrackedUnit', source_field='unit_id', db_constraint=True, to_field='id', related_name='movements', on_delete=OnDelete.RESTRICT)),
                ('sequence', fields.IntField()),
                ('at', UtcDatetime()),
                ('kind', fields.CharEnumField(description='RECEIPT: RECEIPT\nRESERVE: RESERVE\nRELEASE: RELEASE\nSHIP: SHIP\nRETURN: RETURN\nADJUST: ADJUST\nDAMAGE: DAMAGE\nTRANSFER_OUT: TRANSFER_OUT\nTRANSFER_IN: TRANSFER_IN\nCOUNT: COUNT\nSCRAP: SCRAP', enum_type=MovementKind, max_length=16)),
                ('quantity', fields.BigIntField()),
                ('stock_item', fields.ForeignKeyField('models.StockItem', source_field='stock_item_id', null=True, db_constraint=True, to_field='id', related_name='unit_movements', on_delete=OnDelete.RESTRICT)),
                ('supplier_id', fields.UUIDField(null=True)),
                ('order_id', fields.UUIDField(null=True)),
                ('order_line_id', fields.UUIDField(null=True)),
                ('shipment_id', fields.UUIDField(null=True)),
                ('return_id', fields.UUIDField(null=True)),
            ],
            options={'table': 'unit_movement', 'app': 'models', 'unique_together': (('unit_id', 'sequence'),), 'indexes': [Index(fields=['stock_item_id'], name='unit_movement_by_stock'), Index(fields=['order_line_id'], name='unit_movement_by_order_line')], 'pk_attr': 'id'},
            bases=['ByActor'],
        ),
        ops.CreateModel(
            name='UnitStock',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('unit', fields.ForeignKeyField('models.TrackedUnit', source_field='unit_id', db_constraint=True, to_field='id', related_name='stock', on_delete=OnDelete.RESTRICT)),
                ('stock_item', fields.ForeignKeyField('models.StockItem', source_field='stock_item_id', db_constraint=True, to_field='id', related_name='units', on_delete=OnDelete.RESTRICT)),
                ('quantity', fields.BigIntField()),
                ('assigned', fields.BigIntField(default=0)),
                ('damaged', fields.BigIntField(default=0)),
            ],
            options={'table': 'unit_stock', 'app': 'models', 'unique_together': (('stock_item_id', 'unit_id'),), 'indexes': [Index(fields=['unit_id'], name='unit_stock_by_unit')], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        # Tortoise creates checks only as operations of their own.
        ops.AddConstraint('TrackedUnit', CheckConstraint(check='sold >= 0', name='tracked_unit_sold')),
        ops.AddConstraint('ShipmentUnit', CheckConstraint(check='quantity > 0', name='shipment_unit_quantity')),
        ops.AddConstraint('UnitStock', CheckConstraint(check='quantity >= 0', name='unit_stock_quantity')),
        ops.AddConstraint('UnitStock', CheckConstraint(check='assigned >= 0', name='unit_stock_assigned')),
        ops.AddConstraint('UnitStock', CheckConstraint(check='damaged >= 0', name='unit_stock_damaged')),
        ops.AddConstraint('UnitStock', CheckConstraint(check='assigned + damaged <= quantity', name='unit_stock_taken')),
    ]
