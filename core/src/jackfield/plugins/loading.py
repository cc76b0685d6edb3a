"""Makes a plugin of an entry point, on a thread of its own: one that hangs is given up."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint
from typing import Any

import pluggy
import structlog
from pydantic import BaseModel, ValidationError

from jackfield import hookspecs, plugin_names
from jackfield.errors import JackfieldError
from jackfield.permissions import declared_permissions
from jackfield.plugins import requires
from jackfield.plugins.declared import check_names, declared_by
from jackfield.plugins.status import State, Status
from jackfield.plugins.surroundings import quiet, resident_kilobytes
from jackfield.settings import Settings

log = structlog.get_logger(__name__)
GROUP = "jackfield.plugins"
API = "1.1"
"""MAJOR.MINOR: a new minor version adds, a new major one takes away or changes."""
_VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})")
LOAD_SECONDS = 10.0
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_RESERVED = frozenset({"core", "jackfield"})


def outside(wanted: str) -> str:
    """Why a plugin that was made for another version of the API cannot be loaded; '' when it can.

    >>> outside("1.0")
    ''
    """
    found, ours = _VERSION.fullmatch(wanted), [int(part) for part in API.split(".")]
    if found is None:
        return f"its API version {wanted[:20]!r} is not MAJOR.MINOR, as in {API}"
    major, minor = int(found[1]), int(found[2])
    if major != ours[0]:
        return f"made for plugin API {wanted}; this is {API}: get the plugin's version for {ours[0]}.x"
    if minor > ours[1]:
        return f"made for plugin API {wanted}; this is {API}: upgrade jackfield first"
    return ""


class Manager(pluggy.PluginManager):
    """pluggy looks at every attribute of a plugin, which runs its properties; only hooks concern us."""

    def __init__(self) -> None:
        """With all hooks."""
        super().__init__(hookspecs.PROJECT)
        self.add_hookspecs(hookspecs.Hooks)

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        """Leaves properties alone."""
        return super().parse_hookimpl_opts(plugin, name) if name.startswith("jackfield_") else None


class Loader:
    """Loads plugins into status records."""

    def __init__(
        self,
        settings: Settings,
        manager: pluggy.PluginManager,
        fault: Callable[[str, str], None],
        give_up: Callable[[str, threading.Thread, str], object],
    ) -> None:
        """`manager` checks and registers hooks; `fault` and `give_up` are told of what a plugin does wrong."""
        self._settings, self._manager = settings, manager
        self._fault, self._give_up = fault, give_up

    def load(self, point: EntryPoint, status: Status, statuses: Mapping[str, Status]) -> str:
        """Import and make a plugin, read its settings and what it declares; '' or why that failed."""
        outcome: list[BaseException] = []
        thread = threading.Thread(
            target=_guarded,
            args=(lambda: self._make(point, status, statuses), outcome),
            name=f"{point.name}-load",
            daemon=True,
        )
        started, memory = time.monotonic(), resident_kilobytes()
        with quiet(point.name) as deeds:
            thread.start()
            thread.join(LOAD_SECONDS)
        status.load_seconds = time.monotonic() - started
        status.load_kilobytes = max(0, resident_kilobytes() - memory)
        if thread.is_alive():
            self._give_up(point.name, thread, "loading")
            return f"did not load within {LOAD_SECONDS:g} s"
        if outcome:
            log.debug("plugin.load_traceback", plugin=point.name, exc_info=outcome[0])
            return f"{type(outcome[0]).__name__}: {outcome[0]}"
        if deeds:
            self._fault(point.name, f"while it was loaded it {'; '.join(deeds)} (put back)")
        return ""

    def _make(self, point: EntryPoint, status: Status, statuses: Mapping[str, Status]) -> None:
        check_name(point.name)
        module = str(getattr(point, "module", ""))
        plugin_names.know(module.partition(".")[0], point.name)
        made = point.load()
        status.package = (module or made.__module__).partition(".")[0]
        status.api = str(getattr(made, "api", ""))
        status.requires = requires.read(made)
        if reason := requires.missing(status.requires, statuses):
            status.state = State.WAITING
            raise JackfieldError(reason)
        instance = made()
        if reason := outside(str(getattr(instance, "api", API))):
            status.state = State.WRONG_API
            raise JackfieldError(reason)
        status.permissions = declared_permissions(instance)
        self._manager.register(instance, point.name)
        try:
            self._manager.check_pending()
            status.settings = self._read_settings(point.name, instance)
            status.declared = declared_by(instance)
            check_names(status, [each for each in statuses.values() if each is not status])
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


def check_name(name: str) -> None:
    """Whether a plugin may be called so: its name is in the names of tables, settings, alarms and methods.

    Raises:
        JackfieldError: it may not.
    """
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise JackfieldError(f"{name[:40]!r} cannot be the name of a plugin: small letters, digits and _, and not core")


def unique(points: Iterable[EntryPoint], loaded: Mapping[str, Status]) -> tuple[dict[str, EntryPoint], dict[str, str]]:
    """One entry point a name; and `{distribution: name}` of those whose name another distribution has taken.

    Who is loaded already keeps the name; else the distribution whose name comes first.
    """
    found: dict[str, EntryPoint] = {}
    clashes: dict[str, str] = {}
    for point in sorted(points, key=lambda p: (p.name, distribution(p))):
        other, status = found.get(point.name), loaded.get(point.name)
        if other is None or distribution(other) == distribution(point):
            found.setdefault(point.name, point)
            continue
        if status is not None and status.distribution == distribution(point):
            found[point.name], point = point, other
        clashes[distribution(point)] = point.name
    return found, clashes


def distribution(point: EntryPoint) -> str:
    """The distribution that brings an entry point; '' when nobody knows."""
    return point.dist.name if point.dist else ""


def _guarded(function: Callable[[], None], outcome: list[BaseException]) -> None:
    try:
        function()
    except BaseException as error:
        outcome.append(error)
