"""Transition tables: which action leads from which state to which, as data checked when made."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

State = TypeVar("State", bound=StrEnum)
Action = TypeVar("Action", bound=StrEnum)


class Unreachable(Exception):
    """A table has states that no sequence of its actions leads to."""


class NotAllowed(Exception):
    """The state does not allow the action."""


class Table(Generic[State, Action]):
    """The moves of one axis.

    Raises:
        Unreachable: a state of the enum cannot be reached from those where a subject begins.
    """

    def __init__(
        self,
        states: type[State],
        initial: frozenset[State],
        moves: Mapping[tuple[State, Action], State],
    ) -> None:
        self.states = states
        self.initial = initial
        self.moves = dict(moves)
        lost = set(states) - self._reachable()
        if lost:
            raise Unreachable(", ".join(sorted(lost)))

    def allowed(self, state: State) -> tuple[Action, ...]:
        """The actions that are possible in a state, in the order of the table."""
        return tuple(action for (origin, action) in self.moves if origin == state)

    def next(self, state: State, action: Action) -> State:
        """Where an action leads.

        Raises:
            NotAllowed: the state does not have it.
        """
        try:
            return self.moves[state, action]
        except KeyError:
            raise NotAllowed(f"{action} in {state}") from None

    def _reachable(self) -> set[State]:
        reached = set(self.initial)
        waiting = list(self.initial)
        while waiting:
            state = waiting.pop()
            following = {end for (origin, _), end in self.moves.items() if origin == state}
            waiting += following - reached
            reached |= following
        return reached

    def diagram(self) -> str:
        """The table as a state diagram in the words of Mermaid."""
        arrows: dict[tuple[State, State], list[Action]] = {}
        for (origin, action), end in self.moves.items():
            arrows.setdefault((origin, end), []).append(action)
        left = {origin for origin, end in arrows if origin is not end}
        return "\n".join(
            [
                "stateDiagram-v2",
                *(f"    [*] --> {state}" for state in self.states if state in self.initial),
                *(
                    f"    {origin} --> {end} : {', '.join(actions)}"
                    for (origin, end), actions in arrows.items()
                ),
                *(f"    {state} --> [*]" for state in self.states if state not in left),
            ]
        )
