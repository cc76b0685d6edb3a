"""Puts on record what happens in queues: the journal, its table, the file `queue_log`, and what a restart has cost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import structlog
from jackfield.records.models import CallRow, LegRow, StepRow
from sqlmodel import col, select

from jackfield_acd import eventlog, mending
from jackfield_acd.background import Note
from jackfield_acd.eventlog import Entry, What
from jackfield_acd.journal import Journal
from jackfield_acd.queuelog import QueueLog

if TYPE_CHECKING:
    from jackfield.core import Timers
    from sqlmodel import Session

    from jackfield_acd.models import Clock
    from jackfield_acd.settings import AcdSettings

log = structlog.get_logger(__name__)
MEND_SECONDS = 1.0
"""So long after a call's end its record is surely written; while it is not, it is looked at again."""
MEND_TIMES = 8
LOOK_BACK = timedelta(days=1)
"""Visits that began earlier, and have no end on record, are left alone."""
NEWEST = 5000
BEFORE = timedelta(seconds=3)
"""Calls' connections may be seen to end so long before AMI's."""
LOST_SECONDS = 8.0
"""So long after Asterisk is back it is on record who was gone with it."""
MEND, LOST = "mend", "lost"
EVENT: Note = ("event", "")
R = TypeVar("R", CallRow, StepRow, LegRow)


class Recorder:
    """Everything but `save` and `saved` is called by the holder of the runtime's lock."""

    def __init__(
        self,
        settings: AcdSettings,
        clock: Clock,
        timers: Timers,
        note: Callable[[Iterable[Note]], None],
        serves: Callable[[str], list[str]],
        target: Callable[[str], int],
    ) -> None:
        """`note` has things saved before long; `target` is a queue's service level in seconds."""
        self.journal = Journal(clock.utc, lambda: note([EVENT]), serves)
        self._settings, self._clock, self._timers, self._note, self._target = settings, clock, timers, note, target
        self._file = QueueLog(settings.queue_log)
        self._open: set[str] = set()
        """Calls with a visit of before the start that has no end on record."""
        self._since = clock.utc(clock.now()) - LOOK_BACK
        self._tries: dict[str, int] = {}
        self._down: datetime | None = None
        self.lost: Callable[[], None] = lambda: None
        """Told when it is on record who was lost."""

    # -- life ------------------------------------------------------------------------------------------------------

    def start(self, session: Session) -> None:
        """Take over what is on record."""
        now = self._clock.utc(self._clock.now())
        newest = eventlog.newest(session, NEWEST)
        self._open = set(eventlog.unfinished(session, now - LOOK_BACK))
        if newest:
            self._since = max(self._since, min(newest[-1].at, now) - timedelta(minutes=1))
        shifts = eventlog.shifts(session, now)
        self.journal.remember(newest[-1].id if newest else 0, shifts, self._clock.monotonic)
        self._file.start(newest, now.timestamp())

    def recovered(self) -> None:
        """All calls of before the start are back, or over: what is missing of those is told from their records."""
        self._look_later([*sorted(self._open), ""])

    def call_ended(self, call: str, interrupted: bool) -> None:
        """A call is over; `interrupted`: it began in a daemon before this one, whose last events are not on record."""
        self._tries.pop(call, None)
        if self.journal.ended(call) or interrupted or call in self._open:
            self._look_later([call])

    def asterisk(self, what: str, started: str) -> None:
        """Asterisk is gone; or it runs, since a time. Who was in line when it died is put on record as lost."""
        now = self._clock.utc(self._clock.now())
        if what == "down":
            self._down = now
            return
        since = datetime.fromisoformat(started) if self._down is None else self._down - BEFORE
        note = (LOST, f"{since.isoformat()} {started}")
        self._timers.after(LOST_SECONDS, lambda: self._note([note]))

    def _look_later(self, calls: Iterable[str]) -> None:
        notes = [(MEND, call) for call in calls]
        self._timers.after(MEND_SECONDS, lambda: self._note(notes))

    # -- on the writer's thread ------------------------------------------------------------------------------------

    def save(self, session: Session, lock: threading.Lock) -> list[Entry]:
        """Write what is not on record yet; the caller commits."""
        with lock:
            entries = self.journal.pending()
        eventlog.save(session, entries)
        return entries

    def saved(self, entries: list[Entry], lock: threading.Lock) -> None:
        """These are on record now."""
        with lock:
            self.journal.written(entries)
        self._file.write(entries)
        if any(entry.event is What.LOST for entry in entries):
            self.lost()

    def mend(self, session: Session, notes: Iterable[Note], lock: threading.Lock) -> None:
        """Take down what is missing of calls that were noted for it; all that is known must be saved."""
        calls = {name for kind, name in notes if kind == MEND}
        found = self._missing(session, calls) if calls else []
        for since, started in (name.split() for kind, name in notes if kind == LOST):
            found += eventlog.vanished(session, datetime.fromisoformat(since), datetime.fromisoformat(started))
        if not found:
            return
        with lock:
            for entry in found:
                self.journal.add(entry)

    def forget(self, session: Session, now: datetime) -> None:
        """Delete what is old; the caller commits."""
        eventlog.forget(session, now - timedelta(days=self._settings.keep_days))

    def _missing(self, session: Session, calls: set[str]) -> list[Entry]:
        if "" in calls:
            calls = calls - {""} | _interrupted(session, self._since)
        found: list[Entry] = []
        rows = _rows(session, CallRow, "id", calls)
        steps, legs = _rows(session, StepRow, "call_id", calls), _rows(session, LegRow, "call_id", calls)
        known = eventlog.of_calls(session, calls)
        for call in rows:
            if call.ended_at is None:
                self._again(call.id)
                continue
            own_steps = sorted((s for s in steps if s.call_id == call.id), key=lambda s: s.seq)
            own_legs = sorted((leg for leg in legs if leg.call_id == call.id), key=lambda leg: leg.started_at)
            found += mending.missing(call, own_steps, own_legs, [e for e in known if e.call == call.id], self._target)
            self._open.discard(call.id)
            self._tries.pop(call.id, None)
        if found:
            log.info("acd.events_made_up", calls=len({entry.call for entry in found}), events=len(found))
        return found

    def _again(self, call: str) -> None:
        """Its record is not written yet; or it is live, and is looked at again when it ends."""
        tries = self._tries[call] = self._tries.get(call, 0) + 1
        if tries <= MEND_TIMES:
            self._look_later([call])


def _interrupted(session: Session, since: datetime) -> set[str]:
    """Calls that a restart interrupted and that ended since, and were in a queue."""
    wanted = (
        select(CallRow.id)
        .join(StepRow, col(StepRow.call_id) == col(CallRow.id))
        .where(
            col(CallRow.interrupted),
            col(CallRow.started_at) >= since - LOOK_BACK,  # there is an index on it
            col(CallRow.ended_at) >= since,
            col(StepRow.destination).startswith(mending.QUEUE),
        )
    )
    return set(session.exec(wanted))


def _rows(session: Session, model: type[R], column: str, calls: Collection[str]) -> list[R]:
    names = sorted(calls)
    found: list[R] = []
    for start in range(0, len(names), eventlog.CHUNK):
        wanted = select(model).where(getattr(model, column).in_(names[start : start + eventlog.CHUNK]))
        found += session.exec(wanted).all()
    return found
