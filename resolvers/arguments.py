"""Arguments that many fields have, described once."""

from typing import Annotated

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
Search = Annotated[
    str | None,
    strawberry.argument(
        description="Words, each of which begins a word of the object. Case and accents are equal."
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
