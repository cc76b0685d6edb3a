"""`console_live`: what the console costs while 500 calls and 200 agents move on the stream.

The daemon's side is the real control server and event bus in a process of its own, with calls that come, are answered
and go, and agents that change their state; the console runs on a terminal (a pty), on its overview.
"""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.report import BenchError, line, say

CALLS, AGENTS, PER_SECOND = 500, 200, 40
WARM_SECONDS, SECONDS = 8.0, 20.0
MOST_SHARE, MOST_MB = 0.10, 200
TICKS = os.sysconf("SC_CLK_TCK")


def console_live() -> list[dict[str, Any]]:
    """CPU of one core and resident memory, by the kernel's own account of the process."""
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder, "control.sock")
        floor = [sys.executable, "-m", "bench.console_floor", folder, str(CALLS), str(AGENTS), str(PER_SECOND)]
        with subprocess.Popen(floor, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as daemon:
            assert daemon.stdout is not None
            if not any(told.strip() == "ready" for told in iter(daemon.stdout.readline, "")):
                raise BenchError("the bench's control server did not start")
            try:
                share, megabytes, drawn = _watch(socket)
            finally:
                daemon.terminate()
    say(f"console_live: {share:.1%} of a core, {megabytes:.0f} MB")
    return [
        line(
            "console_live", share, None, "none", "share of one core", f"at most {MOST_SHARE:.0%} and {MOST_MB} MB",
            share <= MOST_SHARE and megabytes <= MOST_MB,
            megabytes=round(megabytes, 1), calls=CALLS, agents=AGENTS, events_per_second=PER_SECOND, bytes_drawn=drawn,
        )
    ]  # fmt: skip


def _watch(socket: Path) -> tuple[float, float, int]:
    """Share of a core, megabytes, and bytes drawn in SECONDS."""
    command = [sys.executable, "-m", "jackfield_admintui.main", "--socket", str(socket), "--language", "en"]
    pid, terminal = pty.fork()
    if pid == 0:
        environment = {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
        os.execve(command[0], command, {**os.environ, **environment})
    try:
        _read(terminal, WARM_SECONDS)
        before = _ticks(pid)
        began = time.monotonic()
        drawn = _read(terminal, SECONDS)
        share = (_ticks(pid) - before) / TICKS / (time.monotonic() - began)
        if not drawn:
            raise BenchError("the console drew nothing")
        return share, _megabytes(pid), drawn
    finally:
        os.kill(pid, 15)
        os.close(terminal)
        os.waitpid(pid, 0)


def _read(terminal: int, seconds: float) -> int:
    """As a terminal does; how many bytes came."""
    end, count = time.monotonic() + seconds, 0
    while (left := end - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            count += len(os.read(terminal, 1 << 16))
    return count


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(row.split()[1]) for row in status.splitlines() if row.startswith("VmRSS:")) / 1000
