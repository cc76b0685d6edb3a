"""What belongs to the whole process and not to a plugin: looked at before its code runs, put back afterwards."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)
MAX_PRINTED = 20_000
"""Characters of a plugin's printing that are kept."""


class Surroundings:
    """A look at them; `put_back` undoes what has changed since."""

    def __init__(self) -> None:
        self._path, self._environment, self._folder = list(sys.path), dict(os.environ), Path.cwd()
        self._timeout = socket.getdefaulttimeout()
        self._hooks = (sys.excepthook, threading.excepthook)
        self._recursion = sys.getrecursionlimit()
        self._signals = {number: signal.getsignal(number) for number in signal.valid_signals()}

    def put_back(self) -> list[str]:
        """Undo what has changed; in words, what that was."""
        return list(self._undo())

    def _undo(self) -> Iterator[str]:
        if sys.path != self._path:
            sys.path[:] = self._path
            yield "changed sys.path"
        if dict(os.environ) != self._environment:
            changed = sorted(
                key
                for key in self._environment.keys() | os.environ.keys()
                if self._environment.get(key) != os.environ.get(key)
            )
            for key in changed:
                _restore(key, self._environment.get(key))
            yield f"changed the environment ({', '.join(changed)[:120]})"
        if Path.cwd() != self._folder:
            os.chdir(self._folder)
            yield "changed the working folder"
        if socket.getdefaulttimeout() != self._timeout:
            socket.setdefaulttimeout(self._timeout)
            yield "changed the timeout of all sockets"
        if (sys.excepthook, threading.excepthook) != self._hooks:
            sys.excepthook, threading.excepthook = self._hooks
            yield "changed what is done about uncaught exceptions"
        if sys.getrecursionlimit() != self._recursion:
            sys.setrecursionlimit(self._recursion)
            yield "changed the limit of recursion"
        yield from self._signals_back()

    def _signals_back(self) -> Iterator[str]:
        for number, handler in self._signals.items():
            if signal.getsignal(number) == handler or handler is None:
                continue
            if threading.current_thread() is threading.main_thread():
                signal.signal(number, handler)
            yield f"installed a handler of {signal.Signals(number).name}"


def _restore(key: str, value: str | None) -> None:
    if value is None:
        del os.environ[key]
    else:
        os.environ[key] = value


class _Printed(io.TextIOBase):
    """Takes what a plugin prints while it is loaded: it must not get into what a command prints for programs."""

    def __init__(self) -> None:
        self.text = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text = (self.text + text)[:MAX_PRINTED]
        return len(text)


@contextlib.contextmanager
def quiet(plugin: str) -> Iterator[list[str]]:
    """While a plugin is loaded: what it prints goes to the log; gives, in words, what it did that it should not."""
    printed, deeds = _Printed(), list[str]()
    before = Surroundings()
    with contextlib.redirect_stdout(printed):
        yield deeds
    deeds += before.put_back()
    if printed.text.strip():
        log.warning("plugin.printed", plugin=plugin, text=printed.text.strip()[:2000])
        deeds.append("printed something (see its log)")


def resident_kilobytes() -> int:
    """Memory of this process now; 0 where that cannot be told."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // 1024
    return 0
