"""Who calls outside, now and within the last hour: what limits are measured by."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jackfield.records.models import CallRecord
from jackfield.routing.decision import Used
from jackfield.routing.outbound import begins

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
        self._entries: list[Entry] = []

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else decides meanwhile: look and take in one go."""
        with self._lock:
            yield

    def begin(self, entry: Entry) -> None:
        """A call goes outside; again, for one that has done so before and has lost that leg (after a transfer)."""
        with self._lock:
            self._forget()
            for gone in self._running(entry.call):
                gone.talked_seconds = self._seconds_since(gone, self._now() - HOUR)
                gone.ended = self._now()
            self._entries.append(entry)

    def move(self, before: str, call: str) -> None:
        """What goes outside is a leg of another call now."""
        with self._lock:
            for entry in self._running(before):
                entry.call = call

    def end(self, call: str, talked_seconds: float) -> None:
        """A call is over."""
        with self._lock:
            for entry in self._running(call):
                entry.ended, entry.talked_seconds = self._now(), talked_seconds

    def _running(self, call: str) -> list[Entry]:
        return [entry for entry in self._entries if entry.call == call and entry.ended is None]

    def restore(self, entries: Iterable[Entry]) -> None:
        """Take up calls of before a restart."""
        with self._lock:
            known = {entry.call for entry in self._entries}
            self._entries += [entry for entry in entries if entry.call not in known]

    def used(self, extensions: frozenset[str] | None, prefix: str) -> Used:
        """As `Situation.used`."""
        with self._lock:
            since = self._now() - HOUR
            mine = [
                e
                for e in self._entries
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
        self._entries = [e for e in self._entries if e.ended is None or e.ended >= old]
