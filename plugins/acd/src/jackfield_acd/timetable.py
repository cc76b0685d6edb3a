"""When a waiting caller is told what. Pure: times are monotonic seconds."""

from __future__ import annotations

from jackfield_acd.forecast import LONGEST_MINUTES, told_minutes
from jackfield_acd.kinds import Queue

NEVER = float("inf")


class Timetable:
    """One caller's time in one queue. The queue is an argument, for it may change meanwhile."""

    def __init__(self, now: float, *, told: bool = False) -> None:
        """`told`: the place in line need not be told at once."""
        self._place_told: float | None = now if told else None
        self._announced = now
        self._next = 0

    def due(self, queue: Queue) -> float:
        """When something is to be said next; the past means now."""
        return min(self._place_due(queue), self._announcement_due(queue))

    def sounds(self, queue: Queue, now: float, position: int, expected: float | None) -> list[str]:
        """What is to be said now."""
        said = place_sounds(queue, position, expected) if self._place_due(queue) <= now else []
        if self._announcement_due(queue) <= now:
            said.append(queue.announcements[self._next % len(queue.announcements)])
        return said

    def said(self, queue: Queue, begun: float, over: float) -> None:
        """What was due when it began has been said, or need not be; intervals count from its end."""
        place, announcement = self._place_due(queue) <= begun, self._announcement_due(queue) <= begun
        if place:
            self._place_told = over
        if announcement:
            self._next, self._announced = self._next + 1, over

    def _place_due(self, queue: Queue) -> float:
        if not (queue.announce_position or queue.announce_wait or queue.callback_key):
            return NEVER
        if self._place_told is None:
            return 0.0
        return self._place_told + queue.announce_every if queue.announce_every else NEVER

    def _announcement_due(self, queue: Queue) -> float:
        return self._announced + queue.announcements_every if queue.announcements else NEVER


def place_sounds(queue: Queue, position: int, expected: float | None) -> list[str]:
    """The place in line, the expected wait (in seconds; None: nobody can tell), and the offer to be called back."""
    said = ["acd-position-before", f"number:{position}", "acd-position-after"] if queue.announce_position else []
    if queue.announce_wait and expected is not None:
        minutes = told_minutes(expected)
        if minutes == 0:
            said.append("acd-wait-short")
        elif minutes > LONGEST_MINUTES:
            said.append("acd-wait-long")
        else:
            said += ["acd-wait-before", f"number:{minutes}", "acd-wait-after"]
    return [*said, "acd-callback-offer", f"digits:{queue.callback_key}"] if queue.callback_key is not None else said
