"""Plugins as packages (X1) and their public API (X2), installed and removed while calls go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from journeys.pbx import Pbx, path_of
from journeys.test_bad_plugins import installed
from packages.system import made_plugin

IVR = "jackfield-plugin-ivr"
STRANGER = """
from jackfield.api import DestinationKind, End, Goto, Result, hookimpl


class Plugin:
    def __init__(self):
        self.ended = []

    @hookimpl
    def jackfield_destinations(self):
        return [DestinationKind("count", "Counts aloud", self.count, names=lambda site: ["up"])]

    @hookimpl
    def jackfield_route_call(self, call):
        return Goto("count:up") if call.did == "5550277" else None

    @hookimpl
    def jackfield_call_ended(self, call, record):
        self.ended.append(record.result)

    @hookimpl
    def jackfield_status(self):
        return {"counter": [{"ended": list(self.ended)}]}

    def count(self, call, name):
        call.answer()
        call.play("digits:345")
        return End(Result.COMPLETED, outcome="counted")
"""


def plugins(pbx: Pbx) -> dict[str, str]:
    """Plugins of the running daemon and their states."""
    return {row["name"]: row["state"] for row in pbx.ask("plugins")}


@pytest.fixture
def with_ivr(pbx: Pbx) -> Iterator[None]:
    """Whatever happens, the menus are there again afterwards."""
    yield
    if plugins(pbx).get("ivr") != "enabled":
        pbx.node.apt_install([IVR])
        pbx.node.wait_for(lambda: plugins(pbx).get("ivr") == "enabled", 30, "ivr to be back")


@pytest.mark.usefixtures("with_ivr")
def test_remove_and_reinstall_menus_under_calls(pbx: Pbx) -> None:
    """apt remove: menu numbers go to their fallback, the rest works, the talk goes on; apt install: menus are back."""
    pbx.staff("201", "202")
    phones = [pbx.phone("201"), pbx.phone("202")]
    seen, talker, daemon = [len(p.calls) for p in phones], pbx.number(), pbx.node.main_pid("jackfieldd")
    talk = pbx.call("5550500", talker)
    rung = phones[0].wait_call(seen[0] + 1)
    rung.wait_answered()
    menu_number = pbx.number()
    in_menu = pbx.call("5550100", menu_number)
    pbx.wait_at(menu_number, "ivr:main")

    pbx.node.apt_remove([IVR])
    pbx.node.wait_for(lambda: plugins(pbx).get("ivr") != "enabled", 20, "ivr to be gone")
    assert pbx.node.main_pid("jackfieldd") == daemon, "the daemon was restarted"
    in_menu.press("3")
    pbx.wait_hears(in_menu, "chirp")  # a caller who is in the menu already may still use it
    assert in_menu.wait_ended(10).ended_by == "them"

    plain, own, served = pbx.number(), pbx.number(), pbx.number()
    calls = {n: pbx.call(d, n) for d, n in (("5550100", plain), ("5550521", own), ("5550501", served))}
    pbx.wait_hears(calls[plain], "sorry")
    pbx.wait_hears(calls[own], "fallback-here")
    other = phones[1].wait_call(seen[1] + 1)
    other.wait_answered()
    pbx.node.wait_for(lambda: calls[served].heard.hears(phones[1].tone), 10, "the second agent")
    calls[served].hang_up()
    assert path_of(pbx.record(plain)) == [("ivr:main", "failed"), ("prompt:sorry", "")]
    assert path_of(pbx.record(own)) == [("ivr:main", "failed"), ("prompt:fallback-here", "")]
    pbx.recording_of(pbx.record(served))

    pbx.node.apt_install([IVR])
    pbx.node.wait_for(lambda: plugins(pbx).get("ivr") == "enabled", 30, "ivr to be back")
    number = pbx.number()
    call = pbx.call("5550100", number)
    pbx.wait_hears(call, "main-menu")
    call.press("3")
    pbx.wait_hears(call, "chirp")
    call.wait_ended(10)
    assert path_of(pbx.record(number)) == [("ivr:main", "3"), ("prompt:chirp", "")]
    spans = talk.heard.between(rung.dialog.answered_at + 0.3, talk.heard.end - 0.5).heard_tone(phones[0].tone, gap=0.2)
    assert len(spans) == 1, f"the talk was disturbed: {spans}"
    talk.hang_up()
    assert pbx.record(talker)["result"] == "answered"


def test_a_plugin_of_someone_else(pbx: Pbx, tmp_path: Path) -> None:
    """A package that we do not know brings a destination and routes a number to it, without a restart; and leaves."""
    deb = made_plugin(tmp_path, "counter", STRANGER)
    number, later = pbx.number(), pbx.number()
    pbx.node.apt_install([deb])
    try:
        pbx.node.wait_for(lambda: plugins(pbx).get("counter") == "enabled", 20, "the plugin")
        call = pbx.call("5550277", number)
        times = [pbx.wait_hears(call, f"digit-{digit}") for digit in "345"]
        call.wait_ended(10)
        assert times == sorted(times)
        record = pbx.record(number)
        assert (path_of(record), record["result"]) == ([("count:up", "counted")], "completed")
    finally:
        pbx.node.apt_remove(["jackfield-plugin-counter"])
    pbx.node.wait_for(lambda: plugins(pbx).get("counter") != "enabled", 20, "the plugin to be gone")
    call = pbx.call("5550277", later)
    pbx.wait_hears(call, "pattern")
    assert path_of(pbx.record(later))[0][0] == "prompt:pattern"


SWITCHED = """
from jackfield.api import DestinationKind, End, hookimpl


