"""Checks inputs of several areas: amounts of money and names of channels."""

from decimal import Decimal
from typing import Final

from models.rules.errors import (
    invalid,
)
from models.rules.money import (
    to_minor,
)

MAX_CHANNEL: Final = 32


def clean_channel(text: str) -> str:
    """The channel's name.

    Raises:
        InputError: it is empty, too long, or not letters, digits, `-` and `_`.
    """
    channel = text.strip()
    plain = channel.replace("-", "").replace("_", "")
    if not plain.isascii() or not plain.isalnum() or len(channel) > MAX_CHANNEL:
        raise invalid("A channel is 1 to 32 letters, digits, - and _.", "channel")
    return channel


def amount(value: Decimal, currency: str, *path: str) -> int:
    """A decimal input in minor units.

    Raises:
        InputError: below zero, too large, or with more decimals than the currency.
    """
    try:
        minor = to_minor(value, currency)
    except ValueError as error:
        raise invalid(str(error), *path) from None
    if minor < 0:
        raise invalid("An amount is not below zero.", *path)
    return minor
