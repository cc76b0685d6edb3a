"""The plugin host: all plugins of one process, and a status record of each.

pluggy registers and checks hooks; but `hook.x()` stops at the first exception, so the host calls each implementation
itself, times it, and shuts a plugin off after repeated faults.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import structlog

from jackfield.alarms import senders
from jackfield.config.kinds import Kind
from jackfield.config.objects import core_kinds
from jackfield.control.method import Method
from jackfield.features.codes import core_codes
from jackfield.jobs.job import Job
from jackfield.plugins.calling import call_guarded
from jackfield.plugins.loading import GROUP, Loader, Manager
from jackfield.plugins.status import State, Status
from jackfield.routing.destinations import DestinationKind
from jackfield.routing.internal import FeatureCode
from jackfield.settings import Settings
from jackfield.storage.models import Models

log = structlog.get_logger(__name__)
FAULTS = 5
"""Faults within FAULT_WINDOW that shut a plugin off."""
FAULT_WINDOW = 300.0


class PluginHost:
    """All plugins of one process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.on_change: Callable[[Status], None] = lambda status: None
        """Told of a plugin that was loaded, refused, shut off, or removed (as disabled)."""
        self.on_fault: Callable[[Status, str], None] = lambda status, what: None
        self._manager = Manager()
        self._loader = Loader(settings, self._manager)
        self._lock = threading.Lock()
        self.statuses: dict[str, Status] = {}
        self._imported: dict[str, str] = {}
        """Plugin → version whose code this process has imported; it cannot take another one."""

    # -- loading ---------------------------------------------------------------------------------------------------

    def load(self, points: Iterable[EntryPoint] | None = None) -> list[str]:
        """Load what is installed and not loaded yet; forget what is gone.

        Returns:
            Names of plugins that are new.
        """
        found = {p.name: p for p in (entry_points(group=GROUP) if points is None else points)}
        for name in [n for n in self.statuses if n not in found]:
            self._forget(name)
        new = [name for name in sorted(found) if name not in self.statuses]
        for name in new:
            self._load_one(found[name])
        for name, point in found.items():
            version = point.dist.version if point.dist else ""
            self.statuses[name].stale = self._imported.setdefault(name, version) != version
        return new

    def _load_one(self, point: EntryPoint) -> None:
        dist = point.dist
        status = Status(point.name, dist.name if dist else "", dist.version if dist else "")
        self.statuses[point.name] = status
        if point.name in self._settings.disabled:
            status.state = State.DISABLED
            return
        others = [each for each in self.statuses.values() if each is not status]
        if reason := self._loader.load(point, status, others):
            self._refuse(status, reason)
        else:
            log.info("plugin.loaded", plugin=point.name, version=status.version)
            self.on_change(status)

    def refuse(self, name: str, reason: str) -> None:
        """Take a loaded plugin out: it cannot do its work here."""
        self._refuse(self.statuses[name], reason)

    def _refuse(self, status: Status, reason: str) -> None:
        if status.state is State.ENABLED:
            status.state = State.FAILED
        status.reason = reason
        status.declared.clear()
        log.error("plugin.failed", plugin=status.name, state=str(status.state), reason=reason)
        self.on_change(status)

    def _forget(self, name: str) -> None:
        status = self.statuses.pop(name)
        if status.instance is not None:
            if stop := getattr(status.instance, "jackfield_stop", None):
                call_guarded(status, "jackfield_stop", stop, {}, self.fault)
            self._manager.unregister(name=name)
        log.info("plugin.removed", plugin=name)
        status.state = State.DISABLED
        self.on_change(status)

    # -- faults ----------------------------------------------------------------------------------------------------

    def fault(self, name: str, what: str) -> None:
        """Count a fault of a plugin; too many shut it off."""
        with self._lock:
            status = self.statuses.get(name)
            if status is None:
                return
            now = time.monotonic()
            status.faults = [t for t in status.faults if now - t < FAULT_WINDOW] + [now]
            log.error("plugin.fault", plugin=name, what=what, faults=len(status.faults))
            shut_off = len(status.faults) >= FAULTS and status.state is State.ENABLED
            if shut_off:
                status.state, status.reason = State.SHUT_OFF, what
                log.error("plugin.shut_off", plugin=name, reason=what)
        self.on_fault(status, what)
        if shut_off:
            self.on_change(status)

    def _enabled(self) -> Iterator[Status]:
        for name in sorted(self.statuses):
            status = self.statuses.get(name)
            if status is not None and status.state is State.ENABLED and status.instance is not None:
                yield status

    # -- calling ---------------------------------------------------------------------------------------------------

    def call(self, hook: str, *, only: str | None = None, **arguments: Any) -> list[tuple[str, Any]]:
        """Call a hook of each plugin that has it; `(plugin, answer)` for each answer that is not None.

        `JackfieldError`s that concern the call (`CallerHungUp`) pass through; all else counts as the plugin's fault.
        """
        answers = []
        for status in self._enabled():
            function = getattr(status.instance, hook, None)
            if function is None or (only is not None and status.name != only):
                continue
            answer = call_guarded(status, hook, function, arguments, self.fault)
            if answer is not None:
                answers.append((status.name, answer))
        return answers

    # -- what plugins declare --------------------------------------------------------------------------------------

    def kinds(self) -> dict[str, Kind]:
        """Kinds of site objects: core's and the plugins'."""
        return {k.kind: k for k in [*core_kinds(), *self._all("jackfield_site_kinds")]}

    def destinations(self) -> dict[str, tuple[str, DestinationKind]]:
        """`{kind: (plugin, DestinationKind)}` of enabled plugins."""
        return {k.kind: (s.name, k) for s in self._enabled() for k in s.declared.get("jackfield_destinations", [])}

    def feature_codes(self) -> list[FeatureCode]:
        """Feature codes, core's and the plugins', longest first."""
        return sorted([*core_codes(), *self._all("jackfield_feature_codes")], key=lambda c: -len(c.code))

    def jobs(self) -> dict[str, Job]:
        """Background jobs by name: core's and the plugins'."""
        return {j.name: j for j in [*senders.jobs(), *self._all("jackfield_jobs")]}

    def control_methods(self) -> list[Method]:
        """Control methods of enabled plugins."""
        return self._all("jackfield_control_methods")

    def models(self) -> list[Models]:
        """Tables of plugins."""
        return [m for _, m in self.call("jackfield_models")]

    def settings(self, name: str) -> Any:
        """A plugin's validated settings."""
        return self.statuses[name].settings

    def _all(self, hook: str) -> list[Any]:
        return [i for s in self._enabled() for i in s.declared.get(hook, [])]