class Plugin:
    @hookimpl
    def jackfield_destinations(self):
        return [DestinationKind("switched", "Can be switched off", self.serve)]

    def serve(self, call, name):
        call.answer()
        if name == "waits":
            call.wait(None)
        for _ in range(3):
            call.play("digits:345")
        return End()
"""
SWITCHED_DIDS = """
[[did]]
name = "switched-waits"
number = "5550981"
destination = "switched:waits"
fallback = "prompt:fallback-here"

[[did]]
name = "switched-speaks"
number = "5550982"
destination = "switched:speaks"
fallback = "prompt:fallback-here"
"""


@pytest.fixture
def switched(shared_pbx: Pbx) -> Iterator[None]:
    """A plugin with two numbers; afterwards neither is there, and nothing is switched off."""
    with installed(shared_pbx, {"switched": SWITCHED}):
        shared_pbx.apply_text(shared_pbx.site_text() + SWITCHED_DIDS, "a plugin to switch off")
        yield
        shared_pbx.jackfield("plugins", "enable", "switched", "--json")
    shared_pbx.apply_site()


@pytest.mark.usefixtures("switched")
def test_switched_off_and_on_under_calls(pbx: Pbx) -> None:
    """Who waits in the plugin hears the fallback at once, who hears an announcement hears its end; then it is back."""
    daemon, waiter, listener = pbx.node.main_pid("jackfieldd"), pbx.number(), pbx.number()
    waits, listens = pbx.call("5550981", waiter), pbx.call("5550982", listener)
    pbx.wait_at(waiter, "switched:waits")
    pbx.wait_hears(listens, "digit-3")
    told = pbx.jackfield("plugins", "disable", "switched", "--json")
    assert told["state"] == "disabled" and told["calls_when_left"] == {"fallback": 1, "finish": 1}
    pbx.wait_hears(waits, "fallback-here")
    waits.wait_ended(15)
    assert listens.wait_ended(20).ended_by == "them"
    assert len(pbx.hears(listens, "digit-5")) == 3, "the announcement was cut"
    assert path_of(pbx.record(waiter))[-1] == ("prompt:fallback-here", "")

    later = pbx.number()
    call = pbx.call("5550982", later)
    pbx.wait_hears(call, "fallback-here")
    call.wait_ended(15)
    assert pbx.jackfield("plugins", "info", "switched", "--json")["state"] == "disabled"
    assert pbx.jackfield("plugins", "check", "switched", "--json")["problems"] == []

    told = pbx.jackfield("plugins", "enable", "switched", "--json")
    assert told["state"] == "enabled" and told["brings"]["destinations"] == ["switched"]
    again = pbx.number()
    call = pbx.call("5550982", again)
    pbx.wait_hears(call, "digit-3")
    call.hang_up()
    assert pbx.node.main_pid("jackfieldd") == daemon, "the daemon was restarted"
    done = [(e["method"], e["object"]) for e in pbx.jackfield("audit", "--json") if e["method"].startswith("plugins.")]
    assert {("plugins.disable", "switched"), ("plugins.enable", "switched")} <= set(done)
    logged = pbx.node.run(["jackfield", "plugins", "log", "switched"]).stdout
    assert "plugin.out" in logged and "call.let_go" in logged
