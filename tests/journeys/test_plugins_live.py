"""Plugins as packages (X1) and their public API (X2), installed and removed while calls go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from journeys.pbx import Pbx, path_of
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
