"""Does things at times: answering, hanging up, registering again."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from .hostsys import say


class Scheduler:
    """Runs actions after given delays, each on a thread of a small pool."""

    def __init__(self) -> None:
        """Starts the thread."""
        self._heap: list[tuple[float, int, Callable[[], object]]] = []
        self._count = itertools.count()
        self._wake = threading.Condition()
        self._closed = False
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="rig-act")
        threading.Thread(target=self._work, daemon=True, name="rig-schedule").start()

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Runs `action` after so many seconds."""
        with self._wake:
            heapq.heappush(self._heap, (time.monotonic() + seconds, next(self._count), action))
            self._wake.notify()

    def close(self) -> None:
        """Ends the thread; what is still to come is dropped."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._closed and (not self._heap or self._heap[0][0] > time.monotonic()):
                    left = self._heap[0][0] - time.monotonic() if self._heap else None
                    self._wake.wait(left)
                if self._closed:
                    return
                action = heapq.heappop(self._heap)[2]
                self._pool.submit(_act, action)


def _act(action: Callable[[], object]) -> None:
    try:
        action()
    except Exception as problem:  # nobody waits for the result, so say it here
        say(f"a telephone side could not act: {problem}")
