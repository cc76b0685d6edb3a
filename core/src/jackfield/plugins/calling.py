"""Runs a plugin's code: timed, guarded, and given up when it takes too long."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import structlog

from jackfield.errors import CallerHungUp
from jackfield.plugins.status import Status

log = structlog.get_logger(__name__)
FAILED: Final = object()
"""Instead of an answer: the plugin's code failed, and that has been counted."""
LIMIT_SECONDS = 30.0
LIMITS = {"jackfield_status": 5.0, "jackfield_stop": 5.0}
"""After so long a hook that is not part of a call is given up; others: LIMIT_SECONDS."""

Fault = Callable[[str, str], None]
GiveUp = Callable[[str, threading.Thread, str], object]


class Guard:
    """Between the host and the code of plugins. `running` says whose code each thread runs now."""

    def __init__(self, fault: Fault, give_up: GiveUp, hook_seconds: float) -> None:
        """`fault(plugin, what)` counts; a hook of a call that takes more than `hook_seconds` by itself is one."""
        self._fault, self._give_up, self._seconds = fault, give_up, hook_seconds
        self.running: dict[int, tuple[Status, str, float]] = {}
        """Thread → (plugin, what it does, since when)."""

    def run(self, status: Status, hook: str, function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        """Run a hook on this thread; its answer, or FAILED.

        Raises:
            CallerHungUp: that concerns the call, and is nobody's fault.
        """
        thread, call = threading.get_ident(), arguments.get("call")
        before = self.running.get(thread)
        asterisk = getattr(call, "asterisk_seconds", 0.0)
        started = time.monotonic()
        self.running[thread] = (status, hook, started)
        try:
            return function(**arguments)
        except CallerHungUp:
            raise
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            log.error("plugin.hook_failed", plugin=status.name, hook=hook, exc_info=True)
            self._fault(status.name, f"{hook}: {type(error).__name__}: {error}")
            return FAILED
        finally:
            if before is None:
                del self.running[thread]
            else:
                self.running[thread] = before
            spent = time.monotonic() - started - (getattr(call, "asterisk_seconds", 0.0) - asterisk)
            status.figures(hook).add(spent)
            if call is not None and spent > self._seconds:
                self._fault(status.name, f"{hook} took {spent:.1f} s; it may take {self._seconds:g} s")

    def run_apart(self, status: Status, hook: str, function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        """Run a hook on a thread of its own, and give it up when its time is over; its answer, or FAILED."""
        outcome: list[Any] = []
        context = contextvars.copy_context()
        thread = threading.Thread(
            target=lambda: outcome.append(context.run(self.run, status, hook, function, arguments)),
            name=f"{status.name}-{hook.removeprefix('jackfield_')}",
            daemon=True,
        )
        thread.start()
        limit = LIMITS.get(hook, LIMIT_SECONDS)
        thread.join(limit)
        if thread.is_alive():
            log.error("plugin.hook_hangs", plugin=status.name, hook=hook, seconds=limit)
            self._give_up(status.name, thread, hook)
            self._fault(status.name, f"{hook} has not come back within {limit:g} s")
            return FAILED
        return outcome[0] if outcome else FAILED

    def late(self, seconds: float = LIMIT_SECONDS) -> list[tuple[str, threading.Thread, str]]:
        """Timers and subscribers of plugins that have not come back for so long: (plugin, thread, what)."""
        now = time.monotonic()
        threads = {thread.ident: thread for thread in threading.enumerate()}
        return [
            (status.name, threads[thread], what)
            for thread, (status, what, since) in list(self.running.items())
            if what in _BESIDE and now - since > seconds and thread in threads
        ]


TIMER, EVENT = "timer", "event"
_BESIDE = (TIMER, EVENT)
