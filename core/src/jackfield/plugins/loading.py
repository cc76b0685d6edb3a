"""Makes a plugin of an entry point, on a thread of its own: one that hangs is given up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint
from typing import Any

import pluggy
import structlog
from pydantic import BaseModel, ValidationError

from jackfield import hookspecs
from jackfield.errors import JackfieldError
from jackfield.plugins.declared import check_names, declared_by
from jackfield.plugins.status import State, Status
from jackfield.settings import Settings

log = structlog.get_logger(__name__)
GROUP = "jackfield.plugins"
API = "0.1"
LOAD_SECONDS = 10.0


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

    def __init__(self, settings: Settings, manager: pluggy.PluginManager) -> None:
        """`manager` checks and registers hooks."""
        self._settings, self._manager = settings, manager

    def load(self, point: EntryPoint, status: Status, others: Iterable[Status]) -> str:
        """Import and make a plugin, read its settings and what it declares; '' or why that failed."""
        outcome: list[BaseException] = []
        thread = threading.Thread(
            target=_guarded, args=(lambda: self._make(point, status, others), outcome), daemon=True
        )
        thread.start()
        thread.join(LOAD_SECONDS)
        if thread.is_alive():
            return f"did not load within {LOAD_SECONDS:g} s"
        return f"{type(outcome[0]).__name__}: {outcome[0]}" if outcome else ""

    def _make(self, point: EntryPoint, status: Status, others: Iterable[Status]) -> None:
        instance = point.load()()
        wanted = str(getattr(instance, "api", API))
        if wanted.split(".")[0] != API.split(".")[0]:
            status.state = State.WRONG_API
            raise JackfieldError(f"made for plugin API {wanted}; this is {API}")
        self._manager.register(instance, point.name)
        try:
            self._manager.check_pending()
            status.settings = self._read_settings(point.name, instance)
            status.declared = declared_by(instance)
            check_names(status, others)
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


def _guarded(function: Callable[[], None], outcome: list[BaseException]) -> None:
    try:
        function()
    except BaseException as error:
        log.debug("plugin.load_traceback", exc_info=True)
        outcome.append(error)
