"""Business hours: spans such as `mon-fri 09:00-18:00`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = "|".join(DAYS)
_SPAN = re.compile(rf"({_DAY})(?:-({_DAY}))? ([0-9]{{2}}):([0-9]{{2}})-([0-9]{{2}}):([0-9]{{2}})")


@dataclass(frozen=True, slots=True)
class Span:
    """Open from minute `start` to before minute `end` of the days (0 = Monday)."""

    days: frozenset[int]
    start: int
    end: int

    def covers(self, when: datetime) -> bool:
        """Whether a local time lies within."""
        return when.weekday() in self.days and self.start <= when.hour * 60 + when.minute < self.end


def parse_span(text: str) -> Span:
    """Read `mon-fri 09:00-18:00` or `sat 10:00-14:00`; `sat-mon` goes round the week's end, 24:00 is the day's end.

    Raises:
        ValueError: with a sentence that says what is wrong.
    """
    found = _SPAN.fullmatch(text)
    if not found:
        raise ValueError("not a span of hours; write it as in 'mon-fri 09:00-18:00'")
    first = DAYS.index(found[1])
    last = DAYS.index(found[2] or found[1])
    start, end = (int(found[i]) * 60 + int(found[i + 1]) for i in (3, 5))
    if int(found[4]) > 59 or int(found[6]) > 59 or start >= 24 * 60 or end > 24 * 60:
        raise ValueError("not a time of day; hours go from 00:00 to 24:00")
    if start >= end:
        raise ValueError("ends before it starts; a span over midnight is two spans, one a day")
    count = (last - first) % 7 + 1
    return Span(frozenset((first + i) % 7 for i in range(count)), start, end)


def is_open(spans: Iterable[str], holidays: Iterable[str], when: datetime) -> bool:
    """Whether a local time (in the site's zone) is within the hours and on no holiday."""
    if when.date().isoformat() in set(holidays):
        return False
    return any(parse_span(span).covers(when) for span in spans)
