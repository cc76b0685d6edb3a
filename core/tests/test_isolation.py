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
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.hookspecs import hookimpl
from jackfield.plugins import PluginHost, State, calling
from jackfield.plugins.requires import dependents, in_order, missing
from jackfield.plugins.status import Status, percentile
from jackfield.plugins.threads import Strays, owner
from jackfield.routing.destinations import DestinationKind, End
from jackfield.settings import IsolationSettings, PathSettings
from plugin_rig import core_of, host_of, point

FAULTS = IsolationSettings().faults


class Base:
    @hookimpl
    def jackfield_destinations(self):
        return [DestinationKind("base", "Base", lambda call, name: End())]


class Above:
    """Comes before `base` by name, and after it by need."""

    requires = ("base",)
    started: ClassVar = []

    @hookimpl
    def jackfield_start(self, core):
        self.started.append("above")

    @hookimpl
    def jackfield_stop(self):
        self.started.append("stopped")


class Lonely:
    requires = ("nowhere",)


def wait(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        threading.Event().wait(0.005)


# -- plugins that need others ------------------------------------------------------------------------------------------


def test_loaded_after_what_it_needs_and_out_with_it():
    host = host_of(Base, Above)
    assert {s.name: s.state for s in host.statuses.values()} == {"above": State.ENABLED, "base": State.ENABLED}
    host.refuse("base", "its tables are broken")
    assert host.statuses["above"].state is State.WAITING
    assert "needs the plugin base" in host.statuses["above"].reason
    assert Above.started[-1] == "stopped"
    host.enable("base")
    assert host.load([point(Base), point(Above)]) == ["base", "above"]
    assert host.statuses["above"].state is State.ENABLED and host.statuses["above"].reason == ""


def test_what_it_needs_is_named_when_it_is_not_there():
    told = []
    host = host_of(Base)
    host.on_change = lambda status: told.append((status.name, status.state, status.reason))
    host.load([point(Base), point(Lonely)])
    assert told == [("lonely", State.WAITING, told[0][2])]
    assert told[0][2].startswith("needs the plugin nowhere, which is not installed; install it: apt install")


def test_two_that_wait_for_each_other_are_listed():
    class One:
        requires = ("two",)

    class Two:
        requires = ("one",)

    host = host_of(One, Two, Base)
    assert {n: s.state for n, s in host.statuses.items()} == {
        "one": State.WAITING,
        "two": State.WAITING,
        "base": State.ENABLED,
    }


def test_requires_that_is_no_tuple_of_names():
    class Wrong:
        requires = 5

    assert "requires must be a tuple" in host_of(Wrong).statuses["wrong"].reason


GRAPHS = st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("abcdefg"), max_size=3))


@given(GRAPHS)
def test_order(graph):
    """Everybody once, and behind what it needs unless these wait for each other."""
    statuses = {name: Status(name, requires=tuple(needs), instance=object()) for name, needs in graph.items()}
    order = in_order(statuses)
    assert sorted(order) == sorted(graph)

    def reaches(start, goal, seen=()):
        return any(
            n == goal or (n in graph and n not in seen and reaches(n, goal, (*seen, n))) for n in graph.get(start, ())
        )

    for name, needs in graph.items():
        for need in needs & graph.keys():
            if not reaches(need, name):
                assert order.index(need) < order.index(name), (graph, order)
    for name in graph:
        going = dependents(name, statuses)
        assert set(going) == {other for other in graph if other != name and reaches(other, name)}
        assert len(going) == len(set(going))
        assert bool(missing(graph[name], statuses)) is bool(graph[name] - graph.keys())


# -- names -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["core", "Upper", "a b", "../x", "x" * 40, "1st"])
def test_names_that_no_plugin_may_have(name):
    host = host_of()
    host.load([point(Base, name), point(Above)])
    assert host.statuses[name].state is State.FAILED
    assert "cannot be the name of a plugin" in host.statuses[name].reason


def test_two_distributions_with_one_name(tmp_path, monkeypatch):
    for dist in ("first", "second"):
        (tmp_path / f"{dist}_toy.py").write_text("class Plugin:\n    pass\n")
        info = tmp_path / f"{dist}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[jackfield.plugins]\ntoy = {dist}_toy:Plugin\n")
    monkeypatch.syspath_prepend(tmp_path)
    from importlib.metadata import entry_points

    toys = [p for p in entry_points(group="jackfield.plugins") if p.name == "toy"]
    host = host_of()
    host.load(toys)
    assert (host.statuses["toy"].state, host.statuses["toy"].distribution) == (State.ENABLED, "first")
    assert host.statuses["toy@second"].state is State.FAILED
    assert host.statuses["toy@second"].reason == "the name toy is taken by first; remove one of both packages"
    host.load([p for p in toys if p.dist.name == "second"] + [point(Base)])
    assert "toy@second" not in host.statuses


# -- what is the whole process's ---------------------------------------------------------------------------------------


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


# -- time --------------------------------------------------------------------------------------------------------------


class FakeCall:
    asterisk_seconds = 0.0


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


class Reports:
    @hookimpl
    def jackfield_status(self):
        return {"queues": ["sales"]}


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


# -- timers, events, threads -------------------------------------------------------------------------------------------


class Busy:
    """Has a timer and a subscription that fail, and a thread that does not end."""

    release = threading.Event()
    heard: ClassVar = []

    @hookimpl
    def jackfield_start(self, core):
        core.timers.after(0, self.fails)
        core.events.subscribe("phone", self.hears)
        threading.Thread(target=self.runs, name="busy-thread", daemon=True).start()

    def fails(self):
        raise RuntimeError("timer")

    def hears(self, event):
        self.heard.append(event["extension"])
        raise KeyError("event")

    def runs(self):
        self.release.wait(60)


