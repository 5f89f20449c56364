"""Exchange rates."""

from tortoise import fields
from tortoise.models import Model

from models.columns import currency_code, exchange_rate, identity


class ExchangeRate(Model):
    """The value of one unit of a currency in the company's, from a day on until the next rate."""

    id = identity()
    currency = currency_code()
    day = fields.DateField()
    rate = exchange_rate()

    class Meta:
        table = "exchange_rate"
        unique_together = (("currency", "day"),)
