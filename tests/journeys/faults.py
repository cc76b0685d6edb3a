"""Faults: killing, stopping and starving the parts of a running Jackfield, and how long things took."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from journeys.pbx import Pbx
from rig import Call, Node, Phone, wait_for
from rig.audio import Sound

DAEMON = "jackfieldd"
SETTINGS = "/etc/jackfield/jackfield.toml"
DROP_IN = "/run/systemd/system/jackfieldd.service.d/journey.conf"
MUSIC_WITHIN = 2.0
"""Seconds within which a caller without a daemon must hear something (issue 2, item 6)."""


@dataclass(frozen=True)
class Kill:
    """A daemon that was killed: when (monotonic), and its pid inside the node."""

    at: float
    pid: int


def host_pid(node: Node, inside: int) -> int:
    """A process's number on the host."""
    space = (Path("/proc") / str(node.leader) / "ns/pid").readlink()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            numbers = next(
                line.split()[1:] for line in (folder / "status").read_text().splitlines() if line.startswith("NSpid:")
            )
            if numbers[-1] == str(inside) and (folder / "ns/pid").readlink() == space:
                return int(folder.name)
        except OSError:
            continue
    raise AssertionError(f"no process {inside} on node {node.name}")


def signal_process(node: Node, inside: int, how: signal.Signals) -> None:
    """Sends a signal to a process of the node at once."""
    os.kill(host_pid(node, inside), how)


def kill_daemon(pbx: Pbx, how: signal.Signals = signal.SIGKILL) -> Kill:
    """Kills jackfieldd."""
    pid = pbx.node.main_pid(DAEMON)
    target = host_pid(pbx.node, pid)
    at = time.monotonic()
    os.kill(target, how)
    return Kill(at, pid)


def is_back(pbx: Pbx, old: int) -> bool:
    """Whether another daemon than `old` answers, knows Asterisk, and has its calls back."""
    try:
        status = pbx.ask("status")
    except (OSError, ValueError):
        return False
    return bool(status["daemon"]["pid"] != old and status["asterisk"]["connected"] and status["recovered"])


def wait_back(pbx: Pbx, kill: Kill, timeout: float = 30) -> float:
    """Waits for the next daemon; prints and returns the seconds from the kill until it has its calls back."""
    wait_for(lambda: is_back(pbx, kill.pid), timeout, f"jackfieldd after the kill of {kill.pid}", every=0.05)
    took = time.monotonic() - kill.at
    print(f"kill-to-recovered {took:.2f} s, {ready_line(pbx)}")
    return took


def ready_line(pbx: Pbx) -> str:
    """The daemon's own word on its start."""
    return next((line for line in reversed(pbx.logs(400).splitlines()) if "daemon.ready" in line), "no daemon.ready")


@contextlib.contextmanager
def drop_in(pbx: Pbx, text: str) -> Iterator[None]:
    """Other settings in jackfieldd.service for a while."""
    pbx.node.write_file(DROP_IN, text)
    pbx.node.systemctl("daemon-reload")
    try:
        yield
    finally:
        pbx.node.run(["rm", "-f", DROP_IN])
        pbx.node.systemctl("daemon-reload")


@contextlib.contextmanager
def settings(pbx: Pbx, text: str) -> Iterator[None]:
    """Other settings of the box for a while, applied to Asterisk and to the daemon."""
    before = pbx.node.read_file(SETTINGS)
    _set(pbx, text)
    try:
        yield
    finally:
        _set(pbx, before)


def _set(pbx: Pbx, text: str) -> None:
    pbx.node.write_file(SETTINGS, text, mode=0o640, owner="root:jackfield")
    pbx.node.systemctl("reset-failed", check=False)
    pbx.node.systemctl("restart", f"{DAEMON}.service")
    pbx.wait_ready()
    pbx.jackfield("apply", "--force", "--reason", "journey: settings")


def stop_daemon(pbx: Pbx) -> None:
    """Takes the daemon away for good, its socket too."""
    pbx.node.systemctl("stop", f"{DAEMON}.socket", f"{DAEMON}.service")


def start_daemon(pbx: Pbx) -> None:
    """Brings it back."""
    pbx.node.systemctl("start", f"{DAEMON}.socket", f"{DAEMON}.service")
    pbx.wait_ready()
    wait_for(lambda: pbx.ask("status")["recovered"], 15, "the recovery of all calls")


