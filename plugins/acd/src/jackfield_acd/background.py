"""Two threads beside the calls: one for what must happen soon, one that writes agents' states in batches.

Neither may hold up an offer: the calls' threads only leave a note.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable

import structlog

log = structlog.get_logger(__name__)
Note = tuple[str, str]
"""What changed: kind and name."""
BATCH_SECONDS = 0.25
"""Changes of agents' states are gathered this long; what `kill -9` may cost, but for log-ins and pauses."""
RETRY_SECONDS = 5.0
FLUSH_SECONDS = 2.0
"""Who needs something on record before going on waits so long at most."""


class Worker:
    """Runs functions one after the other on a thread of its own."""

    def __init__(self, name: str) -> None:
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def submit(self, function: Callable[[], None]) -> None:
        """Have a function run. Its errors are logged."""
        self._work.put(function)

    def _run(self) -> None:
        while True:
            try:
                self._work.get()()
            except Exception:
                log.error("acd.background_failed", exc_info=True)


class Writer:
    """Calls `save` with what changed, a batch at a time; tries again when it fails."""

    def __init__(self, save: Callable[[list[Note]], None], name: str) -> None:
        self._save = save
        self._changed: set[Note] = set()
        self._condition = threading.Condition()
        self._urgent = False
        self._stopping = False
        self._busy = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def note(self, notes: Iterable[Note]) -> None:
        """Have these saved before long."""
        with self._condition:
            idle = not self._changed
            self._changed.update(notes)
            if idle:
                self._condition.notify_all()

    def flush(self, seconds: float) -> bool:
        """Have everything saved now, and wait for it; False when that has not happened within `seconds`."""
        with self._condition:
            self._urgent = True
            self._condition.notify_all()
            return self._condition.wait_for(lambda: not self._changed and not self._busy, seconds)

    def stop(self) -> None:
        """Save what is left, and end (5 s at most)."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        self._thread.join(5.0)

    def _run(self) -> None:
        while notes := self._next():
            saved = False
            try:
                self._save(notes)
                saved = True
            except Exception:
                log.error("acd.not_saved", what=notes, retry_seconds=RETRY_SECONDS, exc_info=True)
            with self._condition:
                self._busy = False
                if not saved:
                    self._changed.update(notes)
                    if self._stopping:
                        return
                    self._condition.wait_for(lambda: self._stopping, RETRY_SECONDS)
                self._condition.notify_all()

    def _next(self) -> list[Note]:
        """The next batch; empty at the end."""
        with self._condition:
            self._condition.wait_for(lambda: self._changed or self._stopping)
            self._condition.wait_for(lambda: self._urgent or self._stopping, BATCH_SECONDS)
            notes, self._changed = sorted(self._changed), set()
            self._busy, self._urgent = bool(notes), False
            return notes
