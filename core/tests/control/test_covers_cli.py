"""The control API can do everything that the command can: each command and each of its options has its method."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import typer.main
from jackfield.cli import trail
from jackfield.cli.main import app
from jackfield.control.method import Method
from jackfield.daemon import Daemon
from jackfield.settings import AgiSettings, AmiSettings, PathSettings, Settings


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


PLUGINS = [
    EntryPoint("recording", "jackfield_recording.plugin:RecordingPlugin", "jackfield.plugins"),
    EntryPoint("acd", "jackfield_acd.plugin:AcdPlugin", "jackfield.plugins"),
]
METHODS = {
    "import": "site.import", "export": "site.export", "check": "site.check", "plan": "site.plan", "diff": "site.diff",
    "apply": "site.apply", "rollback": "site.rollback", "history": "site.history", "undo": "site.undo",
    "discard": "site.discard", "revisions": "site.revisions", "show": "site.get", "set": "site.set",
    "delete": "site.delete", "status": "status", "calls": "calls", "trunks": "trunks", "agents": "agents",
    "queues": "queues", "extensions": "extensions", "extension set": "extension.set", "phone show": "phone.show",
    "codes": "codes", "conference list": "conferences", "conference add": "conference.add",
    "conference drop": "conference.drop", "parked": "parked", "plugins list": "plugins",
    "plugins reload": "plugins.reload", "plugins info": "plugins.info", "plugins check": "plugins.check",
    "plugins enable": "plugins.enable", "plugins disable": "plugins.disable", "plugins log": "plugins.log",
    "alarms list": "alarms", "alarms ack": "alarms.ack",
    "alarms clear": "alarms.clear", "alarms history": "alarms.history", "alarms test": "alarms.test",
    "route test in": "route.test.in", "route test out": "route.test.out", "privacy bind": "privacy.bind",
    "privacy unbind": "privacy.unbind", "privacy list": "privacy.list", "recordings list": "recording.list",
    "recordings show": "recording.show", "recordings export": "recording.export", "bans": "bans", "ban": "bans.add",
    "unban": "bans.remove", "allow": "bans.allow", "disallow": "bans.disallow", "blocks": "blocks",
    "block": "blocks.add", "unblock": "blocks.remove", "events": "events.subscribe", "audit": "audit",
    "records": "records", "migrate": "migrate", "plugins purge": "plugins.purge",
    "report": "report", "jobs list": "jobs", "jobs show": "jobs.show", "jobs retry": "jobs.retry",
    "jobs drop": "jobs.drop", "jobs schedules": "jobs.schedules", "acd why": "acd.why",
    "acd move": "acd.contact.move", "acd prioritise": "acd.contact.prioritise", "acd drop": "acd.contact.drop",
    **{f"agent {verb}": f"acd.agent.{verb}" for verb in ("login", "logout", "pause", "ready", "more-time", "personal")},
    "agent reasons": "acd.pause-reasons", "agent monitor": "acd.monitor", "acd notices": "acd.notices",
    "acd figures": "acd.figures", "acd lost": "acd.lost",
    **{f"backup {verb}": f"backup.{verb}" for verb in
       ("create", "list", "show", "verify", "restore", "export", "remove")},
    "prompts listen": "prompts.listen", "prompts record": "prompts.record", "test-call": "calls.test",
    "acd callbacks": "acd.callbacks", "acd cancel": "acd.callback.cancel",
}  # fmt: skip
"""Command → method. A new command is added here when its method is there."""
AUTHORS = {"plugin new", "console"}
"""Commands without a method: one makes files where an author works, one is a client like the command itself."""
RENAMED = {
    ("import", "file"): "text", ("import", "merge"): "meanwhile", ("import", "force"): "meanwhile",
    ("show", "kind"): "kind", ("set", "revision"): "expected", ("delete", "revision"): "expected",
    ("undo", "force"): "others", ("phone show", "host"): "address", ("ban", "seconds"): "length",
    ("recordings show", "recording"): "id", ("recordings export", "recording"): "id",
    ("privacy bind", "duration"): "lifetime", ("privacy unbind", "identity"): "id",
    **{(f"plugins {verb}", "name"): "plugin" for verb in ("info", "check", "enable", "disable", "log", "purge")},
    ("extension set", "dnd"): "dnd", ("backup restore", "everything"): "scope",
}  # fmt: skip
"""(command, parameter) → what the method calls it."""
SHOWN_ONLY = {
    ("export", "file"),
    ("plan", "files"),
    ("recordings export", "file"),
    ("backup export", "file"),
    ("report", "csv"),
    ("plugins purge", "yes"),
}
"""What only says where the command's own output goes."""
OF_THE_DRAFT = {"route test in": "site.test.in", "route test out": "site.test.out"}
"""With --draft it is another method."""


def commands(group=None, words=()) -> Iterator[tuple[str, typer.core.TyperCommand]]:
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


COMMANDS = dict(commands())


@pytest.fixture(scope="module")
def methods(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Method]]:
    """Those of a daemon that is put together as on a box, with the plugin of recordings."""
    folder: Path = tmp_path_factory.mktemp("box")
    (folder / "asterisk").mkdir()
    settings = Settings(
        database=f"sqlite:///{folder}/test.db",
        paths=PathSettings(state=folder, run=folder, spool=folder),
        agi=AgiSettings(port=free_port()),
        ami=AmiSettings(port=free_port()),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jackfield.plugins.host.entry_points", lambda group: PLUGINS)
        daemon = Daemon(settings)
    yield dict(daemon.control.methods())
    daemon.stop()


def test_every_command_is_in_the_table_and_no_other() -> None:
    assert sorted(COMMANDS.keys() - AUTHORS) == sorted(METHODS)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_command_has_its_method_with_all_that_can_be_said(name: str, methods: dict[str, Method]) -> None:
    found = methods.get(METHODS[name])
    assert found is not None, f"`jackfield {name}` has no method {METHODS[name]}; there are {sorted(methods)}"
    known = set(found.params.model_fields)
    for parameter in COMMANDS[name].params:
        said = RENAMED.get((name, parameter.name), parameter.name)
        if said in ("json", "help") or (name, parameter.name) in SHOWN_ONLY:
            continue
        if said == "draft" and name in OF_THE_DRAFT:
            draft = set(methods[OF_THE_DRAFT[name]].params.model_fields)
            assert draft == known
            continue
        assert said in known, f"`jackfield {name}` knows {parameter.name}, its method only {sorted(known)}"


def test_what_the_command_puts_on_record_is_what_the_method_would(methods: dict[str, Method]) -> None:
    """Commands that work without the daemon keep the audit log themselves: the same name, and no read left out."""
    for words, kept in trail.COMMANDS.items():
        method = methods[kept.method]
        assert (METHODS[" ".join(words)], method.change) == (kept.method, kept.change), words
        assert kept.personal or not method.personal, words
    without_daemon = {"import", "export", "show", "set", "delete", "apply", "rollback", "undo", "discard", "records",
                      "audit", "report", "migrate", "plugins purge", "phone show",
                      "backup create", "backup restore", "backup remove"}  # fmt: skip
    assert {" ".join(words) for words in trail.COMMANDS} == without_daemon