def test_timers_and_events_of_a_plugin_are_its_own_fault():
    core, host = core_of(), host_of(Busy)
    host.start(core)
    core.events.publish("phone", extension="201")
    wait(lambda: len(host.statuses["busy"].notes) == 2)
    text = " ".join(what for _, what in host.statuses["busy"].notes)
    assert "timer: RuntimeError" in text and "event: KeyError" in text
    assert {"timer", "event"} <= host.statuses["busy"].hooks.keys()
    host.refuse("busy", "enough")
    core.events.publish("phone", extension="202")
    assert Busy.heard == ["201"], "a plugin that is out was told of an event"
    assert not core.events.wanted("phone")


def test_a_thread_that_is_left_behind_is_named_until_it_ends():
    host = host_of(Busy)
    host.start(core_of())
    assert host.strays.look(grace=0) == {}
    host.refuse("busy", "enough")
    assert "busy-thread: left behind" in host.strays.look(grace=0)["busy"]
    Busy.release.set()
    wait(lambda: not host.strays.look(grace=0))
    Busy.release.clear()


def test_whose_thread_it_is():
    class Own(threading.Thread):
        pass

    assert owner(Own()) == __name__.partition(".")[0]
    assert owner(threading.Thread(target=test_percentile)) == __name__.partition(".")[0]
    assert owner(threading.Timer(1, Busy().runs)) == __name__.partition(".")[0]
    assert owner(threading.Thread(target=threading.Event().wait)) == "threading"
    assert owner(threading.Thread()) in ("", "builtins")


def test_a_call_thread_that_was_given_up_is_its_hooks_fault():
    class Stalls:
        entered, release = threading.Event(), threading.Event()

        @hookimpl
        def jackfield_call_arrived(self, call):
            self.entered.set()
            self.release.wait(60)

    host = host_of(Stalls, Base)
    thread = threading.Thread(target=lambda: host.call("jackfield_call_arrived", call=FakeCall()), daemon=True)
    thread.start()
    Stalls.entered.wait(10)
    assert host.stalled("base", thread, "said nothing for 2 s") == "stalls"
    assert host.statuses["stalls"].notes[-1][1] == "jackfield_call_arrived: said nothing for 2 s"
    assert host.stalled("base", None, "said nothing") == "base"
    assert host.stalled("", None, "core's own") == ""
    Stalls.release.set()
    thread.join(10)
    assert host.guard.running == {}


# -- off and on --------------------------------------------------------------------------------------------------------


def test_switched_off_and_on_and_kept(tmp_path):
    paths = PathSettings(state=tmp_path)
    host = host_of(Base, Above, paths=paths)
    host.disable("base")
    host.load([point(Base), point(Above)])
    assert host.statuses["base"].state is State.DISABLED and host.statuses["above"].state is State.WAITING
    again = host_of(Base, Above, paths=paths)
    assert again.statuses["base"].state is State.DISABLED and again.destinations() == {}
    again.enable("base")
    assert again.load([point(Base), point(Above)]) == ["base", "above"]
    assert list(again.destinations()) == ["base"]
    assert host_of(Base, paths=paths).statuses["base"].state is State.ENABLED


def test_what_cannot_be_switched(tmp_path):
    host = host_of(Base, disabled=["base"], paths=PathSettings(state=tmp_path / "none"))
    with pytest.raises(Exception, match="switched off in the settings"):
        host.enable("base")
    with pytest.raises(Exception, match="no plugin 'nobody' is installed; there are: base"):
        host.disable("nobody")
    with pytest.raises(Exception, match="cannot be written"):
        host.disable("base")


def test_a_damaged_list_counts_as_empty(tmp_path):
    (tmp_path / "plugins-off.json").write_text("{nonsense")
    assert host_of(Base, paths=PathSettings(state=tmp_path)).statuses["base"].state is State.ENABLED


def test_one_that_was_shut_off_is_stopped_and_can_come_back():
    class Bad:
        stopped = threading.Event()

        @hookimpl
        def jackfield_status(self):
            sys.exit(1)

        @hookimpl
        def jackfield_stop(self):
            self.stopped.set()

    host = host_of(Bad)
    for _ in range(FAULTS):
        host.call("jackfield_status")
    assert host.statuses["bad"].state is State.SHUT_OFF
    assert Bad.stopped.wait(10)
    assert host.load([point(Bad)]) == [], "it comes back when somebody says so, not by itself"
    wait(lambda: host.statuses["bad"].instance is None)
    host.enable("bad")
    assert host.load([point(Bad)]) == ["bad"]
    assert host.statuses["bad"].state is State.ENABLED and host.statuses["bad"].faults == []


def test_the_number_of_faults_is_a_setting():
    class Bad:
        @hookimpl
        def jackfield_status(self):
            raise ValueError

    host = host_of(Bad, isolation=IsolationSettings(faults=2))
    host.call("jackfield_status")
    assert host.statuses["bad"].state is State.ENABLED
    host.call("jackfield_status")
    assert host.statuses["bad"].state is State.SHUT_OFF


def test_hooks_are_looked_up_once(monkeypatch):
    host = host_of(Reports, Base)
    looked = []
    find = PluginHost._implementers
    monkeypatch.setattr(PluginHost, "_implementers", lambda self, hook: looked.append(hook) or find(self, hook))
    for _ in range(3):
        host.call("jackfield_status")
        host.call("jackfield_call_arrived", call=FakeCall())
    assert looked == ["jackfield_status", "jackfield_call_arrived"]
    host.refuse("reports", "gone")
    assert host.call("jackfield_status") == [] and looked[-1] == "jackfield_status"
