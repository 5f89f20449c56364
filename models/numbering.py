"""Counters of order, shipment, return and invoice numbers."""

from tortoise import fields
from tortoise.models import Model


class NumberCounter(Model):
    """The last assigned number of a scope, such as one channel's month."""

    scope = fields.CharField(max_length=128, primary_key=True)
    value = fields.BigIntField(default=0)

    class Meta:
        table = "number_counter"
