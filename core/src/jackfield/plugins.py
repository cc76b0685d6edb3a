"""The plugin host: finds, loads, guards and calls plugins; one status record each.

pluggy registers and checks hooks; but `hook.x()` stops at the first exception, so the host calls each implementation
itself, times it, and shuts a plugin off after repeated faults.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy
import structlog
from pydantic import BaseModel, ValidationError

from jackfield import hookspecs
from jackfield.alarms import senders
from jackfield.config.kinds import Kind
from jackfield.config.objects import core_kinds
from jackfield.control.method import Method
from jackfield.errors import JackfieldError
from jackfield.features.codes import core_codes
from jackfield.jobs.job import Job
from jackfield.routing import builtin
from jackfield.routing.destinations import DestinationKind
from jackfield.routing.internal import FeatureCode
from jackfield.settings import Settings
from jackfield.storage.models import Models

log = structlog.get_logger(__name__)
GROUP = "jackfield.plugins"
API = "0.1"
LOAD_SECONDS = 10.0
FAULTS = 5
"""Faults within FAULT_WINDOW that shut a plugin off."""
FAULT_WINDOW = 300.0
_DECLARED: dict[str, type] = {
    "jackfield_site_kinds": Kind,
    "jackfield_destinations": DestinationKind,
    "jackfield_feature_codes": FeatureCode,
    "jackfield_jobs": Job,
    "jackfield_control_methods": Method,
}


class State(StrEnum):
    """What became of a plugin."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    FAILED = "failed to load"
    WRONG_API = "wrong API version"
    SHUT_OFF = "shut off after repeated errors"


@dataclass(slots=True)
class Status:
    """One plugin's status record."""

    name: str
    distribution: str = ""
    version: str = ""
    state: State = State.ENABLED
    reason: str = ""
    faults: list[float] = field(default_factory=list)
    hooks: dict[str, list[float]] = field(default_factory=dict)
    """Hook → [calls, seconds in all, seconds at most]."""
    declared: dict[str, list[Any]] = field(default_factory=dict)
    settings: Any = None
    instance: Any = None
    stale: bool = False
    """The version on disk is another one than this process runs; only a restart takes it up."""

    def describe(self) -> dict[str, Any]:
        """For `jackfield plugins`."""
        return {
            "name": self.name,
            "version": self.version,
            "state": str(self.state),
            "reason": self.reason,
            "faults": len(self.faults),
            "stale": self.stale,
            "hooks": {k: {"calls": int(v[0]), "ms": v[1] * 1e3, "max_ms": v[2] * 1e3} for k, v in self.hooks.items()},
            "destinations": [k.kind for k in self.declared.get("jackfield_destinations", [])],
        }


class _Manager(pluggy.PluginManager):
    """pluggy looks at every attribute of a plugin, which runs its properties; only hooks concern us."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        return super().parse_hookimpl_opts(plugin, name) if name.startswith("jackfield_") else None


class PluginHost:
    """All plugins of one process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.on_change: Callable[[Status], None] = lambda status: None
        """Told of a plugin that was loaded, refused, shut off, or removed (as disabled)."""
        self.on_fault: Callable[[Status, str], None] = lambda status, what: None
        self._manager = _Manager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs.Hooks)
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
        outcome: list[Any] = []
        thread = threading.Thread(target=_guarded, args=(lambda: self._make(point, status), outcome), daemon=True)
        thread.start()
        thread.join(LOAD_SECONDS)
        if thread.is_alive():
            self._refuse(status, f"did not load within {LOAD_SECONDS:g} s")
        elif outcome and isinstance(outcome[0], BaseException):
            self._refuse(status, f"{type(outcome[0]).__name__}: {outcome[0]}")
        else:
            log.info("plugin.loaded", plugin=point.name, version=status.version)
            self.on_change(status)

    def _make(self, point: EntryPoint, status: Status) -> None:
        instance = point.load()()
        wanted = str(getattr(instance, "api", API))
        if wanted.split(".")[0] != API.split(".")[0]:
            status.state = State.WRONG_API
            raise JackfieldError(f"made for plugin API {wanted}; this is {API}")
        self._manager.register(instance, point.name)
        try:
            self._manager.check_pending()
            status.settings = self._read_settings(point.name, instance)
            for hook, kind in _DECLARED.items():
                status.declared[hook] = self._declared(instance, hook, kind)
            self._clashes(point.name, status)
            for method in status.declared["jackfield_control_methods"]:
                if method.name.partition(".")[0] != point.name:
                    raise JackfieldError(f"a control method must be named {point.name}.…, not {method.name!r}")
        except BaseException:
            self._manager.unregister(name=point.name)
            raise
        status.instance = instance

    def _read_settings(self, name: str, instance: Any) -> Any:
        if not hasattr(instance, "jackfield_settings"):
            return None
        model: type[BaseModel] = instance.jackfield_settings()
        try:
            return model.model_validate(self._settings.plugins.get(name, {}))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            raise JackfieldError(f"settings: plugins.{name}.{key}: {first['msg']}") from error

    def _declared(self, instance: Any, hook: str, kind: type) -> list[Any]:
        items = list(getattr(instance, hook, lambda: ())())
        for item in items:
            if not isinstance(item, kind):
                raise JackfieldError(f"{hook} must return a list of {kind.__name__}, not {type(item).__name__}")
        return items

    def _clashes(self, name: str, status: Status) -> None:
        for hook, key in (
            ("jackfield_destinations", "kind"),
            ("jackfield_site_kinds", "kind"),
            ("jackfield_feature_codes", "code"),
            ("jackfield_jobs", "name"),
        ):
            taken = {
                getattr(i, key): s.name
                for s in self.statuses.values()
                if s is not status
                for i in s.declared.get(hook, [])
            }
            if hook == "jackfield_destinations":
                taken |= {k.kind: "core" for k in builtin.kinds()}
            if hook == "jackfield_jobs":
                taken |= {j.name: "core" for j in senders.jobs()}
            if hook == "jackfield_site_kinds":
                taken |= {k.kind: "core" for k in core_kinds()}
            if hook == "jackfield_feature_codes":
                taken |= {c.code: "core" for c in core_codes()}
            for item in status.declared.get(hook, []):
                if getattr(item, key) in taken:
                    raise JackfieldError(
                        f"{key} {getattr(item, key)!r} is already brought by {taken[getattr(item, key)]}"
                    )

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
            self._call_one(status, "jackfield_stop", status.instance.jackfield_stop) if hasattr(
                status.instance, "jackfield_stop"
            ) else None
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
            answer = self._call_one(status, hook, function, **arguments)
            if answer is not None:
                answers.append((status.name, answer))
        return answers

    def _call_one(self, status: Status, hook: str, function: Callable[..., Any], **arguments: Any) -> Any:
        from jackfield.errors import CallerHungUp

        started = time.monotonic()
        try:
            return function(**arguments)
        except CallerHungUp:
            raise
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            log.error("plugin.hook_failed", plugin=status.name, hook=hook, exc_info=True)
            self.fault(status.name, f"{hook}: {type(error).__name__}: {error}")
            return None
        finally:
            spent = time.monotonic() - started
            figures = status.hooks.setdefault(hook, [0, 0.0, 0.0])
            figures[0] += 1
            figures[1] += spent
            figures[2] = max(figures[2], spent)

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


def _guarded(function: Callable[[], None], outcome: list[Any]) -> None:
    try:
        function()
    except BaseException as error:
        log.debug("plugin.load_traceback", exc_info=True)
        outcome.append(error)
