"""A machine without CPU to spare: new calls are refused, talks stay clean, and it ends by itself.

Journeys beside this one must not suffer: what takes all processors has the idle scheduling class (sched(7)), and so
gives way to everything else; and the daemon alone is kept from running, as it would be behind work of its own class.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from journeys.faults import DAEMON, host_pid, served, settings
from journeys.pbx import Pbx
from rig import wait_for

BUSY = "[overload]\ncpu_percent = 80\nlate_ms = 250\nbusy_seconds = 2\n"
STOPPED, RUNNING = 1.4, 0.1
"""Seconds: each beat of the daemon, one a second, is half a second late."""
HOG = """
import os, signal
signal.alarm(180)  # whatever becomes of the test
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
while True:
    pass
"""


@contextlib.contextmanager
def all_processors_taken() -> Iterator[None]:
    """/proc/stat has no idle time left."""
    hogs = [subprocess.Popen([sys.executable, "-c", HOG]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


@contextlib.contextmanager
def seldom_running(pbx: Pbx) -> Iterator[None]:
    """The daemon gets a fifteenth of the time."""
    pid, over = host_pid(pbx.node, pbx.node.main_pid(DAEMON)), threading.Event()

    def squeeze() -> None:
        while not over.is_set():
            os.kill(pid, signal.SIGSTOP)
            over.wait(STOPPED)
            os.kill(pid, signal.SIGCONT)
            over.wait(RUNNING)

    thread = threading.Thread(target=squeeze)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        os.kill(pid, signal.SIGCONT)


@pytest.fixture
def rated(shared_pbx: Pbx) -> Iterator[None]:
    """A box that takes itself for busy soon."""
    with settings(shared_pbx, BUSY):
        yield
    shared_pbx.wait_ready()


def overload(pbx: Pbx) -> dict[str, Any]:
    """What the daemon says of its load."""
    found: dict[str, Any] = pbx.ask("status")["overload"]
    return found


def test_no_cpu_for_new_calls(rated: None, pbx: Pbx, talk: Callable[[], None]) -> None:
    """Served while the daemon itself gets what it needs; else 503, soon with Retry-After, and phones hear so; the talk
    has no gap; with CPU again calls are served as before."""

    def refused() -> bool:
        return pbx.call("5550200", pbx.number()).wait_ended(40).final_code == 503

    def kept_away() -> bool:
        ended = pbx.call("5550200", pbx.number()).wait_ended(40)
        assert ended.final_code == 503 and ended.final
        return ended.final.header("retry-after").isdigit()

    with all_processors_taken():
        wait_for(lambda: overload(pbx)["cpu_percent"] >= 80, 20, "the processors to be taken")
        served(pbx)
        with seldom_running(pbx):
            wait_for(refused, 60, "a call to be refused")
            wait_for(kept_away, 40, "a carrier to be told to stay away")
            told = overload(pbx)
            assert told["refusing"] and "the machine is busy" in told["why"], told
            assert any(alarm["key"] == "overload" and "busy" in alarm["text"] for alarm in pbx.ask("alarms"))
            inside = pbx.phone("202").call("203")
            pbx.wait_hears(inside, "all-busy")
            assert inside.wait_ended(20).final_code == 503
            talk()
    wait_for(lambda: not refused(), 30, "a call to be served again")
    wait_for(lambda: not overload(pbx)["refusing"], 30, "the end of the overload")
    served(pbx)
    talk()
