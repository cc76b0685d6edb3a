"""How long a caller in line will probably wait. Pure.

With all agents of an M/M/c queue busy, the caller at place p waits for p talks to end, of which c/S end in a second:
p · S / c on average, and no estimate made of the place alone is better (W. Whitt, "Predicting Queueing Delays",
Management Science 45, 1999). S is not known: agents serve other queues as well, have wrap-up and let calls ring, and
callers ahead give up or are overtaken. So what a place has cost of late is measured of callers who waited, in seconds
of one agent's time: waited × agents ÷ place. Its mean, with older callers counting less and less, stands in for S.
"""

from __future__ import annotations

import math

REMEMBERED = 50
"""How many callers back the measure goes, roughly: each newer one makes the older ones count 1/50 less."""
LEAST_PLACES = 3.0
"""Places that must have been waited for before anything is foretold."""
MINUTE = 60.0
LONGEST_MINUTES = 60


class Forecast:
    """One queue's."""

    __slots__ = ("_places", "_seconds")

    def __init__(self) -> None:
        self._seconds = self._places = 0.0

    def taken(self, waited: float, place: int, agents: int) -> None:
        """A caller who came in at a place has reached an agent.

        Args:
            waited: seconds in the queue.
            place: 1 for one who came in as the first in line.
            agents: of the queue, at work now.
        """
        kept = 1 - 1 / REMEMBERED
        self._seconds = self._seconds * kept + waited * agents
        self._places = self._places * kept + place

    def expected(self, place: int, agents: int) -> float | None:
        """Seconds of waiting for who is at a place; None when nobody can tell."""
        if not agents or self._places < LEAST_PLACES:
            return None
        return place * self._seconds / self._places / agents


def told_minutes(seconds: float) -> int:
    """Minutes as people are told: rounded up, and the more the longer.

    Returns:
        0 for less than a minute; more than `LONGEST_MINUTES` for longer than that.

    >>> [told_minutes(s) for s in (20, 61, 500, 700, 2000, 9000)]
    [0, 2, 9, 15, 40, 61]
    """
    if seconds < MINUTE:
        return 0
    minutes = math.ceil(seconds / MINUTE)
    if minutes > LONGEST_MINUTES:
        return LONGEST_MINUTES + 1
    step = 1 if minutes <= 10 else 5 if minutes <= 30 else 10
    return math.ceil(minutes / step) * step
