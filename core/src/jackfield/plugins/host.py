"""The plugin host: all plugins of one process, and a status record of each.

pluggy registers and checks hooks; but `hook.x()` stops at the first exception, so the host calls each implementation
itself, times it, and shuts a plugin off after repeated faults. What a hook or a call needs of all plugins is put
together once (`_table`), and again when one comes or goes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

import structlog

from jackfield.config.kinds import Kind
from jackfield.config.objects import core_kinds
from jackfield.control.method import Method
from jackfield.errors import JackfieldError
from jackfield.features.codes import core_codes
from jackfield.jobs.fenced import fenced
from jackfield.jobs.job import Job
from jackfield.jobs.own import own_jobs
from jackfield.permissions import EVERYTHING, Permission
from jackfield.plugins import requires
from jackfield.plugins.calling import FAILED, Guard
from jackfield.plugins.loading import GROUP, Loader, Manager, distribution, unique
from jackfield.plugins.off import OffList
from jackfield.plugins.share import Share
from jackfield.plugins.status import State, Status
from jackfield.plugins.threads import Strays
from jackfield.reports.report import Report
from jackfield.routing.destinations import DestinationKind
from jackfield.routing.internal import FeatureCode
from jackfield.schedules.schedule import Schedule
from jackfield.settings import Settings
from jackfield.storage.models import Models

if TYPE_CHECKING:
    from jackfield.core import Core

log = structlog.get_logger(__name__)
FAULT_WINDOW = 300.0
"""Seconds in which faults are counted together."""


class PluginHost:
    """All plugins of one process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.on_change: Callable[[Status], None] = lambda status: None
        """Told of a plugin that was loaded, refused, shut off, or removed (as disabled)."""
        self.on_fault: Callable[[Status, str], None] = lambda status, what: None
        self.on_left: Callable[[str], dict[str, int]] = lambda name: {}
        """Told of a plugin that is at work no more, before it is stopped; says what becomes of its calls."""
        self.statuses: dict[str, Status] = {}
        self.strays = Strays()
        self.off = OffList(settings.paths.state)
        self.guard = Guard(self.fault, self.strays.note, settings.isolation.hook_seconds)
        self._manager = Manager()
        self._loader = Loader(settings, self._manager, self.fault, self.strays.note)
        self._lock = threading.Lock()
        self._changing = threading.RLock()
        """Held while plugins come and go."""
        self._table: dict[str, list[Any]] = {}
        """Hook → what all plugins have for it; made anew when one comes or goes."""
        self._shares: dict[str, Share] = {}
        self._removed: dict[str, Status] = {}
        """Plugins that are not installed any more; threads may be left of them."""
        self._imported: dict[str, str] = {}
        """Plugin → version whose code this process has imported; it cannot take another one."""

    # -- coming ----------------------------------------------------------------------------------------------------

    def load(self, points: Iterable[EntryPoint] | None = None) -> list[str]:
        """Load what is installed, wanted and not loaded yet; forget what is gone, leave what is switched off.

        Returns:
            Names of plugins that are new, in the order in which they are to be started.
        """
        with self._changing:
            found, clashes = unique(entry_points(group=GROUP) if points is None else points, self.statuses)
            taken = {f"{name}@{dist}": (name, dist) for dist, name in clashes.items()}
            for name in [n for n in self.statuses if n not in found and n not in taken]:
                self._forget(name)
            for key in taken.keys() - self.statuses.keys():
                name, dist = taken[key]
                reason = f"the name {name} is taken by {distribution(found[name])}; remove one of both packages"
                self._refuse(Status(key, dist, state=State.FAILED), reason)
            off = {*self._settings.disabled, *self.off.names()}
            for name in off & self.statuses.keys():
                if self.statuses[name].state is not State.DISABLED:
                    self._leave(self.statuses[name], State.DISABLED, "switched off")
            new = self._load_all({name: point for name, point in found.items() if self._is_due(name, off)})
            for name in off & found.keys() - self.statuses.keys():
                self.put(_status(found[name], State.DISABLED))
            for name, point in found.items():
                version = point.dist.version if point.dist else ""
                self.statuses[name].stale = self._imported.setdefault(name, version) != version
            return new

    def _is_due(self, name: str, off: set[str]) -> bool:
        status = self.statuses.get(name)
        return name not in off and (status is None or status.state in (State.DISABLED, State.WAITING))

    def _load_all(self, due: dict[str, EntryPoint]) -> list[str]:
        """Load in rounds: a plugin that waits for another has its turn when that one is there."""
        waiting, loaded, progress = dict(sorted(due.items())), list[str](), True
        statuses = {name: _status(point) for name, point in waiting.items()}
        while waiting and progress:
            progress = False
            for name, point in list(waiting.items()):
                reason = self._load_one(point, statuses[name])
                if statuses[name].state is not State.WAITING:
                    del waiting[name]
                    loaded.append(name)
                    progress = True
                    self._refuse(statuses[name], reason) if reason else self._welcome(statuses[name])
                else:
                    statuses[name].reason = reason
        for name in waiting:
            self._refuse(statuses[name], statuses[name].reason.partition(": ")[2])
        return loaded

    def _load_one(self, point: EntryPoint, status: Status) -> str:
        status.state = State.ENABLED
        self.statuses = {**self.statuses, status.name: status}
        return self._loader.load(point, status, {n: s for n, s in self.statuses.items() if s is not status})

    def _welcome(self, status: Status) -> None:
        status.reason = ""
        self.put(status)
        self.strays.back(status.name)
        self._removed.pop(status.name, None)
        log.info("plugin.loaded", plugin=status.name, version=status.version)
        self.on_change(status)

    def put(self, status: Status) -> None:
        """Have a status record among the others, under its name."""
        self.statuses = {**self.statuses, status.name: status}
        self._table = {}

    def start(self, core: Core, names: Iterable[str] | None = None) -> None:
        """Hand plugins their share of core; one that cannot start is refused, and so are those that need it."""
        wanted = set(self.statuses) if names is None else set(names)
        for name in requires.in_order(self.statuses):
            status = self.statuses[name]
            if name not in wanted or status.state is not State.ENABLED or status.instance is None:
                continue
            share = self._shares[name] = Share(core, status, self.guard, lambda: self.statuses, self.fault)
            function = getattr(status.instance, "jackfield_start", None)
            if function is None:
                continue
            answer = self.guard.run_apart(status, "jackfield_start", function, {"core": share.core})
            if answer is FAILED and status.state is State.ENABLED:
                self._leave(status, State.FAILED, status.notes[-1][1] if status.notes else "jackfield_start failed")

    # -- going -----------------------------------------------------------------------------------------------------

    def refuse(self, name: str, reason: str) -> None:
        """Take a loaded plugin out: it cannot do its work here."""
        self._leave(self.statuses[name], State.FAILED, reason)

    def _refuse(self, status: Status, reason: str) -> None:
        """One that could not be loaded."""
        if status.state is State.ENABLED:
            status.state = State.FAILED
        status.reason = reason
        status.declared.clear()
        self.put(status)
        log.error("plugin.failed", plugin=status.name, state=str(status.state), reason=reason)
        self.on_change(status)

    def _leave(self, status: Status, state: State, reason: str) -> None:
        """Take a plugin out that was loaded, and before it those that need it."""
        self._go(status, state, reason)
        self.on_change(status)

    def _go(self, status: Status, state: State, reason: str) -> None:
        with self._changing:
            for name in requires.dependents(status.name, self.statuses):
                other = self.statuses[name]
                if other.state is State.ENABLED:
                    self._leave(other, State.WAITING, f"needs the plugin {status.name}, which is out ({state})")
            status.state, status.reason = state, reason
            self._table = {}
            level = log.info if state is State.DISABLED else log.error
            level("plugin.out", plugin=status.name, state=str(state), reason=reason)
            self._wind_up(status)

    def _wind_up(self, status: Status) -> None:
        """Stop a plugin that is out already: calls that wait in it, hooks, events, timers, threads."""
        instance, status.instance = status.instance, None
        if instance is None:
            return
        status.calls = self.on_left(status.name)
        if stop := getattr(instance, "jackfield_stop", None):
            self.guard.run_apart(status, "jackfield_stop", stop, {})
        if share := self._shares.pop(status.name, None):
            share.close()
        if self._manager.has_plugin(status.name):
            self._manager.unregister(name=status.name)
        status.declared.clear()
        self.strays.left(status)

    def _forget(self, name: str) -> None:
        status = self.statuses[name]
        self._leave(status, State.DISABLED, "removed")
        self._removed[name] = status
        self.statuses = {n: s for n, s in self.statuses.items() if n != name}
        self._table = {}

    def disable(self, name: str) -> None:
        """Switch a plugin off: from the next `load` on, and after restarts.

        Raises:
            JackfieldError: there is none, or it cannot be kept.
        """
        self._known(name)
        self.off.add(name)

    def enable(self, name: str) -> None:
        """Switch a plugin on again, or have one tried anew that failed or was shut off: from the next `load` on.

        Raises:
            JackfieldError: there is none, or it is switched off in the settings.
        """
        status = self._known(name)
        if name in self._settings.disabled:
            raise JackfieldError(f"{name} is switched off in the settings: take it out of `disabled` there and restart")
        self.off.discard(name)
        with self._changing:
            if status.state in (State.FAILED, State.WRONG_API, State.SHUT_OFF):
                status.state = State.DISABLED

    def _known(self, name: str) -> Status:
        if name not in self.statuses:
            raise JackfieldError(f"no plugin {name[:40]!r} is installed; there are: {', '.join(sorted(self.statuses))}")
        return self.statuses[name]

    # -- faults ----------------------------------------------------------------------------------------------------

    def fault(self, name: str, what: str) -> None:
        """Count a fault of a plugin; too many shut it off."""
        with self._lock:
            status = self.statuses.get(name)
            if status is None:
                return
            now = time.monotonic()
            status.faults = [t for t in status.faults if now - t < FAULT_WINDOW] + [now]
            status.note(what)
            log.error("plugin.fault", plugin=name, what=what, faults=len(status.faults))
            shut_off = len(status.faults) >= self._settings.isolation.faults and status.state is State.ENABLED
            if shut_off:
                status.state, status.reason = State.SHUT_OFF, what
                self._table = {}
        self.on_fault(status, what)
        if shut_off:
            # Not on this thread: it may be a call's, and is in the plugin's own code.
            arguments = (status, State.SHUT_OFF, what)
            threading.Thread(target=self._go, args=arguments, name="plugin-out", daemon=True).start()
            self.on_change(status)

    def stalled(self, name: str, thread: threading.Thread | None, what: str) -> str:
        """A call's thread was given up. Whose code does it run: `name`'s, or a hook's? '' if core's."""
        inside = self.guard.running.get(thread.ident or 0) if thread is not None else None
        name = inside[0].name if inside is not None else name
        if name:
            if thread is not None:
                self.strays.note(name, thread, what)
            self.fault(name, what if inside is None else f"{inside[1]}: {what}")
        return name

    def look(self) -> None:
        """Once a second: which threads do not come back? Their plugins are told of."""
        for name, thread, what in self.guard.late():
            if self.strays.note(name, thread, what):
                self.fault(name, f"a {what} has not come back")
        stuck = self.strays.look()
        for status in [*self._removed.copy().values(), *self.statuses.values()]:
            found = stuck.get(status.name, [])
            if found != status.stuck:
                status.stuck = found
                log.warning("plugin.threads", plugin=status.name, stuck=found)
                self.on_change(status)

    # -- calling ---------------------------------------------------------------------------------------------------

    def call(self, hook: str, *, only: str | None = None, **arguments: Any) -> list[tuple[str, Any]]:
        """Call a hook of each plugin that has it; `(plugin, answer)` for each answer that is not None.

        A hook with a `call` runs on this thread, any other on one of its own, which is given up when it hangs.
        `CallerHungUp` passes through; all else counts as the plugin's fault.
        """
        table = self._table
        found = table.get(hook)
        if found is None:
            found = table[hook] = self._implementers(hook)
        answers = []
        run = self.guard.run if "call" in arguments else self.guard.run_apart
        for status, function in found:
            if (only is None or status.name == only) and status.state is State.ENABLED:
                answer = run(status, hook, function, arguments)
                if answer is not None and answer is not FAILED:
                    answers.append((status.name, answer))
        return answers

    def _implementers(self, hook: str) -> list[tuple[Status, Callable[..., Any]]]:
        functions = [(status, getattr(status.instance, hook, None)) for status in self._enabled()]
        return [(status, function) for status, function in functions if function is not None]

    def _enabled(self) -> list[Status]:
        statuses = self.statuses
        ordered = [statuses[name] for name in requires.in_order(statuses)]
        return [s for s in ordered if s.state is State.ENABLED and s.instance is not None]

    # -- what plugins declare --------------------------------------------------------------------------------------

    def kinds(self) -> dict[str, Kind]:
        """Kinds of site objects: core's and the plugins'."""
        return {k.kind: k for k in [*core_kinds(), *self._all("jackfield_site_kinds")]}

    def destinations(self) -> dict[str, tuple[str, DestinationKind]]:
        """`{kind: (plugin, DestinationKind)}` of enabled plugins."""
        found = self._pairs("jackfield_destinations")
        return {kind.kind: (name, kind) for name, kind in found}

    def feature_codes(self) -> list[FeatureCode]:
        """Feature codes, core's and the plugins', longest first."""
        return sorted([*core_codes(), *self._all("jackfield_feature_codes")], key=lambda c: -len(c.code))

    def jobs(self) -> dict[str, Job]:
        """Background jobs by name: core's and the plugins'."""
        return {j.name: j for j in [*own_jobs(), *self._all("jackfield_jobs")]}

    def runnable_jobs(self) -> dict[str, Job]:
        """The same, to be run: each plugin's behind its fence."""
        found = {job.name: job for job in own_jobs()}
        for name, job in self._pairs("jackfield_jobs"):
            found[job.name] = fenced(job, name, lambda: self.statuses)
        return found

    def control_methods(self) -> list[Method]:
        """Control methods of enabled plugins."""
        return self._all("jackfield_control_methods")

    def schedules(self) -> list[Schedule]:
        """What enabled plugins have run at set times."""
        return self._all("jackfield_schedules")

    def reports(self) -> dict[str, Report]:
        """Reports of enabled plugins, by name."""
        return {report.name: report for report in self._all("jackfield_reports")}

    def permissions(self, name: str) -> frozenset[Permission]:
        """What a plugin may do; core, whose name is '', may do everything."""
        status = self.statuses.get(name)
        return status.permissions if status is not None else frozenset() if name else EVERYTHING

    def models(self) -> list[Models]:
        """Tables of plugins."""
        return [m for _, m in self.call("jackfield_models")]

    def settings(self, name: str) -> Any:
        """A plugin's validated settings."""
        return self.statuses[name].settings

    def _all(self, hook: str) -> list[Any]:
        return [item for _, item in self._pairs(hook)]

    def _pairs(self, hook: str) -> list[tuple[str, Any]]:
        table = self._table
        found = table.get("declared " + hook)
        if found is None:
            found = [(s.name, item) for s in self._enabled() for item in s.declared.get(hook, [])]
            table["declared " + hook] = found
        return found


def _status(point: EntryPoint, state: State = State.ENABLED) -> Status:
    dist = point.dist
    return Status(
        point.name,
        dist.name if dist else "",
        dist.version if dist else "",
        state=state,
    )
