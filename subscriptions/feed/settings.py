"""How often, how long, how many: what an operator may set about streams."""

import random
from dataclasses import dataclass

MAX_PAUSE_SECONDS = 10.0


@dataclass(frozen=True)
class StreamSettings:
    """Times in seconds, unless named otherwise.

    `poll_seconds` is how soon an event is found without any notice. `lease_seconds` is how long the
    feed stands still after the process that numbers it was killed. A cursor is good for
    `replay_days`. A subscriber has at most `queue_size` events waiting; if it takes none for
    `stalled_seconds` while more come, its stream is closed.
    """

    poll_seconds: float = 0.25
    lease_seconds: float = 10.0
    standby_seconds: float = 1.0
    database_seconds: float = 10.0
    heartbeat_seconds: float = 15.0
    stalled_seconds: float = 10.0
    stop_seconds: float = 5.0
    queue_size: int = 1_000
    batch_size: int = 500
    replay_days: int = 30

    def pause_after(self, failures: int) -> float:
        """How long to rest after so many failures in a row, longer each time and never alike."""
        longest = min(self.poll_seconds * 2 ** min(failures, 10), MAX_PAUSE_SECONDS)
        return random.uniform(longest / 2, longest)  # noqa: S311 - spreads the attempts
