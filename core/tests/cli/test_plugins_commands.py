"""plugins info, check, enable, disable, log."""

import json
import os
from pathlib import Path

import jackfield as jackfield_package
import pytest
from jackfield.cli import plugins
from jackfield.describe import HIDDEN
from jackfield.hookspecs import hookimpl
from jackfield.plugins.info import describe, settings_of
from jackfield.storage.engine import Database
from plugin_rig import host_of
from pydantic import BaseModel, Field, SecretStr

GOOD = """
from jackfield.api import DestinationKind, End, hookimpl

class Plugin:
    api = "1.0"
    @hookimpl
    def jackfield_destinations(self):
        return [DestinationKind("good", "Good", lambda call, name: End())]
"""
SAMPLES = {
    "good": (GOOD, 0, "good 1.0 is well; it brings good."),
    "raises": ("raise ImportError('no such card')", 1, "failed to load: ImportError: no such card"),
    "dies": ("import os\nos._exit(9)", 1, "its process died (exit code 9)"),
    "crashes": ("import os\nos.kill(os.getpid(), 11)", 1, "its process died (signal 11)"),
    "litters": ("import sys\nsys.path.append('/x')\nprint('hello')\nclass Plugin: pass", 1, "changed sys.path"),
    "threads": (
        "import threading, time\nthreading.Thread(target=lambda: time.sleep(30), name='mine', daemon=True).start()\n"
        "class Plugin: pass",
        1,
        "it started threads while it was loaded (mine)",
    ),
    "tables": (
        "from jackfield.api import Models, hookimpl\nclass Plugin:\n    @hookimpl\n"
        "    def jackfield_models(self): return Models('acd', 'jackfield_nothing.migrations')",
        1,
        "they must be its own",
    ),
}


@pytest.fixture
def installed(tmp_path, monkeypatch):
    folder = tmp_path / "dist"
    folder.mkdir()

    def install(name):
        (folder / f"sample_{name}.py").write_text(SAMPLES[name][0])
        info = folder / f"sample_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: sample-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[jackfield.plugins]\n{name} = sample_{name}:Plugin\n")

    source = Path(jackfield_package.__file__).resolve().parents[1]
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{source}")
    return install


@pytest.mark.parametrize("name", SAMPLES)
def test_check(jackfield, installed, name):
    installed(name)
    _, code, said = SAMPLES[name]
    done = jackfield("plugins", "check", name)
    assert (done.code, said in done.out) == (code, True), done
    assert "hello" not in done.out


@pytest.mark.usefixtures("installed")
def test_check_of_none(jackfield):
    done = jackfield("plugins", "check", "nobody")
    assert done.code == 1 and "no plugin 'nobody' is installed" in done.out
    assert jackfield("plugins", "check", "nobody", "--json").json()["problems"]


class Options(BaseModel):
    limit: int = Field(5, description="How many")
    password: str = Field("", description="For the server")
    key: SecretStr = SecretStr("")
    hidden: str = Field("", repr=False)
    said: str = Field("", json_schema_extra={"secret": True})
    names: list[str] = []


class Toy:
    """The plugin that is described."""

    @hookimpl
    def jackfield_settings(self):
        return Options

    @hookimpl
    def jackfield_status(self):
        return {}


def test_secrets_are_never_shown():
    given = {"password": "hush1", "key": "hush2", "hidden": "hush3", "said": "hush4", "limit": 7}
    rows = {row["name"]: row for row in settings_of("toy", Options.model_validate(given))}
    assert "hush" not in json.dumps(rows)
    assert {name for name, row in rows.items() if row["secret"]} == {"password", "key", "hidden", "said"}
    assert rows["password"]["value"] == HIDDEN and rows["password"]["default"] == ""
    assert (rows["limit"]["value"], rows["limit"]["default"], rows["limit"]["description"]) == (7, 5, "How many")
    assert settings_of("toy", None) == []


class Inner(BaseModel):
    depth: int = Field(1, description="How deep")


class Nested(Options):
    inner: Inner = Inner()


