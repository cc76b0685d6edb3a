"""Threads of plugins that do not come back, or are left behind: nobody can end a thread, but everybody can be told."""

from __future__ import annotations

import functools
import threading
import time
from typing import Any

from jackfield.plugins.status import Status

GRACE_SECONDS = 10.0
"""A thread that its plugin should have ended, or that was given up, may take so long to come to its end."""


class Strays:
    """Threads that were given up, by plugin; and plugins that are gone and whose threads should be too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._given_up: list[tuple[str, threading.Thread, float, str]] = []
        self._gone: dict[str, tuple[str, float]] = {}

    def note(self, plugin: str, thread: threading.Thread, what: str) -> bool:
        """A thread that runs a plugin's code has been given up: `what` it was doing. False when that is known."""
        with self._lock:
            if any(thread is known for _, known, _, _ in self._given_up):
                return False
            self._given_up.append((plugin, thread, time.monotonic(), what))
            return True

    def left(self, status: Status) -> None:
        """A plugin is out: threads that run its code should end."""
        with self._lock:
            self._gone[status.name] = (status.package, time.monotonic())

    def back(self, plugin: str) -> None:
        """A plugin is loaded again: its threads are its own business."""
        with self._lock:
            self._gone.pop(plugin, None)

    def look(self, grace: float = GRACE_SECONDS) -> dict[str, list[str]]:
        """Plugin → its threads that should have ended `grace` seconds ago, in words."""
        late = time.monotonic() - grace
        found: dict[str, list[str]] = {}
        with self._lock:
            self._given_up = [each for each in self._given_up if each[1].is_alive()]
            for plugin, thread, since, what in self._given_up:
                if since <= late:
                    found.setdefault(plugin, []).append(f"{thread.name}: {what}")
            gone = {name: package for name, (package, since) in self._gone.items() if since <= late}
        if gone:
            for thread in threading.enumerate():
                for name, package in gone.items():
                    if package and package == owner(thread):
                        found.setdefault(name, []).append(f"{thread.name}: left behind")
        return found


def owner(thread: threading.Thread) -> str:
    """The top-level package whose function a thread runs, or whose class it is."""
    if type(thread) not in (threading.Thread, threading.Timer):
        return _package(type(thread))
    function: Any = getattr(thread, "function", None) or getattr(thread, "_target", None)
    while isinstance(function, functools.partial):
        function = function.func
    bound = getattr(function, "__self__", None)
    return _package(type(bound) if bound is not None else function)


def _package(thing: Any) -> str:
    return str(getattr(thing, "__module__", None) or "").partition(".")[0]
