"""How far a job has come, as it tells by itself."""

from __future__ import annotations

import time
from collections.abc import Callable

LEAST_SECONDS = 0.5
MAX_TEXT = 200


class Progress:
    """Writes down a job's progress, at most twice a second; the last word always counts."""

    def __init__(self, write: Callable[[int, str], None], clock: Callable[[], float] = time.monotonic) -> None:
        """`write` takes percent and text."""
        self._write, self._clock = write, clock
        self._at: float | None = None
        self._last = (-1, "")

    def report(self, percent: float, text: str) -> None:
        """Write it down, unless it was just done."""
        told = (round(min(100.0, max(0.0, percent))), "".join(c if c.isprintable() else " " for c in text)[:MAX_TEXT])
        now = self._clock()
        if told == self._last or (self._at is not None and now - self._at < LEAST_SECONDS and told[0] < 100):
            return
        self._write(*told)
        self._at, self._last = now, told


_current: list[Progress] = []


def follow(progress: Progress | None) -> None:
    """The job that begins now in this process tells `progress`; None: it is over."""
    _current.clear()
    if progress is not None:
        _current.append(progress)


def report_progress(percent: float, text: str = "") -> None:
    """Say from within a job how far it has come; shown by `jackfield jobs list`.

    Outside of a job it does nothing, so a job's function can be tested by itself. Costs a small write, at most twice a
    second.

    Args:
        percent: 0 to 100.
        text: what is being done, at most 200 characters.

    >>> report_progress(40, "page 4 of 10")
    """
    if _current:
        _current[0].report(percent, text)
