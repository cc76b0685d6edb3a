"""The alarm service: raise and clear from any thread, at once; everything slow happens on threads of its own."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import timedelta

import structlog

from jackfield.alarms import store
from jackfield.alarms.book import Book, Moment
from jackfield.alarms.grouping import Grouping, News
from jackfield.alarms.lane import Lane
from jackfield.alarms.models import KEY, Alarm, Entry, Severity, What, clean
from jackfield.settings import AlarmSettings
from jackfield.storage.engine import Database
from jackfield.storage.errors import StorageError

__all__ = ["Alarm", "Alarms", "Severity"]
log = structlog.get_logger(__name__)
GATHER_SECONDS = 0.05
"""Changes are gathered so long before they are written."""
REPEAT_SECONDS = 5.0
"""An alarm that is raised over and over has its count written so often."""
AGAIN_SECONDS = 5.0
"""Between two tries to write while the database is away."""
KEPT_ENTRIES = 10_000
"""Lines of history kept in memory while the database is away."""
_DAY = 86400.0
Listener = Callable[[Entry], None]


class Alarms:
    """All alarms of the box. `raise_` and `clear` are idempotent by key, thread-safe, and never wait for I/O."""

    def __init__(
        self,
        database: Database,
        settings: AlarmSettings,
        listeners: Iterable[Listener] = (),
        tell: Callable[[list[News]], None] = lambda news: None,
        clock: Callable[[], Moment] = Moment,
    ) -> None:
        """Alarms may be raised at once; `start` reads those of before and begins to write.

        `listeners` hear of everything that happens, in order; `tell` gets what people are to be told, in groups. Both
        on a thread of the service's own.
        """
        self._database, self._settings, self._clock = database, settings, clock
        self._book = Book(settings.escalate_seconds, settings.flap_seconds)
        self._grouping = Grouping(settings.group_seconds, settings.repeat_seconds)
        self._least = Severity(settings.least)
        self._listeners, self._tell = tuple(listeners), tell
        self._changed = threading.Condition()
        self._new: list[Entry] = []
        self._unsaved: deque[Entry] = deque(maxlen=KEPT_ENTRIES)
        self._dirty: dict[str, Alarm | None] = {}
        self._save_at: float | None = None
        self._forget_at = 0.0
        self._stopping = False
        self._flushed = True
        self._news = Lane("alarm-news")
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)

    # -- from any thread -------------------------------------------------------------------------------------------

    def raise_(
        self,
        key: str,
        text: str,
        *,
        severity: Severity = Severity.WARNING,
        source: str = "core",
        **detail: str | int | float,
    ) -> None:
        """Something is wrong. Say so as often as you like: it is one alarm until it is cleared.

        Args:
            key: what and where, as in `trunk-unreachable:carrier`.
            text: a sentence for people: what is wrong, and what to do.
            severity: `critical` is told without delay; `notice` never escalates.
            source: who says so: `core`, or a plugin's name.
            detail: facts for programs.
        """
        now = self._clock()
        with self._changed:
            self._add(self._book.raise_(clean(key, KEY) or "?", text, severity, source, detail, now))

    def clear(self, key: str, text: str = "") -> None:
        """It is well again; nothing happens when it was. `text` replaces the alarm's sentence in the news of it."""
        now = self._clock()
        with self._changed:
            self._add(self._book.clear(clean(key, KEY), text, now))

    def settle(self, prefix: str, still: Iterable[str]) -> None:
        """Clear every alarm whose key starts with `prefix`, but those in `still`: after looking at all of them."""
        keep, now = set(still), self._clock()
        with self._changed:
            for key in [k for k in self._book.alarms if k.startswith(prefix) and k not in keep]:
                self._add(self._book.clear(key, "", now))

    def acknowledge(self, key: str, who: str, note: str = "") -> Alarm:
        """Somebody looks after it, so it does not escalate.

        Raises:
            NoSuchAlarm: it is not up.
        """
        now = self._clock()
        with self._changed:
            entry = self._book.acknowledge(key, who, note, now)
            self._add([entry])
            return entry.alarm

    def active(self) -> list[Alarm]:
        """Alarms that are up: worst first, then newest first."""
        with self._changed:
            found = list(self._book.alarms.values())
        return sorted(found, key=lambda a: (-a.severity.rank, -a.raised_at.timestamp(), a.key))

    def is_up(self, key: str) -> bool:
        """Whether an alarm is up."""
        return key in self._book.alarms

    def history(self, *, key: str | None = None, limit: int = 100) -> list[Entry]:
        """What happened, newest first. Reads the database.

        Raises:
            StorageError: the database cannot be read.
        """
        return store.history(self._database, key=key, limit=limit)

    # -- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Take up the alarms of before, and begin to write. The tables must be up to date.

        Raises:
            StorageError: the database cannot be read.
        """
        before = store.load(self._database)
        with self._changed:
            now = self._clock()
            self._book.restore(before, now)
            for alarm in before:
                if alarm.told_at is not None:
                    self._grouping.knows(alarm.key)
                else:
                    self._group(Entry(now.utc, What.RAISED, alarm), now)
        self._thread.start()

    def flush(self, seconds: float = 5.0) -> bool:
        """Wait until everything so far is written and told; False when that took longer."""
        with self._changed:
            self._save_at = 0.0
            self._changed.notify_all()
            done = self._changed.wait_for(lambda: not self._new and not self._book.touched and self._flushed, seconds)
        return self._news.flush(seconds) and done

    def stop(self, seconds: float = 3.0) -> None:
        """Write what is not written yet, within `seconds`, and stop."""
        if self._thread.is_alive():
            self.flush(seconds)
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(seconds)
        self._news.close(0.5)

    # -- within ----------------------------------------------------------------------------------------------------

    def _add(self, entries: list[Entry]) -> None:
        """The lock is held."""
        self._new += entries
        if entries:
            self._changed.notify_all()

    def _run(self) -> None:
        while self._wait():
            self._step()

    def _wait(self) -> bool:
        with self._changed:
            while not self._new and not self._stopping:
                pause = self._pause()
                if pause is not None and pause <= 0:
                    break
                self._changed.wait(pause)
            if self._stopping:
                return False
        time.sleep(GATHER_SECONDS)
        return True

    def _pause(self) -> float | None:
        """Seconds until there is something to do. The lock is held."""
        now = self._clock().mono
        if self._book.touched and self._save_at is None:
            self._save_at = now + REPEAT_SECONDS
        due = (self._book.next_due(), self._grouping.next_due(), self._save_at, self._forget_at)
        times = [at for at in due if at is not None]
        return min(times) - now if times else None

    def _step(self) -> None:
        now = self._clock()
        with self._changed:
            entries = [*self._new, *self._book.due(now)]
            self._new.clear()
            for entry in entries:
                self._group(entry, now)
            news = self._grouping.take(now.mono)
            self._book.told([each.entry.alarm.key for each in news], now)
            for key in self._book.touched:
                self._dirty[key] = self._book.alarms.get(key)
            self._book.touched.clear()
            self._flushed = False
        for entry in entries:
            log.warning("alarm", what=str(entry.what), key=entry.alarm.key, text=entry.alarm.text, who=entry.who)
            self._news.put(lambda e=entry: self._announce(e))  # type: ignore[misc]
        if news:
            self._news.put(lambda: self._tell(news))
        self._unsaved.extend(entries)
        self._save(now)
        with self._changed:
            self._flushed = True
            self._changed.notify_all()

    def _group(self, entry: Entry, now: Moment) -> None:
        """People are told of what is bad enough, and of the end of what they were told of. The lock is held."""
        if entry.alarm.severity.rank >= self._least.rank or self._grouping.concerns(entry.alarm.key):
            self._grouping.add(entry, now.mono)

    def _announce(self, entry: Entry) -> None:
        for listener in self._listeners:
            try:
                listener(entry)
            except Exception:
                log.exception("alarms.listener_failed")

    def _save(self, now: Moment) -> None:
        self._save_at = None
        try:
            if self._dirty or self._unsaved:
                store.save(self._database, self._dirty, list(self._unsaved))
                self._dirty.clear()
                self._unsaved.clear()
            if now.mono >= self._forget_at:
                self._forget_at = now.mono + _DAY
                store.forget(self._database, now.utc - timedelta(days=self._settings.keep_days))
        except StorageError as error:
            log.error("alarms.not_saved", error=str(error), what="they are kept in memory and written later")
            self._save_at = now.mono + AGAIN_SECONDS
