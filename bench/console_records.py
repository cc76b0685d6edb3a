"""`console_records`: how long the console takes to show call records when there are 10,000.

The daemon's side is the real control server over a real database in a process of its own; the console runs on a
terminal (a pty). The clock runs from the key to the newest call's number on the terminal.
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

from bench.console_shelf import FIRST
from bench.report import BenchError, line, median, say

CALLS, ROUNDS = 10_000, 7
MOST_SECONDS = 1.0
PATIENCE = 60.0


def console_records() -> list[dict[str, Any]]:
    """The median of several openings."""
    with tempfile.TemporaryDirectory() as folder:
        shelf = [sys.executable, "-m", "bench.console_shelf", folder, str(CALLS)]
        with subprocess.Popen(shelf, stdout=subprocess.PIPE, text=True) as daemon:
            assert daemon.stdout is not None
            try:
                if not any(told.strip() == "ready" for told in iter(daemon.stdout.readline, "")):
                    raise BenchError("the bench's control server did not start")
                seconds = _openings(Path(folder, "control.sock"))
            finally:
                daemon.terminate()
    middle = median(seconds)
    say(f"console_records: {middle:.2f} s, at worst {max(seconds):.2f} s")
    return [
        line(
            "console_records", middle, None, "none", "seconds", f"under {MOST_SECONDS:.0f} s", middle < MOST_SECONDS,
            worst=round(max(seconds), 3), calls=CALLS, rounds=ROUNDS,
        )
    ]  # fmt: skip


def _openings(socket: Path) -> list[float]:
    """Seconds of each opening."""
    command = [sys.executable, "-m", "jackfield_admintui.main", "--socket", str(socket), "--language", "en", "alarms"]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(command[0], command, {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"})
    try:
        _read_until(terminal, b"No alarms")
        return [_opening(terminal) for _ in range(ROUNDS)]
    finally:
        os.kill(pid, 15)
        os.close(terminal)
        os.waitpid(pid, 0)


def _opening(terminal: int) -> float:
    """From the menu to the newest call, and back."""
    _menu(terminal)
    began = time.monotonic()
    os.write(terminal, b"r")
    _read_until(terminal, str(FIRST + CALLS - 1).encode())
    seconds = time.monotonic() - began
    _menu(terminal)
    os.write(terminal, b"a")
    _read_until(terminal, b"No alarms")
    return seconds


def _menu(terminal: int) -> None:
    os.write(terminal, b"g")
    _read_until(terminal, b"a key, or arrows")


def _read_until(terminal: int, word: bytes) -> None:
    """As a terminal does, until a word has come; it is one cell's text, so the console writes it in one piece."""
    end, seen = time.monotonic() + PATIENCE, b""
    while word not in seen:
        if not select.select([terminal], [], [], max(0.0, end - time.monotonic()))[0]:
            raise BenchError(f"the console did not show {word.decode()} within {PATIENCE:.0f} s")
        seen += os.read(terminal, 1 << 16)
