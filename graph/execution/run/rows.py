"""The objects of a level as columns, whether they are instances or rows of a table."""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter, itemgetter
from types import SimpleNamespace
from typing import Any

from services.storage.select import Names


class Rows:
    """Objects of one type. If the level has columns, plain tuples are rows of them.

    Either all objects are rows or none is.
    """

    def __init__(self, names: Names | None, objects: Sequence[Any]) -> None:
        self.objects = objects
        self.names: Names = names or ()
        self.are_tuples = names is not None and type(objects[0]) is tuple

    def __len__(self) -> int:
        return len(self.objects)

    def column(self, name: str) -> Sequence[Any]:
        """Each object's value of a name, or the exception that it raised."""
        if self.are_tuples:
            # A row may have more values than were asked for, at its end.
            return list(map(itemgetter(self.names.index(name)), self.objects))
        return each(attrgetter(name), self.objects)

    def parents(self, names: Names | None) -> Sequence[Any]:
        """The objects for resolvers that read attributes of these names."""
        if not self.are_tuples:
            return self.objects
        columns = [self.column(name) for name in names or ()]
        return [
            SimpleNamespace(**dict(zip(names or (), values, strict=True)))
            for values in zip(*columns, strict=True)
        ]


def each(function: Callable[..., Any], *columns: Iterable[Any]) -> list[Any]:
    """The function's result for each row of the columns, or the exception that it raised."""
    try:
        return list(map(function, *columns))
    except Exception:  # noqa: BLE001 - each row's error is found below
        return [attempt(function, *values) for values in zip(*columns, strict=False)]


def attempt(function: Callable[..., Any], *values: Any) -> Any:
    """The function's result, or an exception that it raised or was given."""
    for value in values:
        if isinstance(value, Exception):
            return value
    try:
        return function(*values)
    except Exception as error:  # noqa: BLE001 - becomes the field's error
        return error
