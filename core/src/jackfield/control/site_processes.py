"""Processes that do the heavy work on the site: a few at once, kept for a while for the next request."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from jackfield import i18n
from jackfield.control.protocol import Code, Raw, Refusal
from jackfield.core import Timers
from jackfield.errors import CommandFailed, SiteError

COMMAND = (sys.executable, "-m", "jackfield.control.site_child")
BOUND = 3
IDLE_SECONDS = 60.0
WAIT_SECONDS = 20.0
"""How long a request waits for a process while all are at work."""
WORK_SECONDS = 1800.0
"""Making a whole site's prompts may take minutes; more than this without an answer is a fault."""
log = structlog.get_logger(__name__)
OnProgress = Callable[[int, int, str], None]


class SiteProcesses:
    """Runs actions on the site in processes of their own."""

    def __init__(self, timers: Timers, command: Sequence[str] = COMMAND, bound: int = BOUND) -> None:
        """None is started before it is needed."""
        self._timers, self._command = timers, tuple(command)
        self._free = threading.BoundedSemaphore(bound)
        self._lock = threading.Lock()
        self._idle: list[tuple[_Process, float]] = []
        self._generation = 0

    def run(self, action: str, author: str, params: dict[str, Any], progress: OnProgress = lambda *told: None) -> Raw:
        """Do an action of `config/actions.py` as `author`; the answer is JSON text.

        Raises:
            SiteError, CommandFailed: it was refused, or its process died; the message says which.
            Refusal: all processes are busy.
        """
        if not self._free.acquire(timeout=WAIT_SECONDS):
            raise Refusal(Code.BUSY, "others are working on the site; try again in a moment")
        try:
            generation = self._generation
            process = self._take()
            try:
                found = process.ask(
                    {"action": action, "author": author, "params": params, "language": i18n.current()}, progress
                )
            except BaseException:
                process.close()
                raise
            self._give(process, generation)
            return found
        finally:
            self._free.release()

    def renew(self) -> None:
        """Plugins have come or gone: processes that know the old ones do no more work."""
        with self._lock:
            self._generation += 1
            idle, self._idle = self._idle, []
        for process, _ in idle:
            process.close()

    def _take(self) -> _Process:
        with self._lock:
            if self._idle:
                return self._idle.pop()[0]
        return _Process(self._command)

    def _give(self, process: _Process, generation: int) -> None:
        with self._lock:
            keep = generation == self._generation and not process.broken
            if keep:
                self._idle.append((process, time.monotonic()))
        if keep:
            self._timers.after(IDLE_SECONDS + 1.0, self._expire)
        else:
            process.close()

    def _expire(self) -> None:
        now = time.monotonic()
        with self._lock:
            old = [process for process, since in self._idle if now - since >= IDLE_SECONDS]
            self._idle = [(process, since) for process, since in self._idle if now - since < IDLE_SECONDS]
        for process in old:
            process.close()


class _Process:
    def __init__(self, command: Sequence[str]) -> None:
        environment = {k: v for k, v in os.environ.items() if k not in ("NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID")}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0
        )
        self._buffer = bytearray()
        self.broken = False

    def ask(self, request: dict[str, Any], progress: OnProgress) -> Raw:
        """Send a request and wait for its answer."""
        assert self._process.stdin is not None
        deadline = time.monotonic() + WORK_SECONDS
        try:
            line = memoryview(json.dumps(request).encode() + b"\n")
            while line:
                line = line[self._process.stdin.write(line) :]
            while True:
                answer = self._line(deadline)
                sign, body = answer[:1], answer[1:]
                if sign == b"R":
                    return Raw(body)
                if sign == b"E":
                    told = json.loads(body)
                    raise SiteError(told["problems"]) if told.get("problems") else CommandFailed(told["error"])
                if sign == b"P":
                    progress(*json.loads(body))
        except (OSError, EOFError) as error:
            self.broken = True
            what = str(error) or "its process ended"
            raise CommandFailed(
                f"{request['action']} did not come to its end: {what}; see: journalctl -u jackfieldd"
            ) from error

    def _line(self, deadline: float) -> bytes:
        assert self._process.stdout is not None
        poll = select.poll()
        poll.register(self._process.stdout, select.POLLIN)
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise TimeoutError(f"no answer within {WORK_SECONDS:g} s")
            chunk = os.read(self._process.stdout.fileno(), 1 << 16)
            if not chunk:
                raise EOFError
            self._buffer += chunk
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def close(self) -> None:
        """End it: by closing its input when it waits, by a signal when it does not."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        if self.broken:
            self._process.kill()
        try:
            self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
