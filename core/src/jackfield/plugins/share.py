"""What a plugin is handed of `Core`: its own timers, and events whose failures are its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from jackfield.core import Core, Events, Timer, Timers
from jackfield.plugins.calling import EVENT, TIMER, Guard
from jackfield.plugins.status import Status
from jackfield.services import TimerThread
from jackfield.storage.engine import Database
from jackfield.storage.fence import Fence, FencedDatabase

LINGER_SECONDS = 30.0
Subscriber = Callable[[Mapping[str, Any]], None]


class Share:
    """One plugin's share."""

    def __init__(
        self,
        core: Core,
        status: Status,
        guard: Guard,
        names: Callable[[], Iterable[str]],
        fault: Callable[[str, str], None],
    ) -> None:
        """The plugin gets `core`. `names` are all plugins' names."""
        self._status, self._guard, self._all = status, guard, core
        self._timers = _Timers(core.timers, self._run)
        self._events = _Events(core.events, self._run)
        self.core = replace(core, timers=self._timers, events=self._events)
        self._storage: FencedDatabase | None = None
        if isinstance(core.storage, Database):
            name = status.name
            fence = Fence(name, names, lambda what: fault(name, f"{what}, which is not its table"))
            self._storage = FencedDatabase(core.storage, fence)
            self.core = replace(self.core, storage=self._storage)

    def _run(self, what: str, function: Callable[..., Any], arguments: dict[str, Any]) -> None:
        self._guard.run(self._status, what, function, arguments)

    def close(self) -> None:
        """Deliver no more events, and after LINGER_SECONDS no more timers fire: winding up may need some."""
        self._events.stop()
        self._all.timers.after(LINGER_SECONDS, self._end)

    def _end(self) -> None:
        self._timers.stop()
        if self._storage is not None:
            self._storage.close()


@dataclass(frozen=True, slots=True)
class _Due:
    """What a timer calls; `func` says whose it is, as of a partial."""

    func: Callable[[], None]
    fire: Callable[[Callable[[], None]], None]

    def __call__(self) -> None:
        self.fire(self.func)


class _Timers:
    """Timers on a thread of the plugin's own: one that hangs holds up nobody else's."""

    def __init__(self, shared: Timers, run: Callable[[str, Callable[..., Any], dict[str, Any]], None]) -> None:
        self._shared, self._run, self._lock = shared, run, threading.Lock()
        self._own: Timers | None = None
        self._stopped = False

    def after(self, seconds: float, function: Callable[[], None]) -> Timer:
        """Call `function` once, `seconds` from now."""
        with self._lock:
            if self._own is None:
                self._own = self._shared.apart() if isinstance(self._shared, TimerThread) else self._shared
            return self._own.after(seconds, _Due(function, self._fire))

    def _fire(self, function: Callable[[], None]) -> None:
        if not self._stopped:
            self._run(TIMER, function, {})

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            if isinstance(self._own, TimerThread) and self._own is not self._shared:
                self._own.stop()


class _Events:
    """The bus, as one plugin sees it."""

    def __init__(self, bus: Events, run: Callable[[str, Callable[..., Any], dict[str, Any]], None]) -> None:
        self._bus, self._run = bus, run
        self._mine: list[tuple[str, Subscriber, Subscriber]] = []
        self.wanted, self.publish = bus.wanted, bus.publish

    def subscribe(self, topic: str, function: Subscriber) -> None:
        """Have `function` called with each event's fields."""

        def deliver(fields: Mapping[str, Any]) -> None:
            self._run(EVENT, lambda: function(fields), {})

        self._mine.append((topic, deliver, function))
        self._bus.subscribe(topic, deliver)

    def unsubscribe(self, topic: str, function: Subscriber) -> None:
        """Call it no more."""
        for mine, deliver, own in self._mine:
            if (mine, own) == (topic, function):
                self._bus.unsubscribe(topic, deliver)

    def stop(self) -> None:
        for topic, deliver, _ in self._mine:
            self._bus.unsubscribe(topic, deliver)
