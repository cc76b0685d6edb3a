"""A control socket with a few methods, clients that speak to it raw."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Annotated, Any

import pytest
from jackfield.control import site_methods
from jackfield.control.api import ControlApi
from jackfield.control.method import Caller, Method, Role
from jackfield.control.site_processes import SiteProcesses
from jackfield.errors import CommandFailed, JackfieldError, SiteError
from jackfield.plugins import PluginHost
from jackfield.services import EventBus, TimerThread
from jackfield.settings import ControlSettings, Settings
from jackfield.storage.engine import Database
from jackfield.storage.migrate import CORE, migrate
from pydantic import Field


def echo(text: str = "") -> str:
    """Says it again."""
    return text


def add(a: Annotated[int, Field(ge=0, description="First")], b: int = 1) -> int:
    return a + b


def refuse() -> None:
    raise JackfieldError("not today")


def wrong() -> None:
    raise SiteError(["line 1: a", "line 2: b"])


METHODS = [
    Method("echo", echo, Role.VIEWER),
    Method("add", add, Role.VIEWER),
    Method("refuse", refuse, Role.VIEWER, change=True),
    Method("wrong", wrong, Role.VIEWER),
    Method("bug", lambda: 1 / 0, Role.VIEWER, change=True),
    Method("calls", lambda number="": [number], Role.OPERATOR, personal=True, object="{number}"),
    Method("set", lambda kind, name: None, Role.ADMIN, change=True, object="{kind}:{name}"),
    Method("who", lambda caller: caller.name, Role.VIEWER),
]
METHODS[-1].function.__annotations__["caller"] = Caller


class Client:
    """A connection that sends what it likes."""

    def __init__(self, path: Path) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(path))  # blocking: it waits for a place in the queue
        self.sock.settimeout(10)
        self.stream = self.sock.makefile("rb")

    def ask(self, method: str, /, **params: Any) -> Any:
        answer = self.raw(json.dumps({"method": method, "params": params}).encode())
        if "error" in answer:
            raise CommandFailed(f"{answer['code']}: {answer['error']}")
        return answer["result"]

    def raw(self, line: bytes) -> Any:
        self.sock.sendall(line + b"\n")
        return self.read()

    def read(self) -> Any:
        line = self.stream.readline()
        return json.loads(line) if line else None

    def close(self) -> None:
        self.stream.close()
        self.sock.close()


class Box:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "c.sock"
        self.database = Database(f"sqlite:///{folder}/test.db")
        migrate(self.database, [CORE])
        self.events, self.host = EventBus(), PluginHost(Settings())
        self.api = ControlApi(self.path, ControlSettings(), self.database, self.host, self.events, METHODS)
        self.api.start()
        self.clients: list[Client] = []

    def client(self) -> Client:
        self.clients.append(Client(self.path))
        return self.clients[-1]

    def become(self, role: Role | None, monkeypatch: pytest.MonkeyPatch) -> None:
        """From now on everybody who connects has this role."""
        monkeypatch.setattr(self.api.server._access, "role", lambda uid, gids: role)

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.api.stop()
        self.database.close()


@pytest.fixture
def box(tmp_path: Path):
    made = Box(tmp_path)
    yield made
    made.close()


@pytest.fixture
def site(box, tmp_path, monkeypatch):
    """A client of a box whose site processes are real."""
    (tmp_path / "jackfield.toml").write_text(
        f'database = "sqlite:///{tmp_path}/test.db"\n'
        f'[paths]\nstate = "{tmp_path}/state"\nrun = "{tmp_path}/run"\n[ami]\nport = 1\n'
    )
    monkeypatch.setenv("JACKFIELD_SETTINGS", str(tmp_path / "jackfield.toml"))
    timers = TimerThread()
    box.processes = SiteProcesses(timers)
    methods = site_methods.methods(box.processes, box.events.publish)
    box.api._core.update({method.name: method for method in methods})
    yield box.client()
    box.processes.renew()
    timers.stop()
