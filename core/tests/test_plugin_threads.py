"""Timers, events and threads of plugins: whose they are, and what becomes of those that stay."""

from __future__ import annotations

import threading
from typing import ClassVar

from jackfield.hookspecs import hookimpl
from jackfield.plugins.threads import owner
from plugin_rig import Base, FakeCall, core_of, host_of, wait


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
    # Threads that other tests have left are of the same package as this plugin: `core`.
    wait(lambda: "busy-thread: left behind" not in host.strays.look(grace=0).get("busy", []))
    Busy.release.clear()


def test_whose_thread_it_is():
    class Own(threading.Thread):
        pass

    assert owner(Own()) == __name__.partition(".")[0]
    assert owner(threading.Thread(target=test_whose_thread_it_is)) == __name__.partition(".")[0]
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
