"""`install_time`: seconds from `apt install` on a bare Debian to the first call that it answers."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rig import Node, Run, wait
from rig.aptrepo import own_key, write_repository
from rig.hostsys import cache_dir
from rig.node import REPOSITORY as OFFERED_AT
from rig.root import ensure_root

from bench.report import REPOSITORY, BenchError, interleave, line, median, say, significant

ROUNDS = 3
FACTOR = 4.0
NUMBER = "5550100"
SITE = """
[general]
title = "Bench"
zone = "UTC"

[[trunk]]
name = "carrier"
host = "{carrier}"

[[prompt]]
name = "hello"
text = {{ en = "Hello." }}

[[did]]
name = "main"
number = "5550100"
destination = "prompt:hello"
"""
PJSIP = """
[udp]
type=transport
protocol=udp
bind=0.0.0.0
[carrier]
type=endpoint
context=carrier
disallow=all
allow=ulaw
[carrier]
type=identify
endpoint=carrier
match={carrier}
"""
EXTENSIONS = """
[carrier]
exten => 5550100,1,Answer()
 same => n,Playback(hello-world)
 same => n,Hangup()
"""


def install_time() -> list[dict[str, Any]]:
    """Both sides on fresh machines, in turns."""
    with tempfile.TemporaryDirectory(prefix="jackfield-bench-") as folder:
        repository = Path(folder, "repo")
        _offer(repository)
        found = interleave(
            ROUNDS,
            {
                "jackfield": lambda: _measured(repository, "jackfield", _jackfield),
                "asterisk": lambda: _measured(repository, "asterisk", _asterisk),
            },
        )
    totals = {name: median(sum(one.values()) for one in rows) for name, rows in found.items()}
    steps = {
        name: {step: significant(median(one[step] for one in rows), 3) for step in rows[0]}
        for name, rows in found.items()
    }
    return [
        line(
            "install_time",
            totals["jackfield"],
            totals["asterisk"],
            "apt install asterisk, two files by hand",
            "s, median",
            f"at most {FACTOR:g} times the peer's",
            totals["jackfield"] <= FACTOR * totals["asterisk"],
            steps=steps,
            rounds=ROUNDS,
        )
    ]


def _offer(folder: Path) -> None:
    """Our packages and everything that they and Asterisk depend on, as the rig's own machines have it."""
    ours = sorted((REPOSITORY / "dist").glob("*.deb"))
    if not ours:
        raise BenchError("dist/ holds no packages; build them first (make deb)")
    root = ensure_root("run")
    form = "${Package}_${Version}_${Architecture}.deb\n"
    query = ["dpkg-query", f"--admindir={root.path}/var/lib/dpkg", "--show", f"--showformat={form}"]
    names = subprocess.run(query, capture_output=True, text=True, check=True).stdout.replace(":", "%3a").split()
    debs = [cache_dir() / "debs" / name for name in names]
    if missing := [deb.name for deb in debs if not deb.exists()]:
        raise BenchError(
            f"{len(missing)} packages are not in the cache any more (first: {missing[0]}); build the root anew"
        )
    write_repository(folder, [*debs, *ours], own_key(), f"file:{OFFERED_AT}")


def _measured(repository: Path, name: str, install: Callable[[Node, str], None]) -> dict[str, float]:
    """Seconds of each step: installing, and the call until its answer."""
    with Run() as run:
        node = run.node(variant="bare", disk="disk")
        carrier = run.carrier(node)
        node.add_repository(repository)
        begun = time.monotonic()
        node.apt_install([name], recommended=name == "jackfield")
        installed = time.monotonic()
        install(node, carrier.party.address)
        configured = time.monotonic()
        call = carrier.call(NUMBER, from_number="5551", plan=[wait(60)])
        call.wait_answered(30)
        steps = {
            "apt": installed - begun,
            "configuration": configured - installed,
            "call": time.monotonic() - configured,
        }
        say(f"install_time: {name} { ({step: round(seconds, 1) for step, seconds in steps.items()}) } s")
        return steps


def _jackfield(node: Node, carrier: str) -> None:
    node.write_file("/root/site.toml", SITE.format(carrier=carrier))
    node.run(["jackfield", "import", "/root/site.toml"])
    node.run(["jackfield", "apply"])


def _asterisk(node: Node, carrier: str) -> None:
    node.write_file("/etc/asterisk/pjsip.conf", PJSIP.format(carrier=carrier))
    node.write_file("/etc/asterisk/extensions.conf", EXTENSIONS)
    node.systemctl("restart", "asterisk")
    node.wait_for(
        lambda: "carrier" in node.run(["asterisk", "-rx", "pjsip show endpoints"], check=False).stdout, 60, "Asterisk"
    )
