"""A machine without CPU to spare: new calls are refused, talks stay clean, and it ends by itself."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from journeys.faults import DAEMON, host_pid, served, settings
from journeys.pbx import Pbx
from rig import wait_for

BUSY = "[overload]\ncpu_percent = 40\nlate_ms = 200\nbusy_seconds = 2\n"
"""One processor of several is taken, so that the machine that runs the tests stays usable."""
PID = "/run/hog.pid"
HOG = f"""
import os, signal
signal.alarm(120)
open({PID!r}, "w").write(str(os.getpid()))
os.sched_setaffinity(0, {{0}})
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
while True:
    pass
"""


@contextlib.contextmanager
def squeezed(pbx: Pbx) -> Iterator[None]:
    """The daemon has one processor only, and a task of higher priority leaves it one twentieth of that."""
    threads = [int(t.name) for t in Path(f"/proc/{host_pid(pbx.node, pbx.node.main_pid(DAEMON))}/task").iterdir()]
    allowed = os.sched_getaffinity(threads[0])
    for thread in threads:
        os.sched_setaffinity(thread, {0})
    hog = pbx.node.popen(["python3", "-c", HOG])
    try:
        yield
    finally:
        pbx.node.run(["sh", "-c", f"kill -9 $(cat {PID}); rm {PID}"])
        hog.wait()
        for thread in threads:
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(thread, allowed)


@pytest.fixture
def rated(shared_pbx: Pbx) -> Iterator[None]:
    """A box that takes itself for busy soon."""
    with settings(shared_pbx, BUSY):
        yield
    shared_pbx.wait_ready()


def test_no_cpu_for_new_calls(rated: None, pbx: Pbx, talk: Callable[[], None]) -> None:
    """The carrier gets 503 and an alarm says why; the talk has no gap; with CPU again calls are served as before."""

    def overload() -> dict[str, object]:
        found: dict[str, object] = pbx.ask("status")["overload"]
        return found

    def refused() -> bool:
        call = pbx.call("5550200", pbx.number())
        ended = call.wait_ended(40)
        return ended.final_code == 503

    with squeezed(pbx):
        wait_for(refused, 60, "a call to be refused")
        told = overload()
        assert told["refusing"] and "the machine is busy" in str(told["why"]), told
        assert any(alarm["key"] == "overload" and "busy" in alarm["text"] for alarm in pbx.ask("alarms"))
        talk()
    wait_for(lambda: not overload()["refusing"], 30, "the end of the overload")
    served(pbx)
    talk()
