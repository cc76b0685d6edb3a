"""The command, run in this process on a box of its own: stand-ins for voices, no plugins, no Asterisk, no daemon."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from jackfield.cli import context, live, plugins
from jackfield.cli.main import main
from jackfield.control.access import Access
from jackfield.control.audit import AuditLog
from jackfield.control.method import Method, by_name
from jackfield.control.server import ControlServer
from jackfield.prompts import library
from jackfield.prompts.core_texts import CORE_PROMPTS
from jackfield.settings import ControlSettings
from jackfield.storage.engine import Database


@dataclass
class Done:
    code: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("espeak-ng", "sox"):
        (tools / name).write_text("#!/bin/sh\nprintf 'RIFF%044d' 0\nexec cat\n")
        (tools / name).chmod(0o755)
    (tmp_path / "run").mkdir()
    (tmp_path / "jackfield.toml").write_text(
        f'database = "sqlite:///{tmp_path}/test.db"\n'
        f'[paths]\nstate = "{tmp_path}/state"\nrun = "{tmp_path}/run"\n[ami]\nport = 1\n'
    )
    monkeypatch.setenv("PATH", str(tools), prepend=":")
    monkeypatch.setenv("JACKFIELD_SETTINGS", str(tmp_path / "jackfield.toml"))
    monkeypatch.setenv("SUDO_USER", "ann")
    monkeypatch.setattr(os, "getuid", lambda: 0)  # sudo is believed
    monkeypatch.setattr(library, "core_sounds", lambda: dict(CORE_PROMPTS))
    monkeypatch.setattr("jackfield.plugins.host.entry_points", lambda group: [])
    for module in (context, live, plugins):  # the tests go on as whoever they are
        monkeypatch.setattr(module, "become_service_user", lambda: None)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def jackfield(box: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    def run(*arguments: str) -> Done:
        capsys.readouterr()
        code = main(arguments)
        got = capsys.readouterr()
        return Done(code, got.out, got.err)

    return run


@pytest.fixture
def migrated(jackfield) -> Callable[..., Done]:
    assert jackfield("migrate").code == 0
    return jackfield


@pytest.fixture
def daemon(box: Path):
    servers = []

    def start(**methods):
        found = by_name(Method(name.replace("_", "."), function) for name, function in methods.items())
        database = Database(f"sqlite:///{box}/audit.db")
        path = box / "run" / "control.sock"
        server = ControlServer(path, lambda: found, Access(ControlSettings()), AuditLog(database))
        server.start()
        servers.append(server)

    yield start
    for server in servers:
        server.stop()
