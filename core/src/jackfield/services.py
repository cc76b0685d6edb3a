"""Timers and events: the small services behind `Core`."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

log = structlog.get_logger(__name__)


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()


class _Timer:
    __slots__ = ("function",)

    def __init__(self, function: Callable[[], None]) -> None:
        self.function: Callable[[], None] | None = function

    def cancel(self) -> None:
        self.function = None


class TimerThread:
    """All timers of the process on one thread, asleep until the next is due."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, _Timer]] = []
        self._count = itertools.count()
        self._changed = threading.Condition()
        self._stopping = False
        threading.Thread(target=self._run, name="timers", daemon=True).start()

    def after(self, seconds: float, function: Callable[[], None]) -> _Timer:
        """Call `function` once, `seconds` from now, on the timer thread."""
        timer = _Timer(function)
        with self._changed:
            first = self._heap[0][0] if self._heap else None
            due = time.monotonic() + max(0.0, seconds)
            heapq.heappush(self._heap, (due, next(self._count), timer))
            if first is None or due < first:
                self._changed.notify()
        return timer

    def apart(self) -> TimerThread:
        """Timers by the same clock that a function which hangs here does not hold up."""
        return TimerThread()

    def stop(self) -> None:
        """Fire nothing more."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._stopping:
                    return
                now = time.monotonic()
                if not self._heap:
                    self._changed.wait()
                    continue
                if self._heap[0][0] > now:
                    self._changed.wait(self._heap[0][0] - now)
                    continue
                _, _, timer = heapq.heappop(self._heap)
                function, timer.function = timer.function, None
            if function is not None:
                try:
                    function()
                except BaseException:
                    log.exception("timer.failed")


class EventBus:
    """Events within the daemon, delivered on the publisher's thread."""

    def __init__(self) -> None:
        self._subscribers: dict[str, list[Callable[[Mapping[str, Any]], None]]] = {}
        self._watchers: list[Callable[[str, Mapping[str, Any]], None]] = []
        self._sources: list[Callable[[], None]] = []

    def source(self, function: Callable[[], None]) -> None:
        """Have `function` called when somebody new listens: for those who look at something only while it is wanted."""
        self._sources = [*self._sources, function]

    def _tell_sources(self) -> None:
        for function in self._sources:
            function()

    def subscribe(self, topic: str, function: Callable[[Mapping[str, Any]], None]) -> None:
        """Have `function` called with each event's fields."""
        self._subscribers[topic] = [*self._subscribers.get(topic, []), function]
        self._tell_sources()

    def unsubscribe(self, topic: str, function: Callable[[Mapping[str, Any]], None]) -> None:
        """Call it no more."""
        self._subscribers[topic] = [each for each in self._subscribers.get(topic, []) if each != function]

    def watch(self, function: Callable[[str, Mapping[str, Any]], None]) -> None:
        """Have `function` called with the topic and fields of every event, until `unwatch`."""
        self._watchers = [*self._watchers, function]
        self._tell_sources()

    def unwatch(self, function: Callable[[str, Mapping[str, Any]], None]) -> None:
        """Call it no more."""
        self._watchers = [each for each in self._watchers if each != function]

    def wanted(self, topic: str) -> bool:
        """Whether anybody subscribes to a topic."""
        return bool(self._subscribers.get(topic)) or bool(self._watchers)

    def publish(self, topic: str, **fields: Any) -> None:
        """Tell all subscribers of a topic."""
        for function in self._subscribers.get(topic, ()):
            try:
                function(fields)
            except BaseException:
                log.exception("event.failed", topic=topic)
        for watcher in self._watchers:
            try:
                watcher(topic, fields)
            except BaseException:
                log.exception("event.failed", topic=topic)
