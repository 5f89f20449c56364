"""Transition tables: from which state each action leads where, checked when they are made."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final, Generic, TypeVar

State = TypeVar("State", bound=StrEnum)
Action = TypeVar("Action", bound=StrEnum)

OTHERWISE: Final = ""
"""The guard of the last alternative, which always holds."""


class Unreachable(Exception):
    """A table has states that no sequence of its actions leads to."""


class NotAllowed(Exception):
    """The state does not allow the action."""


class Table(Generic[State, Action]):
    """The moves of one status. A move leads to one state, or by guards to several.

    The first guard that holds decides; `OTHERWISE` is last.

    Raises:
        Unreachable: a state of the enum cannot be reached from the initial states.
    """

    def __init__(
        self,
        states: type[State],
        initial: frozenset[State],
        moves: Mapping[tuple[State, Action], State | Mapping[str, State]],
    ) -> None:
        self.states = states
        self.initial = initial
        self.moves = dict(moves)
        lost = set(states) - self._reachable()
        if lost:
            raise Unreachable(", ".join(sorted(lost)))

    def allowed(self, state: State) -> tuple[Action, ...]:
        """The possible actions in a state, in the order of the table."""
        return tuple(action for (origin, action) in self.moves if origin == state)

    def next(self, state: State, action: Action, holds: Collection[str] = ()) -> State:
        """The next state after an action, given the guards that hold.

        Raises:
            NotAllowed: the state does not allow the action.
        """
        for guard, end in self.ends(state, action):
            if guard == OTHERWISE or guard in holds:
                return end
        raise NotAllowed(f"{action} in {state}")

    def ends(self, state: State, action: Action) -> tuple[tuple[str, State], ...]:
        """The possible next states of an action, each with its guard; none if it is not allowed."""
        move = self.moves.get((state, action), {})
        return tuple(move.items()) if isinstance(move, Mapping) else ((OTHERWISE, move),)

    def _reachable(self) -> set[State]:
        reached = set(self.initial)
        waiting = list(self.initial)
        while waiting:
            state = waiting.pop()
            following = {
                end for action in self.allowed(state) for _, end in self.ends(state, action)
            }
            waiting += following - reached
            reached |= following
        return reached

    def diagram(self) -> str:
        """The table as a state diagram for Mermaid."""
        arrows: dict[tuple[State, State], list[str]] = {}
        for origin, action in self.moves:
            for guard, end in self.ends(origin, action):
                label = f"{action} [{guard}]" if guard else str(action)
                arrows.setdefault((origin, end), []).append(label)
        left = {origin for origin, end in arrows if origin is not end}
        return "\n".join(
            [
                "stateDiagram-v2",
                *(f"    [*] --> {state}" for state in self.states if state in self.initial),
                *(
                    f"    {origin} --> {end} : {', '.join(labels)}"
                    for (origin, end), labels in arrows.items()
                ),
                *(f"    {state} --> [*]" for state in self.states if state not in left),
            ]
        )
