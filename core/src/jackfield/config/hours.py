"""Business hours: spans such as `mon-fri 09:00-18:00`, holidays, and dates with hours of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = "|".join(DAYS)
_TIMES = r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})"
_SPAN = re.compile(rf"({_DAY})(?:-({_DAY}))? ({_TIMES})")
_SPECIAL = re.compile(rf"(\S+) ({_TIMES})")
_YEARLY = re.compile(r"[0-9]{2}-[0-9]{2}")
_LEAP_YEAR = "2024-"


@dataclass(frozen=True, slots=True)
class Span:
    """Open from minute `start` to before minute `end` of the days (0 = Monday)."""

    days: frozenset[int]
    start: int
    end: int

    def covers(self, when: datetime) -> bool:
        """Whether a local time lies within."""
        return when.weekday() in self.days and self.start <= _minute(when) < self.end


@dataclass(frozen=True, slots=True)
class Dates:
    """The dates from `first` to `last`, both of them included, as in 2026-12-25, or every year as in 12-25."""

    first: str
    last: str

    def covers(self, day: date) -> bool:
        """Whether a date is one of them."""
        text = day.isoformat()[-len(self.first) :]
        if self.first <= self.last:
            return self.first <= text <= self.last
        return text >= self.first or text <= self.last  # over the new year

    @property
    def yearly(self) -> bool:
        """Whether they come every year."""
        return len(self.first) == 5


@dataclass(frozen=True, slots=True)
class Special:
    """Open from minute `start` to before minute `end` of some dates."""

    dates: Dates
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether it is open, and by what."""

    open: bool
    why: str


@lru_cache(maxsize=4096)
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
    count = (last - first) % 7 + 1
    return Span(frozenset((first + i) % 7 for i in range(count)), *_times(found[3]))


@lru_cache(maxsize=4096)
def parse_dates(text: str) -> Dates:
    """Read `2026-12-25`, `2026-12-24/2027-01-02` (ISO 8601's interval), and for every year `12-25`, `12-24/01-02`.

    Raises:
        ValueError: with a sentence that says what is wrong.
    """
    first, slash, last = text.partition("/")
    last = last if slash else first
    if not _is_date(first) or not _is_date(last) or len(first) != len(last):
        raise ValueError("not a date; write it as in 2026-12-25, 2026-12-24/2027-01-02, or for every year 12-25")
    if first > last and len(first) > 5:
        raise ValueError("the dates end before they begin; write the earlier one first")
    return Dates(first, last)


@lru_cache(maxsize=4096)
def parse_special(text: str) -> Special:
    """Read `2026-12-24 09:00-12:00`: dates as of `parse_dates`, and the hours of those dates.

    Raises:
        ValueError: with a sentence that says what is wrong.
    """
    found = _SPECIAL.fullmatch(text)
    if not found:
        raise ValueError("not the hours of a date; write it as in '2026-12-24 09:00-12:00'")
    return Special(parse_dates(found[1]), *_times(found[2]))


def opening(spans: Iterable[str], holidays: Iterable[str], special: Iterable[str], when: datetime) -> Opening:
    """Whether a local time is within the hours. Special dates count before holidays, and holidays before the week."""
    today = [one for one in map(parse_special, special) if one.dates.covers(when.date())]
    if today:
        is_open = any(one.start <= _minute(when) < one.end for one in today)
        return Opening(is_open, "special hours of this date")
    for holiday in holidays:
        if parse_dates(holiday).covers(when.date()):
            return Opening(False, f"holiday {holiday}")
    for span in spans:
        if parse_span(span).covers(when):
            return Opening(True, span)
    return Opening(False, "outside all spans")


def _times(text: str) -> tuple[int, int]:
    start_text, end_text = text.split("-")
    start, end = (int(t[:2]) * 60 + int(t[3:]) for t in (start_text, end_text))
    if int(start_text[3:]) > 59 or int(end_text[3:]) > 59 or start >= 24 * 60 or end > 24 * 60:
        raise ValueError("not a time of day; hours go from 00:00 to 24:00")
    if start >= end:
        raise ValueError("ends before it starts; a span over midnight is two spans, one a day")
    return start, end


def _is_date(text: str) -> bool:
    full = _LEAP_YEAR + text if _YEARLY.fullmatch(text) else text
    try:
        return date.fromisoformat(full).isoformat() == full
    except ValueError:
        return False


def _minute(when: datetime) -> int:
    return when.hour * 60 + when.minute
