"""Plugins are made of classes here: `load` gives a host that has them as if they were installed."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

from jackfield.core import Core
from jackfield.plugins import GROUP, PluginHost
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
