"""Settings of streams: intervals, deadlines and sizes."""

import random
from dataclasses import dataclass

MAX_PAUSE_SECONDS = 10.0


@dataclass(frozen=True)
class StreamSettings:
    """Times are in seconds, unless the name has another unit.

    Without a notice an event is found after `poll_seconds`. If the process with the lease is
    killed, the feed stands still for `lease_seconds`. A cursor is valid for `replay_days`. At most
    `queue_size` events wait in a topic; with more it reads the feed again.
    """

    poll_seconds: float = 0.25
    lease_seconds: float = 10.0
    standby_seconds: float = 1.0
    database_seconds: float = 10.0
    heartbeat_seconds: float = 15.0
    stop_seconds: float = 5.0
    queue_size: int = 1_000
    batch_size: int = 500
    replay_days: int = 30

    def pause_after(self, failures: int) -> float:
        """Seconds to pause after failures in a row: doubling up to a limit, with random jitter."""
        longest = min(self.poll_seconds * 2 ** min(failures, 10), MAX_PAUSE_SECONDS)
        return random.uniform(longest / 2, longest)  # noqa: S311 - spreads the attempts
