"""Begins scheduled jobs. One thread, which sleeps until the next one is due."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from jackfield.core import Clock, Timers
from jackfield.errors import PluginFault
from jackfield.jobs.models import ScheduleRow
from jackfield.jobs.outbox import Outbox
from jackfield.schedules.schedule import Schedule
from jackfield.storage.engine import Database

log = structlog.get_logger(__name__)
LATE = timedelta(seconds=60)
"""A run that is later than this was missed."""
LONGEST = 3600.0
"""Seconds; the clock may be set, and timers do not count while the machine sleeps."""
TRY_AGAIN = 30.0
"""Seconds, when the database is away."""
_T: Table = ScheduleRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Due:
    """What to do about a schedule now."""

    run: bool
    counted: datetime
    """The moment that the next run counts from."""


def decide(schedule: Schedule, last: datetime, now: datetime, zone: ZoneInfo) -> Due | None:
    """Whether a schedule is due, and whether it runs; None when it is not.

    However many runs were missed, one at most is made up.
    """
    due = schedule.next_after(last, zone)
    if due > now:
        return None
    later = schedule.next_after(due, zone)
    while schedule.every is None and later <= now:
        due, later = later, schedule.next_after(later, zone)
    if schedule.every is not None:
        due += schedule.every * ((now - due) // schedule.every)
    return Due(schedule.missed == "once" or now - due <= LATE, due)


class Scheduler:
    """All schedules of the plugins that are at work."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        schedules: Callable[[], list[Schedule]],
        zone: Callable[[], ZoneInfo],
        timers: Timers,
        clock: Clock,
    ) -> None:
        """`schedules` and `zone` are asked each time: plugins come and go, and so do sites."""
        self._database, self._outbox, self._schedules, self._zone = database, outbox, schedules, zone
        self._timers, self._now = timers, clock.now
        self._changed = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="schedules", daemon=True)

    def start(self) -> None:
        """Begin; what was missed is made up at once, where its schedule says so."""
        self._thread.start()

    def look(self) -> None:
        """Time is up, or plugins or the site have changed: look at the schedules anew. From any thread."""
        self._changed.set()

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping = True
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _run(self) -> None:
        while True:
            self._changed.clear()
            seconds = self._safe_round()
            timer = None if seconds is None else self._timers.after(min(seconds, LONGEST), self.look)
            self._changed.wait()
            if timer is not None:
                timer.cancel()
            if self._stopping:
                return

    def _safe_round(self) -> float | None:
        try:
            return self.round()
        except Exception:
            log.exception("schedules.trouble", what="tried again", seconds=TRY_AGAIN)
            return TRY_AGAIN

    def round(self) -> float | None:
        """Put on the outbox what is due. Seconds until the next one, None when there is no schedule.

        Raises:
            SQLAlchemyError: the database is away; nothing is lost.
        """
        schedules, zone = self._schedules(), self._zone()
        last = self._last(schedules)
        now = self._now()
        for schedule in schedules:
            due = decide(schedule, last[schedule.name], now, zone)
            if due is not None:
                self._take(schedule, last[schedule.name], due)
                last[schedule.name] = due.counted
        pauses = [(s.next_after(last[s.name], zone) - now).total_seconds() for s in schedules]
        return max(0.0, min(pauses)) if pauses else None

    def _last(self, schedules: list[Schedule]) -> dict[str, datetime]:
        """When each ran last; one that is new counts from now."""
        with self._database.engine.connect() as connection:
            known = {row[0]: row[1] for row in connection.execute(select(_T.c.name, _T.c.last_at))}
        for schedule in schedules:
            if schedule.name not in known:
                known[schedule.name] = self._now()
                try:
                    with self._database.engine.begin() as connection:
                        connection.execute(insert(_T), {"name": schedule.name, "last_at": known[schedule.name]})
                except IntegrityError:
                    return self._last(schedules)  # another process was first
        return known

    def _take(self, schedule: Schedule, last: datetime, due: Due) -> None:
        try:
            taken = self._note(schedule, last, due.counted, due.run)
        except PluginFault as error:  # its plugin has just gone
            log.error("schedule.no_job", schedule=schedule.name, error=str(error))
            taken = self._note(schedule, last, due.counted, False)
        if taken:
            log.info("schedule.due", schedule=schedule.name, job=schedule.job, run=due.run, due=due.counted.isoformat())

    def _note(self, schedule: Schedule, last: datetime, counted: datetime, run: bool) -> bool:
        """Note the run and put the job on the outbox in one transaction: both are done, or none, and only once."""
        taken = update(_T).where(_T.c.name == schedule.name, _T.c.last_at == last).values(last_at=counted)
        with self._database.engine.begin() as connection:
            if not connection.execute(taken).rowcount:
                return False
            if run:
                self._outbox.put(connection, schedule.job, {**schedule.payload, "due": counted.isoformat()})
        if run:
            self._outbox.nudge()
        return True

    def describe(self) -> list[dict[str, Any]]:
        """For `jackfield jobs schedules`.

        Raises:
            SQLAlchemyError: the database is away.
        """
        schedules, zone = self._schedules(), self._zone()
        last = self._last(schedules)
        return [
            {
                "name": s.name,
                "job": s.job,
                "when": s.at or f"every {s.every}",
                "missed": s.missed,
                "last": last[s.name].isoformat(),
                "next": s.next_after(last[s.name], zone).isoformat(),
                "payload": json.dumps(dict(s.payload)),
            }
            for s in schedules
        ]
