"""Part of the contract: what a plugin says of itself is so (version, permissions, schedules, reports, screens)."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from jackfield.jobs.fenced import fenced
from jackfield.permissions import Permission, declared_permissions
from jackfield.plugins.loading import API, outside
from jackfield.reports import report as reports
from jackfield.surfaces import Screen

if TYPE_CHECKING:
    from jackfield.testing.simulator import Simulator

NETWORK = frozenset(
    {
        "aiohttp", "asyncssh", "ftplib", "httpx", "imaplib", "paramiko", "poplib", "requests", "smtplib", "socket",
        "socketserver", "telnetlib", "urllib.request", "urllib3", "websockets", "xmlrpc.client",
    }
)  # fmt: skip
"""Modules with which code speaks to other machines."""
WRITES = frozenset({"write_text", "write_bytes", "mkdir", "touch", "unlink", "rmtree", "copyfile", "copytree"})
"""Calls by which code changes files."""
FIELD = re.compile(r"^XB-Jackfield-Permissions:(.*)$", re.MULTILINE)


class Claims:
    """Tests that `PluginContract` inherits."""

    plugin: type

    if TYPE_CHECKING:  # what the contract has

        @classmethod
        def own_name(cls) -> str: ...  # noqa: D102
        @classmethod
        def folder(cls) -> Path: ...  # noqa: D102
        def simulator(self) -> Simulator: ...  # noqa: D102

    def test_its_api_version(self) -> None:
        """It says for which version of the interface it was made, and this one is within its range."""
        wanted = str(getattr(self.plugin, "api", ""))
        assert wanted, f'say for which version it was made: api = "{API}"'
        assert not outside(wanted), outside(wanted)

    def test_its_permissions(self) -> None:
        """What it says that it may do covers what its modules can be seen to do; its package says the same."""
        said = declared_permissions(self.plugin())
        sources = sorted(self.folder().rglob("*.py"))
        trees = {source: ast.parse(source.read_text(encoding="utf-8")) for source in sources}
        for needed, names in ((Permission.NETWORK, _talks), (Permission.FILES, _writes)):
            if needed not in said:
                found = [f"{source.name}: {name}" for source, tree in trees.items() for name in names(tree)]
                assert found == [], f"it does not say Permission.{needed.name}, but uses {found}"
        control = next((f / "debian/control" for f in self.folder().parents if (f / "debian/control").exists()), None)
        written = FIELD.search(control.read_text(encoding="utf-8")) if control is not None else None
        if written is not None and not written[1].strip().startswith("$"):
            listed = {word for word in re.split(r"[,\s]+", written[1]) if word}
            assert listed == set(said), f"{control} lists other permissions than the class"

    def test_its_schedules(self) -> None:
        """Each is due some day, and its job can be run on a box on which nothing has happened yet."""
        plugin = self.plugin()
        jobs = {job.name: job for job in getattr(plugin, "jackfield_jobs", list)()}
        with self.simulator() as pbx:
            for schedule in getattr(plugin, "jackfield_schedules", list)():
                assert schedule.job in jobs, f"{schedule.name}: it declares no job {schedule.job!r}"
                due = schedule.next_after(pbx.clock.now(), ZoneInfo("UTC"))
                job = fenced(jobs[schedule.job], self.own_name(), lambda: [self.own_name()])
                for _ in range(2):  # a job may run twice
                    job.function(pbx.daemon.database, {**schedule.payload, "due": due.isoformat()})

    def test_its_reports(self) -> None:
        """Each can be made on an empty box and on one with a call, and only reads."""
        with self.simulator() as pbx:
            for call in (False, True):
                if call and pbx.daemon.calls.site.names("did"):
                    caller = pbx.caller()
                    pbx.settle()
                    caller.hangs_up()
                    caller.record()
                until = pbx.clock.now().astimezone(UTC) + timedelta(hours=1)
                for report in getattr(self.plugin(), "jackfield_reports", list)():
                    rows = reports.make(report, pbx.daemon.database, until - timedelta(days=report.days), until)
                    assert all(len(row) == len(report.columns) for row in rows)

    def test_its_screens(self) -> None:
        """Each is a screen of Textual that can be made without arguments; the daemon's side does without Textual."""
        screens: list[Screen] = getattr(self.plugin(), "jackfield_screens", list)()
        for screen in screens:
            module, _, name = screen.target.partition(":")
            assert importlib.util.find_spec(module) is not None, f"{screen.name}: there is no module {module}"
            assert str(screen.title), f"{screen.name} lacks a title"
            if importlib.util.find_spec("textual") is None:
                pytest.skip("textual is not installed; on Debian: apt-get install python3-textual")
            from textual.screen import Screen as TextualScreen

            made = getattr(importlib.import_module(module), name)
            assert issubclass(made, TextualScreen), f"{screen.target} is no textual.screen.Screen"
            made()


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _talks(tree: ast.Module) -> list[str]:
    """Modules of the network that it imports."""
    return sorted({n for n in _imported(tree) if n in NETWORK or n.partition(".")[0] in NETWORK - {"urllib", "xmlrpc"}})


def _writes(tree: ast.Module) -> list[str]:
    """Calls by which it changes files, or opens some to write."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called: Any = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name in WRITES or (name == "open" and set(_mode(node)) & set("wax+")):
            found.add(f"{name}()")
    return sorted(found)


def _mode(call: ast.Call) -> str:
    """The mode of `open(path, mode)` or `path.open(mode)`."""
    place = 1 if isinstance(call.func, ast.Name) else 0
    given = [k.value for k in call.keywords if k.arg == "mode"] + call.args[place : place + 1]
    return next((str(a.value) for a in given if isinstance(a, ast.Constant)), "r")
