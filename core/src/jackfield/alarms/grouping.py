"""When to tell whom: news gather into one message, what flaps or repeats is held back. Rules without I/O."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from jackfield.alarms.models import Entry, Severity, What

URGENT_SECONDS = 2.0
"""Critical news and escalations gather for so long only."""
LONGEST_SECONDS, LONGEST_URGENT_SECONDS = 300.0, 60.0
RECENT_SECONDS = 600.0
"""Each message within this time doubles the wait before the next one, up to the longest."""


@dataclass(frozen=True, slots=True)
class News:
    """What a message says of one alarm."""

    entry: Entry
    passed: bool = False
    """It came and went before anybody was told."""


@dataclass(slots=True)
class _Pending:
    entry: Entry
    begun: What
    held_until: float


class Grouping:
    """Takes what happens to alarms and gives it back in groups. Not safe with threads; times are monotonic seconds."""

    def __init__(self, group_seconds: float, repeat_seconds: float) -> None:
        """`repeat_seconds`: an alarm that is raised anew within it is held back, and dropped if it clears again."""
        self._group, self._repeat = group_seconds, repeat_seconds
        self._pending: dict[str, _Pending] = {}
        self._up: set[str] = set()
        """Alarms that people were told are up."""
        self._told_raise: dict[str, float] = {}
        self._sent: deque[float] = deque(maxlen=8)
        self._ready: float | None = None

    def knows(self, key: str) -> None:
        """People were told of this alarm before the restart."""
        self._up.add(key)

    def concerns(self, key: str) -> bool:
        """Whether people were told of this alarm, or are about to be."""
        return key in self._up or key in self._pending

    def add(self, entry: Entry, now: float) -> None:
        """Something happened to an alarm."""
        if entry.what is What.ACKNOWLEDGED:
            return
        key = entry.alarm.key
        before = self._pending.get(key)
        if entry.what is What.CLEARED and key not in self._up and before is not None and before.held_until > now:
            del self._pending[key]  # people believe that it is clear, and so it is
            return
        held = self._told_raise.get(key, -self._repeat) + self._repeat if entry.what is What.RAISED else now
        begun = before.begun if before else entry.what
        self._pending[key] = _Pending(_strongest(before, entry), begun, max(held, now))
        self._ready = min(self._ready or float("inf"), max(now + self._wait(entry, now), held))

    def next_due(self) -> float | None:
        """When `take` has something; None while nothing waits."""
        return self._ready if self._pending else None

    def take(self, now: float) -> list[News]:
        """What is to be told now, worst first; empty when it is not time yet."""
        if self._ready is None or now < self._ready:
            return []
        ripe = [p for p in self._pending.values() if p.held_until <= now]
        for each in ripe:
            del self._pending[each.entry.alarm.key]
        self._ready = min((p.held_until for p in self._pending.values()), default=None)
        found = [news for each in ripe if (news := self._news(each, now)) is not None]
        if found:
            self._sent.append(now)
        return sorted(found, key=lambda n: -n.entry.alarm.severity.rank)

    def _news(self, pending: _Pending, now: float) -> News | None:
        key, entry = pending.entry.alarm.key, pending.entry
        if entry.what is What.CLEARED:
            told = key in self._up
            self._up.discard(key)
            if not told and pending.begun is What.CLEARED:
                return None
            self._told_raise[key] = now if not told else self._told_raise.get(key, now)
            return News(entry, passed=not told)
        if entry.what is What.RAISED and key in self._up:
            return None  # it came back before anybody was told that it had gone
        self._up.add(key)
        self._told_raise[key] = now
        for old in [k for k, at in self._told_raise.items() if at + self._repeat <= now]:
            del self._told_raise[old]
        return News(entry)

    def _wait(self, entry: Entry, now: float) -> float:
        growth: float = 2 ** sum(at + RECENT_SECONDS > now for at in self._sent)
        if entry.what is What.ESCALATED or entry.alarm.severity is Severity.CRITICAL:
            return min(min(URGENT_SECONDS, self._group) * growth, LONGEST_URGENT_SECONDS)
        return min(self._group * growth, max(self._group, LONGEST_SECONDS))


def _strongest(before: _Pending | None, entry: Entry) -> Entry:
    """An escalation or a flapping that waits is not forgotten for what came after it."""
    if before is None or entry.what in (What.CLEARED, What.ESCALATED):
        return entry
    if before.entry.what in (What.ESCALATED, What.FLAPPING):
        return replace(entry, what=before.entry.what)
    return entry
