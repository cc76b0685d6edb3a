"""Overload: more calls than the box can serve well are refused at once, so that those it has stay clean.

Each call beyond a limit is refused when it arrives, before anything is set up for it. While that goes on, the trunks
are shut between the calls that may still come: Asterisk's own maintenance mode then answers 503 with Retry-After
without making a channel. Phones hear that all lines are busy. Emergency calls always pass.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import structlog

from jackfield.alarms.models import Severity
from jackfield.core import Alarms, Timers
from jackfield.errors import JackfieldError
from jackfield.i18n import sentences
from jackfield.security.load import Beat, Bucket, BusyJudge, CpuMeter
from jackfield.settings import OverloadSettings

S_ = sentences("jackfield")
log = structlog.get_logger(__name__)
ALARM = "overload"
STAT = Path("/proc/stat")
LASTING_SECONDS = 2.0
"""A burst shorter than this gets plain 503s; Retry-After keeps a carrier away for minutes."""
CALM_SECONDS = 5.0
"""Without a refusal for so long, it is over."""
SHUT_SECONDS = 1.0
"""How long trunks are shut at a time when it is not the bucket that is empty."""
OPEN_SECONDS = 2.0
"""How long a trunk stays open for a call that we place over it."""
Set = Callable[[str, bool], None]


class Gates:
    """Trunks that are shut now. Asterisk refuses calls *to* a shut trunk as well, so one that is dialled is opened."""

    def __init__(self, set_maintenance: Set, timers: Timers) -> None:
        """`set_maintenance(trunk, on)` waits for Asterisk; it runs on a thread of the gates' own."""
        self._set, self._timers = set_maintenance, timers
        self._lock = threading.Lock()
        self._shut: set[str] = set()
        self._keep_open: dict[str, float] = {}
        self._jobs: queue.SimpleQueue[tuple[str, bool, threading.Event | None]] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="gates", daemon=True).start()

    @property
    def shut_now(self) -> bool:
        """Whether any trunk is shut."""
        return bool(self._shut)

    def shut(self, trunks: Iterable[str], seconds: float) -> None:
        """Shut trunks for a while, but not those that were dialled just now."""
        now = time.monotonic()
        with self._lock:
            chosen = [t for t in trunks if t not in self._shut and self._keep_open.get(t, 0.0) < now]
            self._shut.update(chosen)
            for trunk in chosen:
                self._jobs.put((trunk, True, None))
        if chosen:
            self._timers.after(seconds, lambda: self.open(chosen))

    def open(self, trunks: Iterable[str]) -> None:
        """Open trunks."""
        with self._lock:
            for trunk in trunks:
                if trunk in self._shut:
                    self._shut.discard(trunk)
                    self._jobs.put((trunk, False, None))

    def dialled(self, trunk: str, seconds: float = 1.0) -> None:
        """A call is about to be placed over a trunk: wait until it is open, at most so long."""
        done = threading.Event()
        with self._lock:
            self._keep_open[trunk] = time.monotonic() + OPEN_SECONDS
            if trunk not in self._shut:
                return
            self._shut.discard(trunk)
            self._jobs.put((trunk, False, done))
        done.wait(seconds)

    def open_all(self, trunks: Iterable[str]) -> None:
        """Open them whatever is known: a daemon before this one may have shut them."""
        with self._lock:
            self._shut.clear()
        for trunk in trunks:
            self._set(trunk, False)

    def _work(self) -> None:
        while True:
            trunk, on, done = self._jobs.get()
            try:
                self._set(trunk, on)
            except JackfieldError as error:
                log.warning("overload.gate", trunk=trunk, shut=on, error=str(error))
            if done is not None:
                done.set()


class Overload:
    """Decides about each new call. Thread-safe and quick."""

    def __init__(
        self,
        settings: OverloadSettings,
        max_calls: int,
        gates: Gates,
        timers: Timers,
        alarms: Alarms,
        calls: Callable[[], int],
        trunks: Callable[[], Iterable[str]],
    ) -> None:
        """`calls` counts those that are live; `trunks` names those of the site."""
        self._max_calls = max_calls
        self._settings, self._gates, self._timers, self._alarms = settings, gates, timers, alarms
        self._calls, self._trunks = calls, trunks
        self._bucket = Bucket(settings.calls_per_second, settings.burst)
        self._judge = BusyJudge(settings.cpu_percent, settings.late_ms / 1000, settings.busy_seconds)
        self._meter, self._beat_at = CpuMeter(), 0.0
        self._lock = threading.Lock()
        self._since = self._last = 0.0
        self._why = ""
        self.refused = 0
        """Calls refused since the start."""
        self.cpu = self.late = 0.0

    def admit(self, inbound: bool, urgent: bool) -> bool:
        """Whether a new call may come in.

        Args:
            inbound: it came over a trunk.
            urgent: an emergency call, which always may.
        """
        if urgent:
            return True
        now = time.monotonic()
        with self._lock:
            why = self._too_much(now)
            if not why:
                return True
            self.refused += 1
            begun, lasting = not self._since, self._since and now - self._since >= LASTING_SECONDS
            self._since, self._last, self._why = self._since or now, now, why
            empty = self._bucket.seconds_until(self._bucket.burst / 2, now)
        if begun:
            self._begin(why)
        if lasting and inbound and self._settings.retry_after:
            self._gates.shut(self._trunks(), max(SHUT_SECONDS / 10, empty) if why.startswith("more") else SHUT_SECONDS)
        return False

    def _too_much(self, now: float) -> str:
        if self._judge.busy:
            cpu, late = f"{self.cpu:.0f}", f"{1000 * self.late:.0f}"
            return S_("the machine is busy ({cpu} % CPU, {late} ms late)", cpu=cpu, late=late)
        if self._calls() >= self._max_calls:
            return S_("{calls} calls are live, as many as there may be", calls=self._max_calls)
        rate = f"{self._settings.calls_per_second:g}"
        return "" if self._bucket.take(now) else S_("more than {rate} new calls a second", rate=rate)

    def _begin(self, why: str) -> None:
        log.warning("overload.begun", why=why)
        self._alarms.raise_(
            ALARM,
            S_("New calls are refused: {why}. Calls in progress are served as before.", why=why),
            severity=Severity.CRITICAL,
        )
        self._timers.after(CALM_SECONDS, self._look)

    def _look(self) -> None:
        """Is it over?"""
        now = time.monotonic()
        with self._lock:
            if self._gates.shut_now:
                self._last = now
            left = self._last + CALM_SECONDS - now
            if left <= 0:
                self._since = 0.0
        if left > 0:
            self._timers.after(left, self._look)
            return
        log.info("overload.over", refused=self.refused)
        over = S_("New calls are served again; {refused} were refused since the start", refused=self.refused)
        self._alarms.clear(ALARM, over)

    def beat(self, seconds: float) -> None:
        """Once in so many seconds, by the daemon's beat: how busy is it, and how late are we?"""
        now = time.monotonic()
        late = max(0.0, now - self._beat_at - seconds) if self._beat_at else 0.0
        self._beat_at = now
        with STAT.open(encoding="ascii") as file:
            self.cpu, self.late = self._meter.percent(file.readline()), late
        self._judge.judge(Beat(self.cpu, late))

    def describe(self) -> dict[str, Any]:
        """For `jackfield status`."""
        return {
            "refusing": bool(self._since),
            "why": str(self._why) if self._since else "",
            "refused": self.refused,
            "cpu_percent": round(self.cpu, 1),
            "late_ms": round(1000 * self.late, 1),
        }
