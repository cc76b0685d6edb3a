"""Real calls over a real Asterisk, for plugins that live outside of Jackfield's repository.

The machinery (Debian 14 machines, telephones with real sound) is the project's `tests/rig`; it is not in a package,
since it works as root and fetches gigabytes. `JACKFIELD_CHECKOUT` says where a checkout of the project is. The fixture
`node` builds the plugin's .deb in a clean Debian 14, installs it with Jackfield on a machine of its own, and places
calls.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jackfield.errors import JackfieldError
from jackfield.testing.simulator import BASE

VARIABLE = "JACKFIELD_CHECKOUT"
CURRENT = "/var/lib/jackfield/asterisk/current"
WHOLE = 0.95
"""Likeness of a prompt that was heard to its end."""
_WRONG = "error,warning,info,pedantic"
"""What lintian says and nobody may leave as it is."""
_ASK = """
import json, sys
from jackfield.control.client import request
print(json.dumps(request(sys.argv[1], **json.loads(sys.argv[2]))))
"""
_TABLES = """
from sqlalchemy import inspect
from jackfield import settings
from jackfield.storage.engine import Database
print(*inspect(Database(settings.load().database).engine).get_table_names())
"""
_UNPACKED = ("__pycache__", ".*", "dist", "*.pyc", "*.mo", "*.egg-info", ".pybuild")


def checkout() -> Path:
    """The checkout of Jackfield that has the rig; its modules can be imported afterwards.

    Raises:
        JackfieldError: there is none, or we are not root.
    """
    given = os.environ.get(VARIABLE, "")
    top = Path(given)
    if not given or not (top / "tests/rig/run.py").exists():
        raise JackfieldError(f"{VARIABLE} must name a checkout of Jackfield (the folder that has tests/rig)")
    if os.geteuid() != 0:
        raise JackfieldError("journeys boot machines: run them as root")
    for folder in (top / "packaging/deb", top / "tests"):
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
    return top


def build_deb(project: Path, into: Path) -> list[Path]:
    """Build a plugin's packages from its folder, in a clean Debian 14 without a network, and have lintian check them.

    Raises:
        JackfieldError: see `checkout`.
        Exception: the build failed, or lintian found something that no override explains; with the end of its output.
    """
    checkout()
    root, inroot = importlib.import_module("rig.root"), importlib.import_module("inroot")
    into.mkdir(parents=True, exist_ok=True)
    with inroot.workshop(root.ensure_root("build").path) as shop:
        shutil.copytree(project, shop.build / "source", ignore=shutil.ignore_patterns(*_UNPACKED))
        shop.run(["dpkg-buildpackage", "-us", "-uc"], into / "build.log", "source")
        changes = next(shop.build.glob("*.changes")).name
        command = ["lintian", "--info", "--display-info", "--pedantic", "--fail-on", _WRONG, changes]
        shop.run(command, into / "lintian.log", environment={"TMPDIR": "/tmp"})  # noqa: S108  (in the build root)
        return [Path(shutil.copy(deb, into)) for deb in sorted(shop.build.glob("*.deb"))]


class Node:
    """A Jackfield on a machine, with a carrier that calls it."""

    def __init__(self, run: Any, machine: Any, carrier: Any) -> None:
        """`run`, `machine` and `carrier` are the rig's `Run`, `Node` and `Carrier`."""
        self.run, self.machine, self.carrier = run, machine, carrier

    def jackfield(self, *words: str) -> str:
        """`jackfield …` on the machine; its output.

        Raises:
            Exception: it failed; with its output.
        """
        return str(self.machine.run(["jackfield", *words]).stdout)

    def ask(self, method: str, **params: Any) -> Any:
        """The daemon's answer to a method of the control API, asked as root.

        Raises:
            Exception: it refused; with its sentence.
        """
        return json.loads(self.machine.run(["python3", "-c", _ASK, method, json.dumps(params)]).stdout)

    def plugins(self) -> dict[str, str]:
        """Plugins of the running daemon → their state."""
        return {row["name"]: row["state"] for row in self.ask("plugins")}

    def install(self, debs: list[Path]) -> None:
        """Install packages of plugins by apt, into the running Jackfield.

        Raises:
            JackfieldError: a plugin of theirs is not at work; says why.
            Exception: apt refused; with its output.
        """
        self.machine.apt_install(debs)
        wrong = [f"{row['name']}: {row['state']}: {row['reason']}" for row in self.ask("plugins") if row["reason"]]
        if wrong:
            raise JackfieldError("; ".join(wrong))

    def remove(self, plugin: str, *, purge: bool = False) -> None:
        """Remove a plugin's package by apt; `purge` takes its data as well."""
        self.machine.apt_remove([f"jackfield-plugin-{plugin}"], purge=purge)

    def tables(self) -> set[str]:
        """Names of the tables in the machine's database."""
        return set(self.machine.run(["runuser", "-u", "jackfield", "--", "python3", "-c", _TABLES]).stdout.split())

    def until(self, ready: Callable[[], Any], what: str, timeout: float = 30) -> Any:
        """Wait until `ready()` gives something, and return that.

        Raises:
            TimeoutError: it did not; names `what`.
        """
        return importlib.import_module("rig").wait_for(ready, timeout, what, every=0.2)

    def apply(self, site: str) -> None:
        """Import and apply a site; a trunk `trunk` from the carrier is there unless the site has trunks."""
        address = self.carrier.party.address
        text = site if "[[trunk]]" in site else BASE.replace("192.0.2.1", address) + "qualify_seconds = 0\n" + site
        self.machine.write_file("/root/site.toml", text)
        self.jackfield("import", "--force", "/root/site.toml")
        self.jackfield("apply", "--force", "--reason", "journey")

    def call(self, to: str, *, number: str = "5551000", keys: str = "", after: str = "") -> Any:
        """Call a number; press keys when a prompt has been heard. The rig's `Call`."""
        made = self.carrier.call(to, from_number=number)
        if keys:
            self.hears(made, after)
            made.press(keys)
        return made

    def hears(self, call: Any, prompt: str, language: str = "en", timeout: float = 20) -> None:
        """Wait until a call has heard a prompt to its end, by the sound itself.

        Raises:
            TimeoutError: it did not.
        """
        samples = self.prompt(prompt, language)
        self.until(lambda: call.heard.find(samples, WHOLE), f"{prompt} ({language})", timeout)

    def prompt(self, name: str, language: str) -> array[int]:
        """The samples (8 kHz) of a prompt of the site in force."""
        manifest = json.loads(self.machine.read_file(f"{CURRENT}/sounds.json"))
        path = f"{manifest['folder']}/{language}/{manifest['sounds'][language][name]}.sln"
        return array("h", self.machine.read_bytes(path))


@contextmanager
def installed(project: Path) -> Iterator[Node]:
    """A machine with Jackfield, into which, while it runs, the plugin of a project was installed from its .deb.

    Raises:
        JackfieldError: see `checkout`.
    """
    top = checkout()
    rig = importlib.import_module("rig")
    with tempfile.TemporaryDirectory(prefix="jackfield-journey-") as folder:
        debs = Path(folder)
        if given := os.environ.get("JACKFIELD_DEBS"):
            for deb in Path(given).glob("*.deb"):
                shutil.copy(deb, debs)
        else:
            subprocess.run([sys.executable, str(top / "packaging/deb/build.py"), "--out", folder], check=True)
        built = build_deb(project, debs / "plugin")
        with rig.Run() as run:
            machine = run.node("pbx")
            rig.install_jackfield(machine, debs)
            node = Node(run, machine, run.carrier(machine, "carrier"))
            node.until(lambda: node.ask("status")["asterisk"]["connected"], "jackfieldd, connected to Asterisk")
            node.install(built)
            yield node
