"""The control API of the daemon: methods, permissions, audit log, events and the socket, put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from jackfield.control import protocol
from jackfield.control.access import Access
from jackfield.control.audit import AuditLog
from jackfield.control.method import Caller, Method, Role, by_name
from jackfield.control.protocol import Code, Refusal
from jackfield.control.server import ControlServer
from jackfield.control.stream import EventHub, Stream
from jackfield.plugins import PluginHost
from jackfield.services import EventBus
from jackfield.settings import ControlSettings
from jackfield.storage.engine import Database

OPEN_TOPICS = frozenset({"alarm", "load", "plugin", "site"})
"""Events that tell nothing about persons: a viewer gets these only."""
Topics = Annotated[tuple[str, ...], Field(max_length=20, description="All that you may have, when left out")]


class ControlApi:
    """The socket and everything behind it."""

    def __init__(
        self,
        path: Path,
        settings: ControlSettings,
        database: Database,
        host: PluginHost,
        events: EventBus,
        methods: Iterable[Method],
    ) -> None:
        """Nothing listens yet."""
        self._host = host
        self._core = by_name([*methods, *self._own()])
        self.audit = AuditLog(database)
        self.hub = EventHub(events)
        self.server = ControlServer(path, self.methods, Access(settings), self.audit, self._blame)

    def start(self) -> None:
        """Listen. The tables must be up to date."""
        self.audit.start()
        self.server.start()

    def stop(self) -> None:
        """Listen no more, end the streams, write what is left of the audit log."""
        self.server.stop()
        self.hub.close()
        self.audit.stop()

    def methods(self) -> Mapping[str, Method]:
        """Core's methods, and those of the plugins that are at work now."""
        return {**{method.name: method for method in self._host.control_methods()}, **self._core}

    def _blame(self, method: Method, error: Exception) -> None:
        """A method broke. If it is a plugin's, it counts against the plugin."""
        if method.name not in self._core:
            self._host.fault(method.name.partition(".")[0], f"{method.name}: {type(error).__name__}: {error}")

    # -- methods of the protocol itself ----------------------------------------------------------------------------

    def _own(self) -> list[Method]:
        return [
            Method("version", self.version, Role.VIEWER),
            Method("describe", self.describe, Role.VIEWER),
            Method("schema", self.describe, Role.VIEWER, summary="The same as describe"),
            Method("events.subscribe", self.subscribe, Role.VIEWER, personal=True, object="{topics}"),
        ]

    def version(self, caller: Caller) -> dict[str, Any]:
        """The protocol, the server, and who you are here."""
        role = caller.role.value if caller.role else None
        return {
            "protocol": protocol.VERSION,
            "server": _installed(),
            "user": caller.name,
            "uid": caller.uid,
            "role": role,
        }

    def describe(
        self,
        caller: Caller,
        method: Annotated[str | None, Field(max_length=64, description="Only this one")] = None,
    ) -> list[dict[str, Any]]:
        """The methods that you may call: role, help, and the JSON schema of the parameters."""
        mine = [m for m in self.methods().values() if caller.role is not None and caller.role.covers(m.role)]
        return [m.describe() for m in sorted(mine, key=lambda m: m.name) if method in (None, m.name)]

    def subscribe(self, caller: Caller, topics: Topics = ()) -> Stream:
        """Live events: from then on this connection brings them, one JSON line each."""
        if caller.role is not None and caller.role.covers(Role.OPERATOR):
            return self.hub.subscribe(topics)
        if closed := sorted(set(topics) - OPEN_TOPICS):
            text = f"a viewer gets the topics {', '.join(sorted(OPEN_TOPICS))}; {closed[0][:40]!r} needs an operator"
            raise Refusal(Code.DENIED, text)
        return self.hub.subscribe(topics or OPEN_TOPICS)


def _installed() -> str:
    try:
        return version("jackfield")
    except PackageNotFoundError:
        return ""
