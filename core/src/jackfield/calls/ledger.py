"""Who calls outside, now and within the last hour: what limits are measured by."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jackfield.records.models import CallRecord
from jackfield.routing.outbound import Used, begins

HOUR = timedelta(hours=1)


@dataclass(slots=True)
class Entry:
    """One call to the outside. `numbers` is what was dialled and what was sent; times are UTC."""

    call: str
    extension: str
    numbers: tuple[str, ...]
    started: datetime
    talked_seconds: float = 0.0
    ended: datetime | None = None


def entry_of(record: CallRecord) -> Entry:
    """What is on record of a call to the outside."""
    sent = [leg.number for leg in record.legs if leg.role == "trunk"]
    numbers = tuple(dict.fromkeys(number for number in (record.did, *sent) if number))
    return Entry(record.id, record.extension, numbers, record.started_at, record.talk_seconds, record.ended_at)


class Ledger:
    """All calls to the outside that count. Methods may be called from any thread.

    `answered_at` tells when somebody took a call that is live.
    """

    def __init__(
        self,
        answered_at: Callable[[str], datetime | None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._lock = threading.RLock()
        self._answered_at = answered_at
        self._now = now
        self._entries: dict[str, Entry] = {}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else decides meanwhile: look and take in one go."""
        with self._lock:
            yield

    def begin(self, entry: Entry) -> None:
        """A call goes outside."""
        with self._lock:
            self._forget()
            self._entries[entry.call] = entry

    def end(self, call: str, talked_seconds: float) -> None:
        """A call is over."""
        with self._lock:
            if (entry := self._entries.get(call)) and entry.ended is None:
                entry.ended, entry.talked_seconds = self._now(), talked_seconds

    def restore(self, entries: Iterable[Entry]) -> None:
        """Take up calls of before a restart."""
        with self._lock:
            for entry in entries:
                self._entries.setdefault(entry.call, entry)

    def used(self, extensions: frozenset[str] | None, prefix: str) -> Used:
        """As `Situation.used`."""
        with self._lock:
            since = self._now() - HOUR
            mine = [
                e
                for e in self._entries.values()
                if (extensions is None or e.extension in extensions) and any(begins(n, prefix) for n in e.numbers)
            ]
            return Used(
                sum(e.ended is None for e in mine),
                sum(e.started > since for e in mine),
                sum(self._seconds_since(e, since) for e in mine) / 60,
            )

    def _seconds_since(self, entry: Entry, since: datetime) -> float:
        if entry.ended is not None:
            return min(entry.talked_seconds, max(0.0, (entry.ended - since).total_seconds()))
        answered = self._answered_at(entry.call)
        return (self._now() - max(answered, since)).total_seconds() if answered else 0.0

    def _forget(self) -> None:
        old = self._now() - HOUR
        for call in [e.call for e in self._entries.values() if e.ended is not None and e.ended < old]:
            del self._entries[call]
