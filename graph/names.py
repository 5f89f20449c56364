"""What types and fields are called in the schema."""

from functools import lru_cache
from typing import Final

from strawberry.schema.name_converter import NameConverter
from strawberry.types.base import StrawberryType
from strawberry.utils.str_converters import to_camel_case

SHORT_NAMES: Final = {"StockItem": "Stock", "StockMovement": "Movement"}
"""What connections of these types begin with, where it is not the type's whole name."""


class Names(NameConverter):
    """Strawberry's names, with shorter ones for some connections.

    Strawberry asks for the name of each argument of each call again.
    """

    def apply_naming_config(self, name: str) -> str:
        return _camel_case(name)

    def get_name_from_type(self, type_: StrawberryType | type) -> str:
        name = super().get_name_from_type(type_)
        return SHORT_NAMES.get(name, name)


@lru_cache(maxsize=10_000)
def _camel_case(name: str) -> str:
    return to_camel_case(name)
