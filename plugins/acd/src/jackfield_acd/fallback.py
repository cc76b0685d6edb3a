"""Keeps Asterisk informed of who would serve the plain queues (see `plain`)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import structlog
from jackfield.errors import JackfieldError

from jackfield_acd import plain

if TYPE_CHECKING:
    from jackfield.core import Asterisk, Timers

    from jackfield_acd.background import Worker

log = structlog.get_logger(__name__)
RETRY_SECONDS = 5.0
SWEEP_SECONDS = 15.0
"""A caller may fall to a plain queue in the moment of recovery; it is emptied once more after so long."""


class PlainQueues:
    """Writes the lists when they change: at log-in, log-out and pause, not at every call."""

    def __init__(
        self, asterisk: Asterisk, timers: Timers, worker: Worker, agents: Callable[[], Mapping[str, list[str]]]
    ) -> None:
        """`agents` gives, for each queue, the phones of agents who are logged in and not paused."""
        self._asterisk, self._timers, self._worker, self._agents = asterisk, timers, worker, agents
        self._stored: dict[str, str] = {}
        self._present: dict[str, str | None] = {}
        self._lock = threading.Lock()
        self._due = False
        self._serving = False

    def agents_changed(self, present: Mapping[str, str | None]) -> None:
        """Note where these agents are (None: logged out or paused); cheap when that is where they were."""
        if any(self._present.get(name) != phone for name, phone in present.items()):
            self._present.update(present)
            self.changed()

    def changed(self) -> None:
        """Have the lists written before long; nothing before `recover`, while nobody knows the state of things."""
        with self._lock:
            due, self._due = self._due or not self._serving, self._serving
        if not due:
            self._worker.submit(self._write)

    def recover(self, queues: Iterable[str]) -> None:
        """The daemon serves again: empty the plain queues, and write all lists anew."""
        names = list(queues)
        self._serving = True
        self._worker.submit(lambda: self._empty(names))
        self._timers.after(SWEEP_SECONDS, lambda: self._worker.submit(lambda: self._empty(names)))
        self.changed()

    def _empty(self, queues: list[str]) -> None:
        for queue in queues:
            try:
                self._asterisk.queue_remove_all(queue)
            except JackfieldError as error:
                log.warning("acd.plain_queue_not_emptied", queue=queue, error=str(error))

    def _write(self) -> None:
        with self._lock:
            self._due = False
        wanted: dict[str, str] = {}
        for queue, phones in self._agents().items():
            wanted |= plain.stored(queue, phones)
        try:
            for key, value in plain.changes(self._stored, wanted).items():
                self._asterisk.store(plain.FAMILY, key, value)
                self._stored[key] = value
        except JackfieldError as error:
            log.warning("acd.plain_agents_not_stored", retry_seconds=RETRY_SECONDS, error=str(error))
            self._timers.after(RETRY_SECONDS, self.changed)
