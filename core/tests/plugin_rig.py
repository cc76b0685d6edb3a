"""Plugins are made of classes here: `load` gives a host that has them as if they were installed."""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import ClassVar

from jackfield.core import Core
from jackfield.hookspecs import hookimpl
from jackfield.plugins import GROUP, PluginHost
from jackfield.routing.destinations import DestinationKind, End
from jackfield.services import EventBus, TimerThread
from jackfield.settings import PathSettings, Settings


def point(cls: type, name: str = "") -> EntryPoint:
    """An entry point of a class, in a module of its own."""
    name = name or cls.__name__.lower()
    module = sys.modules[cls.__module__]
    setattr(module, cls.__name__, cls)
    return EntryPoint(name, f"{cls.__module__}:{cls.__name__}", GROUP)


def host_of(*classes: type, **settings) -> PluginHost:
    """A host that has loaded plugins."""
    paths = settings.pop("paths", None) or PathSettings(state=Path(tempfile.mkdtemp(prefix="jackfield-test-")))
    host = PluginHost(Settings(paths=paths, **settings))
    host.load([point(cls) for cls in classes])
    return host


def core_of(settings: Callable[[str], object] = lambda name: None) -> Core:
    """A core with timers and events alone."""
    return Core(TimerThread(), EventBus(), None, None, None, None, None, settings, None)


class Base:
    @hookimpl
    def jackfield_destinations(self):
        return [DestinationKind("base", "Base", lambda call, name: End())]


class Above:
    """Comes before `base` by name, and after it by need."""

    requires = ("base",)
    started: ClassVar = []

    @hookimpl
    def jackfield_start(self, core):
        self.started.append("above")

    @hookimpl
    def jackfield_stop(self):
        self.started.append("stopped")


class Reports:
    @hookimpl
    def jackfield_status(self):
        return {"queues": ["sales"]}


class FakeCall:
    asterisk_seconds = 0.0


def wait(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        threading.Event().wait(0.005)
