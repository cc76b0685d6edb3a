"""Time that stands still until a test moves it."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from jackfield.services import TimerThread, _Timer

MORNING = datetime(2026, 3, 2, 10, tzinfo=UTC)
"""When a test begins, unless it says otherwise: a Monday."""


class SteeredClock(TimerThread):
    """A clock and its timers, which fire only in `advance`, on the thread of the test, at their time and in order."""

    def __init__(self, now: datetime = MORNING) -> None:
        """`now` must be aware."""
        self._began, self._passed = now, 0.0
        self._steered = threading.Lock()
        self._due: list[tuple[float, int, _Timer]] = []
        self._numbers = itertools.count()
        self.settle: Callable[[], None] = lambda: None
        """Called before time moves and after each timer that fires: waits for what its doing sets off."""

    def now(self) -> datetime:
        """The time."""
        return self._began + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return 1000.0 + self._passed

    def after(self, seconds: float, function: Callable[[], None]) -> _Timer:
        """Have `function` called when the test has moved time by so many seconds."""
        return self._add(seconds, _Timer(function))

    def _add(self, seconds: float, timer: _Timer) -> _Timer:
        with self._steered:
            heapq.heappush(self._due, (self._passed + max(0.0, seconds), next(self._numbers), timer))
        return timer

    def apart(self) -> TimerThread:
        """Timers by the same clock that can be stopped apart; the host gives each plugin such."""
        return _Apart(self)

    def stop(self) -> None:
        """Fire nothing more."""
        with self._steered:
            self._due.clear()

    def waiting(self, *, plugins: bool = False) -> int:
        """How many timers run; only those of plugins, if one asks for these."""
        with self._steered:
            return sum(t.function is not None and (not plugins or isinstance(t, _Own)) for _, _, t in self._due)

    def advance(self, seconds: float) -> None:
        """Let time pass. An error of a timer's function is the test's."""
        self.settle()
        end = self._passed + seconds
        while (function := self._next(end)) is not None:
            function()
            self.settle()
        self._passed = max(self._passed, end)

    def _next(self, end: float) -> Callable[[], None] | None:
        with self._steered:
            while self._due and self._due[0][0] <= end:
                when, _, timer = heapq.heappop(self._due)
                function, timer.function = timer.function, None
                if function is not None:
                    self._passed = max(self._passed, when)
                    return function
        return None


class _Own(_Timer):
    """A timer of a plugin's."""


class _Apart(TimerThread):
    """A plugin's timers."""

    def __init__(self, clock: SteeredClock) -> None:
        self._clock, self._mine = clock, list[_Timer]()

    def after(self, seconds: float, function: Callable[[], None]) -> _Timer:
        """Have `function` called when the test has moved time by so many seconds."""
        self._mine = [timer for timer in self._mine if timer.function is not None]
        timer = self._clock._add(seconds, _Own(function))
        self._mine.append(timer)
        return timer

    def apart(self) -> TimerThread:
        """Timers that can be stopped apart."""
        return _Apart(self._clock)

    def stop(self) -> None:
        """Fire nothing more of these."""
        for timer in self._mine:
            timer.cancel()
