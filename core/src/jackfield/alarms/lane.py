"""A thread that does one thing after the other, for work that may be slow and must hold nobody up."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)


class Lane:
    """Runs functions in order on a thread of its own. When `bound` of them wait, the oldest is dropped."""

    def __init__(self, name: str, bound: int = 1000) -> None:
        self._name = name
        self._waiting: deque[Callable[[], None]] = deque(maxlen=bound)
        self._changed = threading.Condition()
        self._stopping = False
        self._busy = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, function: Callable[[], None]) -> None:
        """Have it run soon; never waits."""
        with self._changed:
            if len(self._waiting) == self._waiting.maxlen:
                log.error("lane.full", lane=self._name, what="the oldest is dropped")
            self._waiting.append(function)
            self._changed.notify_all()

    def pause(self, seconds: float) -> bool:
        """For a function of this lane: wait; False when the lane is being closed."""
        with self._changed:
            return not self._changed.wait_for(lambda: self._stopping, seconds)

    def flush(self, seconds: float) -> bool:
        """Wait until nothing waits or runs; False when that took longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, seconds)

    def close(self, seconds: float) -> None:
        """Run what waits, within `seconds`, then nothing more."""
        self.flush(seconds)
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(0.2)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting or self._stopping)
                if self._stopping:
                    return
                function, self._busy = self._waiting.popleft(), True
            try:
                function()
            except Exception:
                log.exception("lane.failed", lane=self._name)
