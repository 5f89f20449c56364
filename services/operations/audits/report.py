"""The result of an audit: all differences counted, and the first ones listed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

MAX_LISTED: Final = 1_000


class Difference(Protocol):
    """A number that is wrong, or was."""

    @property
    def repaired(self) -> bool: ...


Found = TypeVar("Found", bound=Difference)


@dataclass(slots=True)
class Report(Generic[Found]):
    """The number of compared rows, and the differences; the first ones are listed."""

    compared: int = 0
    found: int = 0
    repaired: int = 0
    drifts: list[Found] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether no difference remains."""
        return self.found == self.repaired

    def add(self, drifts: Sequence[Found]) -> None:
        """Counts the drifts, and lists them up to the limit."""
        self.found += len(drifts)
        self.repaired += sum(drift.repaired for drift in drifts)
        self.drifts += drifts[: MAX_LISTED - len(self.drifts)]
