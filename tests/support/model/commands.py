"""What a command is: how it is asked of the product, and what is foreseen on paper."""

from collections.abc import Awaitable, Callable
from dataclasses import MISSING, fields
from typing import Any, Protocol
from uuid import UUID

from tests.support.model.paper import Paper

Ask = Callable[[], Awaitable[Any]]
"""Asks it of the product; it may be asked again."""

Name = tuple[str | int, ...]
"""As `("shipment", 3, 1)`: the first shipment of the third order."""


class Names:
    """The product's ids of what has names on paper."""

    def __init__(self) -> None:
        self._ids: dict[Name, UUID] = {}
        self._names: dict[UUID, Name] = {}

    def learn(self, key: UUID, *name: str | int) -> None:
        self._ids[name] = key
        self._names[key] = name

    def of(self, *name: str | int) -> UUID:
        return self._ids[name]

    def name(self, key: UUID) -> Name:
        """Its name; what nobody foresaw goes by its id."""
        return self._names.get(key, (str(key),))

    def knows(self, key: UUID) -> bool:
        return key in self._names


class Written:
    """A dataclass that reads as somebody would write it: without what is as usual."""

    def __repr__(self) -> str:
        values = [
            (each, getattr(self, each.name), each.default is not MISSING)
            for each in fields(self)  # type: ignore[arg-type]
        ]
        told = [
            f"{each.name}={value!r}" if has_default else repr(value)
            for each, value, has_default in values
            if value != each.default
        ]
        return f"{type(self).__name__}({', '.join(told)})"


class Command(Protocol):
    """Something that somebody does. It reads as it was written: what fails prints a script."""

    def foresee(self, paper: Paper) -> Any:
        """Do it on paper, or raise `No`; what the product answers with, where it is a number."""

    def ask(self, paper: Paper, names: Names) -> Ask:
        """How the product is asked to do it, by those who saw it as it is on paper."""
