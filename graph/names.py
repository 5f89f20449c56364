"""The names of types and fields in the schema."""

from functools import lru_cache
from typing import Final

from strawberry.schema.name_converter import NameConverter
from strawberry.types.base import StrawberryType
from strawberry.utils.str_converters import to_camel_case

SHORT_NAMES: Final = {"StockItem": "Stock", "StockMovement": "Movement"}
"""Prefixes of connections, if they differ from the type's name."""


class Names(NameConverter):
    """Strawberry's names, with short prefixes for some connections.

    The names are cached: Strawberry asks for each argument's name again at each call.
    """

    def apply_naming_config(self, name: str) -> str:
        return _camel_case(name)

    def get_name_from_type(self, type_: StrawberryType | type) -> str:
        name = super().get_name_from_type(type_)
        return SHORT_NAMES.get(name, name)


@lru_cache(maxsize=10_000)
def _camel_case(name: str) -> str:
    return to_camel_case(name)
