"""Arguments that many fields have, described once."""

from typing import Annotated, Final

import strawberry

from resolvers.inputs.filtering import ExternalRefInput
from resolvers.scalars import Cursor

First = Annotated[
    int | None, strawberry.argument(description="How many from the start, at most 100; else 20.")
]
After = Annotated[Cursor | None, strawberry.argument(description="Only what comes after this.")]
Last = Annotated[int | None, strawberry.argument(description="How many from the end, at most 100.")]
Before = Annotated[Cursor | None, strawberry.argument(description="Only what comes before this.")]
Descending = Annotated[bool, strawberry.argument(description="Greatest or latest first.")]
_SEARCH: Final = (
    "At most 10 words, each of which begins a word of the object; in scripts without blanks it may "
    "stand anywhere. Case, accents and the spellings of umlauts are equal. "
)
CustomerSearch = Annotated[
    str | None,
    strawberry.argument(
        description=_SEARCH
        + "Covers name, code, e-mail and keys of other systems; a text that is a telephone number "
        "finds it however it is written, from its last 5 digits on."
    ),
]
ProductSearch = Annotated[
    str | None,
    strawberry.argument(
        description=_SEARCH + "Covers name, SKU, barcode and keys of other systems."
    ),
]
StockSearch = Annotated[
    str | None,
    strawberry.argument(
        description=_SEARCH.replace("the object", "the product")
        + "Covers name, SKU, barcode and keys of other systems of the product."
    ),
]
SupplierSearch = Annotated[
    str | None, strawberry.argument(description=_SEARCH + "Covers name and code.")
]
OrderSearch = Annotated[
    str | None,
    strawberry.argument(
        description=_SEARCH
        + "Covers the number, also its end; keys of other systems; name, code, e-mail, telephone "
        "and keys of the customer as they are now; and the SKUs of the products ordered."
    ),
]
Id = Annotated[strawberry.ID, strawberry.argument(description="The object's id.")]
OptionalId = Annotated[strawberry.ID | None, strawberry.argument(description="By its id.")]
OptionalRef = Annotated[
    ExternalRefInput | None, strawberry.argument(description="By another system's key.")
]
Version = Annotated[
    int, strawberry.argument(description="The version that you saw; refused if it has changed.")
]
OptionalVersion = Annotated[
    int | None,
    strawberry.argument(description="The version that you saw; without it nothing is compared."),
]
