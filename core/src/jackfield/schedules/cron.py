"""Set times as cron(5) writes them: minute, hour, day of the month, month, day of the week. Rules without I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_PART = re.compile(r"(?:(\*)|([0-9]{1,2})(?:-([0-9]{1,2}))?)(?:/([0-9]{1,2}))?")
_YEARS = 9
"""How far ahead a time is looked for: 29 February may be eight years away."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed line."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool
    """Both days are limited: one of them is enough, as in cron(5)."""

    def on(self, day: date) -> bool:
        """Whether it runs on a day."""
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return of_month or of_week if self.either else of_month and of_week


def parse(line: str) -> Cron:
    """Read a line such as `30 2 * * 1-5`.

    Each field is `*`, a number, a range `1-5`, a list of those with commas; `/n` takes every nth. Sunday is 0 or 7.

    Raises:
        ValueError: it is not of that form, or never comes; the sentence says which field.
    """
    words = line.split()
    if len(words) != len(_FIELDS):
        raise ValueError(f"{line!r} has {len(words)} fields; write minute hour day month weekday, as in '30 2 * * *'")
    minute, hour, day, month, week = (
        _field(word, name, low, high) for word, (name, low, high) in zip(words, _FIELDS, strict=True)
    )
    cron = Cron(
        tuple(sorted(minute)),
        tuple(sorted(hour)),
        frozenset(day),
        frozenset(month),
        frozenset(number % 7 for number in week),
        not words[2].startswith("*") and not words[4].startswith("*"),
    )
    if next_after(cron, datetime(2000, 1, 1, tzinfo=UTC), ZoneInfo("UTC")) is None:
        raise ValueError(f"{line!r} never comes: no month of those has such a day")
    return cron


def _field(word: str, name: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in word.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"{name} {part!r} is not *, a number, or a range as 1-5")
        star, first, last, step = match.groups()
        start, end = (low, high) if star else (int(first), int(last or (high if step else first)))
        if not low <= start <= end <= high or step == "0":
            raise ValueError(f"{name} {part!r} is outside of {low}-{high}")
        found.update(range(start, end + 1, int(step or 1)))
    return found


def next_after(cron: Cron, moment: datetime, zone: ZoneInfo) -> datetime | None:
    """The next time after `moment`, by the zone's clock; UTC. None when there is none within years.

    A time that the clock skips in spring comes as much later; one that comes twice in autumn counts once.
    """
    local = moment.astimezone(zone)
    day = local.date()
    for _ in range(366 * _YEARS):
        if cron.on(day):
            for hour in cron.hours:
                for minute in cron.minutes:
                    found = datetime.combine(day, time(hour, minute), zone).astimezone(UTC)
                    if found > moment:
                        return found
        day += timedelta(days=1)
    return None
