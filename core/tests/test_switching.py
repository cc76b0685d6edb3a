"""Plugins that are switched off and on, by the administrator or for their faults."""

from __future__ import annotations

import sys
import threading

import pytest
from jackfield.hookspecs import hookimpl
from jackfield.plugins import PluginHost, State
from jackfield.settings import IsolationSettings, PathSettings
from plugin_rig import Above, Base, FakeCall, Reports, host_of, point, wait

FAULTS = IsolationSettings().faults


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