@contextlib.contextmanager
def away(pbx: Pbx) -> Iterator[None]:
    """The daemon and its socket are gone for a while."""
    stop_daemon(pbx)
    try:
        yield
    finally:
        start_daemon(pbx)


# -- sound ---------------------------------------------------------------------------------------------------------


def first_sound(sound: Sound, after: float) -> float | None:
    """Seconds from `after` until anything is heard; None if nothing is."""
    part = sound.between(after, sound.end)
    quiet = part.silences(0.0)
    begun = quiet[0][1] if quiet and quiet[0][0] <= part.start + 0.001 else part.start
    return begun - after if begun < part.end - 0.05 else None


def longest_silence(sound: Sound, start: float, end: float) -> float:
    """The longest silence between two moments, in seconds."""
    return max((b - a for a, b in sound.between(start, end).silences(0.05)), default=0.0)


def wait_music(call: Call, after: float, within: float = MUSIC_WITHIN) -> float:
    """Waits until a call hears something; fails, with the time, when it comes too late.

    The 0.3 s are the tail of what was on its way when the daemon died.
    """
    start = after + 0.3
    wait_for(lambda: first_sound(call.heard, start) is not None, within + 8, "music", every=0.1)
    gap = first_sound(call.heard, start)
    assert gap is not None
    print(f"kill-to-music {gap + 0.3:.2f} s")
    assert gap + 0.3 <= within, f"silence for {gap + 0.3:.2f} s after the daemon was lost"
    return gap + 0.3


def gaps(sound: Sound, tone: int, start: float, end: float) -> float:
    """The longest time without a tone between two moments."""
    at, longest = start, 0.0
    for begun, over in sound.heard_tone(tone):
        if over < start or begun > end:
            continue
        longest, at = max(longest, begun - at), max(at, over)
    return max(longest, end - at)


def wait_both_ways(call: Call, rung: Call, after: float = 0.0, timeout: float = 10) -> None:
    """Waits until caller and agent hear each other, after a moment."""

    def heard(one: Call, other: Call) -> bool:
        return any(end > after + 0.3 for _, end in one.heard.heard_tone(other.tone))

    wait_for(lambda: heard(call, rung) and heard(rung, call), timeout, "sound both ways", every=0.2)


def answered(pbx: Pbx, to: str, number: str, phone: Phone) -> tuple[Call, Call]:
    """A call that a phone has answered: its two sides."""
    seen = len(phone.calls)
    call = pbx.call(to, number)
    rung = phone.wait_call(seen + 1)
    rung.wait_answered()
    return call, rung


def talk_with(pbx: Pbx, to: str, number: str, phone: Phone) -> tuple[Call, Call]:
    """A call that talks with a phone's agent, both heard: its two sides."""
    call, rung = answered(pbx, to, number, phone)
    wait_both_ways(call, rung)
    return call, rung


# -- what must be true afterwards ------------------------------------------------------------------------------------


def served(pbx: Pbx, to: str = "5550200", prompt: str = "exact") -> None:
    """A fresh call is served as on any day."""
    number = pbx.number()
    call = pbx.call(to, number)
    pbx.wait_hears(call, prompt)
    call.wait_ended(15)
    assert pbx.record(number)["result"] == "completed"


def same_daemon(pbx: Pbx, pid: int) -> None:
    """The daemon has lived through it."""
    assert pbx.node.main_pid(DAEMON) == pid, f"jackfieldd was restarted\n{pbx.logs(30)}"


def channels(pbx: Pbx) -> list[str]:
    """Names of Asterisk's channels."""
    lines = pbx.node.asterisk("core show channels concise").splitlines()
    return sorted(line.split("!")[0] for line in lines if "!" in line)


def wait_log(pbx: Pbx, since: float, *words: str, timeout: float = 10) -> str:
    """Waits for a line of the daemon's log, since a monotonic moment, that has all these words; returns it."""

    def look() -> str | None:
        return next((line for line in log_since(pbx, since) if all(word in line for word in words)), None)

    return wait_for(look, timeout, f"{words} in the log of jackfieldd", every=0.3)


def log_since(pbx: Pbx, since: float) -> Iterable[str]:
    """The daemon's log since a monotonic moment."""
    begun = time.time() - (time.monotonic() - since)
    return pbx.node.run(
        ["journalctl", "-u", DAEMON, "--no-pager", "-o", "cat", "--since", f"@{begun:.3f}"], check=False
    ).stdout.splitlines()
