"""`resync`: 500 live channels, from AMI's log-in until the daemon's registry is Asterisk's own list again."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from rig import wait_for

from bench import pbx
from bench.report import line, median, say, significant

CHANNELS = 500
GONE = 10
"""Calls that end while AMI is away, so that an old list is not the right one."""
ROUNDS = 3
WANTED = 2.0
AMI_PORT = 5038
CONTROL = "/run/jackfield/control.sock"
HANG_UP = 'for c; do asterisk -rx "channel request hangup $c" >/dev/null; done'
Channels = set[tuple[str, str]]


def resync() -> list[dict[str, Any]]:
    """Callers wait in a queue; AMI and the daemon are lost in turn."""
    box = pbx.shared()
    box.serve("jackfield")
    callers = CHANNELS + GONE * ROUNDS
    box.telephones.call("jackfield", pbx.IDLE, rate=40, calls=callers, at_once=callers)
    losses = {"ami": _lose_ami, "daemon": _kill_daemon}
    found: dict[str, list[float]] = {name: [] for name in losses}
    try:
        box.node.wait_for(lambda: box.channels() == callers, 60, f"{callers} callers to wait")
        wait_for(lambda: _known(box) == _live(box), 30, "a true registry")
        for _ in range(ROUNDS):
            for name, lose in losses.items():
                found[name].append(_seconds(box, lose))
                say(f"resync: {name} {found[name][-1]:.2f} s with {box.channels()} channels")
        listing = median(_listing(box) for _ in range(ROUNDS))
    finally:
        box.hang_up_all()
    worst = max(value for values in found.values() for value in values)
    return [
        line(
            "resync",
            worst,
            listing,
            "asterisk -rx 'core show channels concise'",
            "s, the longest",
            f"at most {WANTED:g} s",
            worst <= WANTED,
            channels=CHANNELS,
            all_runs={name: [significant(value, 3) for value in values] for name, values in found.items()},
            note="from AMI's log-in until the control socket shows just Asterisk's channels; `ami`: the connection was "
            f"cut and {GONE} calls ended meanwhile; `daemon`: kill -9",
        )
    ]


def _seconds(box: pbx.Pbx, lose: Callable[[pbx.Pbx], Channels]) -> float:
    """From the log-in after a loss until the registry is right."""
    lost = time.time()
    live = lose(box)
    wait_for(lambda: _known(box) == live, 60, "a registry as Asterisk's list", every=0.02)
    right = time.time()
    begun = wait_for(lambda: _logged_in(box, lost), 10, "the log-in in the daemon's log")
    box.await_daemon()
    return float(right - begun)


def _lose_ami(box: pbx.Pbx) -> Channels:
    names = sorted(name for name, _ in _live(box))[:GONE]
    before = box.channels()
    with box.node.refusing(AMI_PORT):
        box.node.run(["sh", "-c", HANG_UP, "sh", *names])
        box.node.wait_for(lambda: box.channels() == before - GONE, 10, "some calls to end")
        return _live(box)


def _kill_daemon(box: pbx.Pbx) -> Channels:
    live = _live(box)
    box.node.kill_process("jackfieldd")
    return live


def _live(box: pbx.Pbx) -> Channels:
    """Name and id of Asterisk's channels."""
    rows = [row.split("!") for row in box.node.asterisk("core show channels concise").splitlines() if "!" in row]
    return {(row[0], row[-1]) for row in rows}


def _known(box: pbx.Pbx) -> Channels | None:
    """The same as the daemon says; None when it does not answer."""
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(15)
            sock.connect(str(box.node.path(CONTROL)))
            sock.sendall(b'{"method": "channels"}\n')
            with sock.makefile("rb") as stream:
                return {(row["channel"], row["id"]) for row in json.loads(stream.readline())["result"]}
    except (OSError, ValueError):
        return None


def _logged_in(box: pbx.Pbx, since: float) -> float | None:
    """When the daemon logged in at Asterisk after a moment, both as seconds since 1970."""
    words = ["journalctl", "-u", "jackfieldd", "--no-pager", "-o", "cat", "--since", f"@{since:.3f}"]
    rows = [row for row in box.node.run(words).stdout.splitlines() if '"ami.up"' in row]
    return datetime.fromisoformat(json.loads(rows[-1])["timestamp"]).timestamp() if rows else None


def _listing(box: pbx.Pbx) -> float:
    begun = time.monotonic()
    _live(box)
    return time.monotonic() - begun
