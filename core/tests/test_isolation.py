"""What plugins may do to each other and to the process: nothing that is not seen, told and put back."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.hookspecs import hookimpl
from jackfield.plugins import State, calling
from jackfield.plugins.status import percentile
from jackfield.plugins.threads import Strays
from jackfield.settings import IsolationSettings
from plugin_rig import FakeCall, Reports, core_of, host_of, wait


class Littering:
    def __init__(self):
        print("hello from a plugin")
        sys.path.insert(0, "/nowhere")
        os.environ["JACKFIELD_LITTER"] = "1"
        os.chdir("/")
        socket.setdefaulttimeout(3)
        sys.setrecursionlimit(sys.getrecursionlimit() + 1)
        threading.excepthook = lambda *_: None


def test_what_loading_changes_is_put_back_and_told(capsys):
    before = (list(sys.path), Path.cwd(), sys.getrecursionlimit(), threading.excepthook)
    status = host_of(Littering).statuses["littering"]
    assert (list(sys.path), Path.cwd(), sys.getrecursionlimit(), threading.excepthook) == before
    assert "JACKFIELD_LITTER" not in os.environ and socket.getdefaulttimeout() is None
    assert not re.search("^hello", capsys.readouterr().out, re.MULTILINE)
    assert status.state is State.ENABLED and len(status.faults) == 1
    text = status.notes[-1][1]
    for word in ("sys.path", "JACKFIELD_LITTER", "folder", "timeout", "recursion", "uncaught", "printed"):
        assert word in text, text


def test_a_handler_of_a_signal_cannot_be_installed():
    class Signals:
        def __init__(self):
            signal.signal(signal.SIGTERM, lambda *_: None)

    before = signal.getsignal(signal.SIGTERM)
    assert "signal only works in main thread" in host_of(Signals).statuses["signals"].reason
    assert signal.getsignal(signal.SIGTERM) == before


def test_memory_is_measured():
    class Hog:
        def __init__(self):
            self.kept = bytearray(40_000_000)

    assert host_of(Hog).statuses["hog"].load_kilobytes > 30_000


def test_a_slow_hook_of_a_call_is_a_fault_and_named():
    class Slow:
        @hookimpl
        def jackfield_call_arrived(self, call):
            time.sleep(0.05)

    host = host_of(Slow, isolation=IsolationSettings(hook_seconds=0.01))
    host.call("jackfield_call_arrived", call=FakeCall())
    assert "jackfield_call_arrived took" in host.statuses["slow"].notes[-1][1]
    figures = host.statuses["slow"].describe()["hooks"]["jackfield_call_arrived"]
    assert figures["calls"] == 1 and figures["max_ms"] >= figures["p95_ms"] >= 50


def test_time_that_asterisk_takes_is_not_the_hooks():
    class Speaks:
        @hookimpl
        def jackfield_call_arrived(self, call):
            time.sleep(0.05)
            call.asterisk_seconds += 1000.0

    host = host_of(Speaks, isolation=IsolationSettings(hook_seconds=0.01))
    host.call("jackfield_call_arrived", call=FakeCall())
    assert host.statuses["speaks"].faults == []


@given(st.lists(st.floats(0, 10), min_size=1, max_size=50), st.floats(0.01, 1))
def test_percentile(values, share):
    found = percentile(values, share)
    assert found in values
    assert sum(v <= found for v in values) >= share * len(values) - 1e-9
    assert percentile([], share) == 0


class Hangs:
    release = threading.Event()

    @hookimpl
    def jackfield_status(self):
        self.release.wait(60)

    @hookimpl
    def jackfield_start(self, core):
        self.release.wait(60)


@pytest.fixture
def hanging(monkeypatch):
    monkeypatch.setattr(calling, "LIMITS", {})
    monkeypatch.setattr(calling, "LIMIT_SECONDS", 1.0)
    Hangs.release.clear()
    yield
    Hangs.release.set()


@pytest.mark.usefixtures("hanging")
def test_a_hook_that_hangs_is_given_up_counted_and_its_thread_told_of():
    told = []
    host = host_of(Hangs, Reports)
    host.on_change = lambda status: told.append((status.name, len(status.stuck)))
    assert host.call("jackfield_status") == [("reports", {"queues": ["sales"]})]
    assert "has not come back within" in host.statuses["hangs"].notes[-1][1]
    assert host.strays.look(grace=0) == {"hangs": ["hangs-status: jackfield_status"]}
    host.strays.look = lambda: Strays.look(host.strays, 0.0)
    host.look()
    assert told == [("hangs", 1)] and host.statuses["hangs"].describe()["stuck"] == 1
    Hangs.release.set()
    wait(lambda: not host.strays.look())
    host.look()
    assert told == [("hangs", 1), ("hangs", 0)]


@pytest.mark.usefixtures("hanging")
def test_one_that_hangs_in_its_start_is_refused():
    host = host_of(Hangs, Reports)
    host.start(core_of())
    assert {n: s.state for n, s in host.statuses.items()} == {"hangs": State.FAILED, "reports": State.ENABLED}
    assert "has not come back" in host.statuses["hangs"].reason
    assert host.call("jackfield_status") == [("reports", {"queues": ["sales"]})]


def test_one_that_raises_in_its_start_is_refused():
    class Bad:
        @hookimpl
        def jackfield_start(self, core):
            raise OSError("no such device")

    host = host_of(Bad, Reports)
    host.start(core_of())
    assert {n: s.state for n, s in host.statuses.items()} == {"bad": State.FAILED, "reports": State.ENABLED}
    assert "no such device" in host.statuses["bad"].reason
    assert host.call("jackfield_status") == [("reports", {"queues": ["sales"]})]
