"""What the tests ask of a node."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from jackfield.api import API
from rig.node import Node

TOP = Path(__file__).resolve().parents[2]
BUILD = TOP / "packaging/deb/build.py"
OURS = "/var/lib/jackfield/asterisk/current/asterisk.conf"
UNITS = (
    "jackfieldd.socket",
    "jackfieldd.service",
    "jackfield-worker.service",
    "jackfield-firewall.service",
    "asterisk.service",
)
ASK = "import json, sys; from jackfield.control.client import request; print(json.dumps(request(sys.argv[1])))"


def ask(node: Node, method: str) -> Any:
    """The running daemon's answer to a request on its control socket."""
    return json.loads(node.run(["python3", "-c", ASK, method]).stdout)


def wait_for_daemon(node: Node) -> None:
    """Until the daemon answers and Asterisk's manager has let it in."""

    def answers() -> bool:
        done = node.run(["python3", "-c", ASK, "status"], check=False)
        return done.returncode == 0 and bool(json.loads(done.stdout)["asterisk"]["connected"])

    node.wait_for(answers, 20, "the daemon, connected to Asterisk")


def plugins(node: Node) -> dict[str, str]:
    """State of each plugin in the running daemon."""
    return {row["name"]: row["state"] for row in ask(node, "plugins")}


def destinations(node: Node) -> set[str]:
    """Kinds of destinations that plugins bring to the running daemon."""
    return {kind for row in ask(node, "plugins") for kind in row["destinations"]}


def runs_our_configuration(node: Node) -> bool:
    """Whether the Asterisk that runs was started with Jackfield's configuration, and says so itself."""
    arguments = node.read_file(f"/proc/{node.main_pid('asterisk.service')}/cmdline").split("\0")
    told = node.asterisk("core show settings")
    return OURS in arguments and f"Configuration file:          {OURS}" in told


def stat(node: Node, path: str) -> str:
    """`owner:group mode` of a file."""
    return node.run(["stat", "--format=%U:%G %a", path]).stdout.strip()


def property_of(node: Node, unit: str, name: str) -> str:
    """A property of a unit."""
    return node.systemctl("show", "--value", "-p", name, unit)


def made_plugin(folder: Path, name: str, code: str, *, api: str = API.split(".")[0], version: str = "1") -> Path:
    """A .deb of a plugin as someone else would make it; `code` must define `Plugin` to be of use."""
    tree = folder / f"{name}-{version}"
    module = f"jackfield_{name}"
    packages = tree / "usr/lib/python3/dist-packages"
    info = packages / f"{module}-{version}.dist-info"
    files = {
        tree / "DEBIAN/control": (
            f"Package: jackfield-plugin-{name}\nVersion: {version}\nArchitecture: all\n"
            f"Maintainer: Someone <s@x.example>\nDepends: jackfield, jackfield-plugin-api-{api}\nDescription: a test\n"
        ),
        tree / "DEBIAN/triggers": "activate-noawait jackfield-plugins\n",
        packages / module / "__init__.py": code,
        info / "METADATA": f"Metadata-Version: 2.1\nName: {module}\nVersion: {version}\n",
        info / "entry_points.txt": f"[jackfield.plugins]\n{name} = {module}:Plugin\n",
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    deb = folder / f"jackfield-plugin-{name}_{version}_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", str(tree), str(deb)], check=True, capture_output=True)
    return deb


def repacked(deb: Path, folder: Path, old: str, new: str) -> Path:
    """The same package with a newer version number."""
    tree = folder / deb.stem
    subprocess.run(["dpkg-deb", "--raw-extract", str(deb), str(tree)], check=True)
    control = tree / "DEBIAN/control"
    text = control.read_text().replace(f"Version: {old}", f"Version: {new}")
    control.write_text(text.replace(f"(= {old})", f"(= {new})"))
    newer = folder / deb.name.replace(f"_{old}_", f"_{new}_")
    command = ["dpkg-deb", "--root-owner-group", "--build", str(tree), str(newer)]
    subprocess.run(command, check=True, capture_output=True)
    return newer
