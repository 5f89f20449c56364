"""Arguments that many fields share, with their descriptions."""

from typing import Annotated, Final

import strawberry

from resolvers.inputs.filtering import ExternalRefInput
from resolvers.scalars import Cursor

First = Annotated[
    int | None,
    strawberry.argument(
        description="The number of objects from the start, 0 to 100. Without `first` and "
        "`last`: 20. Not together with `last`."
    ),
]
After = Annotated[Cursor | None, strawberry.argument(description="Only objects after this cursor.")]
Last = Annotated[
    int | None,
    strawberry.argument(
        description="The number of objects from the end, 0 to 100. Not together with `first`."
    ),
]
Before = Annotated[
    Cursor | None, strawberry.argument(description="Only objects before this cursor.")
]
Descending = Annotated[
    bool,
    strawberry.argument(
        description="True: the greatest or latest first. False: the least or earliest first."
    ),
]
_SEARCH: Final = (
    "At most 10 words; each must start a word of the object, or stand anywhere in a script without "
    "blanks. Case, accents and the spelling of umlauts do not count. At most 500 characters. "
)
CustomerSearch = Annotated[
    str | None,
    strawberry.argument(
        description=_SEARCH
        + "Covers name, code, e-mail and keys in other systems. A telephone number is found by its "
        "digits, at least the last 5."
    ),
]
ProductSearch = Annotated[
    str | None,
    strawberry.argument(
        description=_SEARCH + "Covers name, SKU, barcode and keys in other systems."
    ),
]
StockSearch = Annotated[
    str | None,
    strawberry.argument(
        description=_SEARCH.replace("the object", "the product")
        + "Covers the product's name, SKU, barcode and keys in other systems."
    ),
]
SupplierSearch = Annotated[
    str | None, strawberry.argument(description=_SEARCH + "Covers name and code.")
]
OrderSearch = Annotated[
    str | None,
    strawberry.argument(
        description=_SEARCH
        + "Covers the order's number, also its end; its keys in other systems; the customer's "
        "present name, code, e-mail, telephone and keys; and the SKUs of its lines."
    ),
]
Id = Annotated[strawberry.ID, strawberry.argument(description="The object's global id.")]
OptionalId = Annotated[
    strawberry.ID | None, strawberry.argument(description="The object's global id.")
]
OptionalRef = Annotated[
    ExternalRefInput | None, strawberry.argument(description="The object's key in another system.")
]
Version = Annotated[
    int,
    strawberry.argument(
        description="The version that the caller read. Another present version is answered "
        "VERSION_CONFLICT."
    ),
]
OptionalVersion = Annotated[
    int | None,
    strawberry.argument(
        description="The version that the caller read. Another present version is answered "
        "VERSION_CONFLICT; without a version nothing is compared. Only together with `id`."
    ),
]