def test_where_each_setting_comes_from(monkeypatch):
    monkeypatch.setenv("JACKFIELD_PLUGINS__TOY__LIMIT", "7")
    monkeypatch.setenv("JACKFIELD_PLUGINS__TOYS__HIDDEN", "another plugin's")
    given = {"limit": 7, "hidden": "x", "inner": {"depth": 2}}
    rows = {row["name"]: row["source"] for row in settings_of("toy", Nested.model_validate(given))}
    assert (rows["limit"], rows["hidden"], rows["password"]) == ("environment", "settings file", "default")
    assert rows["inner.depth"] == "settings file"
    assert {row["source"] for row in settings_of("toy", Nested())} == {"default"}


def test_info(jackfield, daemon, tmp_path):
    host = host_of(Toy, plugins={"toy": {"password": "hush"}})
    host.call("jackfield_status")
    host.fault("toy", "it was bad")
    database = Database(f"sqlite:///{tmp_path}/info.db")
    told = describe(host, host.statuses["toy"], database)
    assert told["brings"]["hooks"] == ["jackfield_settings", "jackfield_status"]
    assert told["tables"] == {"names": [], "revision": None, "wanted": None}
    daemon(plugins_info=lambda plugin: told if plugin == "toy" else None)
    assert jackfield("plugins", "info", "toy", "--json").json()["last_faults"][0]["what"] == "it was bad"
    done = jackfield("plugins", "info", "toy")
    for word in (HIDDEN, "settings file", "How many", "jackfield_status", "p95", "licence"):
        assert word in done.out, (word, done.out)
    assert "it was bad" in done.err and "hush" not in done.out
    database.close()


def test_switching(jackfield, daemon):
    rows = {
        "disable": {"name": "acd", "state": "disabled", "reason": "", "calls_when_left": {"fallback": 2, "finish": 1}},
        "enable": {"name": "acd", "state": "enabled", "reason": "", "calls_when_left": {}},
    }
    asked = []
    daemon(
        plugins_enable=lambda plugin: asked.append(plugin) or rows["enable"],
        plugins_disable=lambda plugin: asked.append(plugin) or rows["disable"],
    )
    assert jackfield("plugins", "disable", "acd").out == (
        "acd: disabled\nCalls in it: 2 went to the fallback, 1 finish.\n"
    )
    assert jackfield("plugins", "enable", "acd").out == "acd: enabled\n"
    assert asked == ["acd", "acd"]


def test_log(jackfield, box):
    lines = [
        {"plugin": "acd", "event": "acd.joined", "level": "info", "timestamp": "2026-01-02T03:04:05.678Z", "call": "1"},
        {"plugin": "ivr", "event": "acd", "level": "info"},
        {"event": "acd", "level": "info"},
        {"plugin": "acd", "event": "oh\x1b[31m", "level": "error", "exception": "Traceback:\n  line"},
    ]
    tool = box / "bin/journalctl"
    text = "\n".join(["not json acd", "{broken acd", *map(json.dumps, lines)])
    (box / "journal").write_text(text + "\n")
    tool.write_text(f'#!/bin/sh\necho "$@" > {box}/asked\nexec cat {box}/journal\n')
    tool.chmod(0o755)
    assert jackfield("plugins", "log", "acd").out.splitlines() == [
        "2026-01-02T03:04:05 info    acd.joined call=1",
        " error   oh\ufffd[31m",
        "    Traceback:",
        "      line",
    ]
    assert jackfield("plugins", "log", "acd", "--json", "--lines", "1").json() == lines[-1]
    assert "-u jackfieldd -u jackfield-worker" in (box / "asked").read_text()
    assert jackfield("plugins", "log", "nobody").out == ""
    tool.write_text("#!/bin/sh\necho 'No permission' >&2\nexit 1\n")
    done = jackfield("plugins", "log", "acd")
    assert (done.code, done.err) == (1, "jackfield: the journal cannot be read: No permission\n")
    assert plugins.UNITS == ("jackfieldd", "jackfield-worker")
