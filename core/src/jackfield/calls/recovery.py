"""After a start: waits until the calls that a lost daemon left behind have come back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import structlog

log = structlog.get_logger(__name__)
PATIENCE_SECONDS = 3.0


class Recovery:
    """Knows which calls are expected and which have come; says `done` once.

    Queues hold their offers until then, so that the first in line is served first, whatever the order in which the
    callers' connections come in.
    """

    def __init__(self, done: Callable[[], None]) -> None:
        self._done = done
        self._lock = threading.Lock()
        self._came: set[str] = set()
        self._expected: dict[str, str] | None = None
        self.finished = False

    def came(self, identity: str) -> None:
        """A call has come back, or is over."""
        if self.finished:
            return
        with self._lock:
            self._came.add(identity)
        self._look()

    def expect(self, calls: Mapping[str, str]) -> None:
        """Asterisk's list is there: these calls will come back, and these are their destinations."""
        with self._lock:
            if self._expected is None:
                self._expected = dict(calls)
        self._look()

    def waiting(self) -> dict[str, str]:
        """Calls that have not come back yet."""
        with self._lock:
            return {i: at for i, at in (self._expected or {}).items() if i not in self._came}

    def give_up(self) -> None:
        """Time is up: go on without the rest."""
        with self._lock:
            missing = [i for i in self._expected or {} if i not in self._came]
        if not self.finished:
            log.warning("recovery.incomplete", missing=missing, asterisk_known=self._expected is not None)
        self._finish()

    def _look(self) -> None:
        with self._lock:
            if self._expected is None or any(i not in self._came for i in self._expected):
                return
        self._finish()

    def _finish(self) -> None:
        with self._lock:
            if self.finished:
                return
            self.finished = True
        log.info("recovery.done", came=len(self._came))
        self._done()
