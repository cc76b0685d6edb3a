"""`memory`: the daemon's resident memory, idle and with callers waiting in a queue."""

from __future__ import annotations

import time
from typing import Any

from bench import pbx
from bench.report import BenchError, line, say, significant
from bench.waiters import Waiters

IDLE_MB = 90
CALL_KB = 150
STEPS = (200, 500)


def memory() -> list[dict[str, Any]]:
    """The installed daemon under systemd, just started; the calls are AGI connections that behave as Asterisk's do."""
    box = pbx.shared()
    box.serve("jackfield")
    box.restart_daemon()
    time.sleep(5)
    found = {0: box.rss_mb()}
    waiters = Waiters(box.node.party, 4573, box.token, pbx.IDLE)
    try:
        for calls in STEPS:
            waiters.add(calls - max(found))
            _await_calls(box, calls)
            found[calls] = box.rss_mb()
            say(f"memory: {found[calls]:.1f} MB with {calls} calls waiting")
    finally:
        waiters.close()
    _await_calls(box, 0)
    a_call = {calls: (found[calls] - found[0]) * 1000 / calls for calls in STEPS}
    return [
        line(
            "memory_idle",
            found[0],
            None,
            "none",
            "MB RSS",
            f"at most {IDLE_MB} MB",
            found[0] <= IDLE_MB,
            with_calls={str(calls): significant(mb) for calls, mb in found.items()},
            after_calls=significant(box.rss_mb()),
            plugins=box.status()["plugins"],
        ),
        line(
            "memory_call",
            max(a_call.values()),
            None,
            "none",
            "KB RSS a waiting call",
            f"at most {CALL_KB} KB",
            max(a_call.values()) <= CALL_KB,
            by_calls={str(calls): significant(kb) for calls, kb in a_call.items()},
        ),
    ]


def _await_calls(box: pbx.Pbx, calls: int) -> None:
    deadline = time.monotonic() + 30
    while (now := box.status()["calls"]) != calls:
        if time.monotonic() > deadline:
            raise BenchError(f"{now} of {calls} calls are in the daemon after 30 s")
        time.sleep(0.3)
    time.sleep(1)
