"""Internal numbers: phones dial a queue or a menu, and transfer callers there, blind or after asking."""

from __future__ import annotations

import pytest
from journeys.faults import away, kill_daemon, wait_back
from journeys.pbx import Pbx, path_of
from journeys.softphone import Line, Softphone
from rig import Call

Handsets = dict[str, Softphone]


def talk(pbx: Pbx, handsets: Handsets, number: str) -> tuple[Call, Line]:
    """A caller from outside talks with 251."""
    caller = pbx.call("5550451", number)
    line = handsets["251"].wait_line().wait("up")
    line.wait_hears(caller.tone)
    return caller, line


def test_a_phone_dials_a_queue_and_a_menu(pbx: Pbx, handsets: Handsets) -> None:
    """251 dials 600 and has the agent of the queue; 601 is the menu."""
    pbx.staff("201")
    line = handsets["251"].call("600").wait("up")
    line.wait_hears(pbx.phone("201").tone)
    [live] = pbx.live("251")
    assert (live["at"], live["talking"]) == ("queue:basic", True)
    line.hang_up()
    pbx.wait_agent("1001", "ready")
    menu = handsets["251"].call("601").wait("up")
    pbx.node.wait_for(lambda: menu.heard.find(pbx.prompt("main-menu"), 0.8), 15, "the menu's prompt")
    menu.hang_up()
    pbx.node.wait_for(lambda: not pbx.live("251"), 10, "the end of 251's calls")
    record = next(r for r in pbx._read(number="251") if r["did"] == "600")
    assert path_of(record) == [("queue:basic", "hang-up")]
    assert (record["direction"], record["queue"], record["agent"]) == ("internal", "basic", "1001")


def test_a_caller_is_sent_into_a_queue(pbx: Pbx, handsets: Handsets) -> None:
    """251 sends a caller to 600: an agent has them; one call, one record."""
    number = pbx.number()
    pbx.staff("201")
    agent = pbx.phone("201")
    seen = len(agent.calls)
    caller, line = talk(pbx, handsets, number)
    line.transfer("600")
    rung = agent.wait_call(seen + 1)
    rung.wait_answered()
    pbx.node.wait_for(lambda: caller.heard.hears(agent.tone) and rung.heard.hears(caller.tone), 10, "both ways")
    caller.hang_up()
    record = pbx.record(number)
    assert path_of(record) == [("extension:251", "transferred:251"), ("queue:basic", "hang-up")]
    assert [(leg["role"], leg["number"]) for leg in record["legs"]][1:] == [("phone", "251"), ("agent", "201")]
    assert (record["queue"], record["agent"], record["result"]) == ("basic", "1001", "answered")


def wait_talks(pbx: Pbx, caller: Call) -> None:
    """Waits until a caller who has heard music hears nothing but the phone 201: a note of the music is none."""
    tone = pbx.phone("201").tone
    pbx.node.wait_for(lambda: tone in caller.heard.tones_heard(), 15, "the caller to hear the agent")


@pytest.mark.parametrize("moment", ["right after", "waiting"])
def test_the_daemon_dies_when_a_caller_is_sent_into_a_queue(pbx: Pbx, handsets: Handsets, moment: str) -> None:
    """kill -9 right after the REFER, or while the caller waits in line: they wait on, and the agent gets them."""
    number = pbx.number()
    caller, line = talk(pbx, handsets, number)
    line.transfer("600")
    if moment == "waiting":
        pbx.wait_waiting("basic", [number])
    wait_back(pbx, kill_daemon(pbx))
    pbx.wait_waiting("basic", [number])
    pbx.login("201")
    wait_talks(pbx, caller)
    caller.hang_up()
    record = pbx.record(number)
    assert [to for to, _ in path_of(record)] == ["extension:251", "queue:basic"]
    assert (record["agent"], record["result"]) == ("1001", "answered")


@pytest.mark.parametrize("moment", ["waits", "talks"])
def test_a_queue_is_asked_first(pbx: Pbx, handsets: Handsets, moment: str) -> None:
    """251 dials 600 for a caller on hold, and joins them in line or in the talk with the agent."""
    number = pbx.number()
    agent = pbx.phone("201")
    if moment == "talks":
        pbx.staff("201")
    caller, line = talk(pbx, handsets, number)
    line.hold()
    asking = handsets["251"].call("600").wait("up")
    if moment == "talks":
        asking.wait_hears(agent.tone)
    else:
        pbx.wait_waiting("basic", ["251"])
    line.transfer_to(asking)
    asking.wait_ended()
    if moment == "waits":
        pbx.wait_waiting("basic", [number])
        pbx.login("201")
    wait_talks(pbx, caller)
    caller.hang_up()
    record = pbx.record(number)
    assert record["result"] == "answered" and ("agent", "201") in [(x["role"], x["number"]) for x in record["legs"]]
    assert path_of(record)[0] == ("extension:251", "transferred:251")
    pbx.wait_agent("1001", "ready")


def test_a_menu_without_a_daemon(pbx: Pbx, handsets: Handsets) -> None:
    """The daemon stays away: who is sent to a queue's number still waits in that queue, Asterisk's own."""
    number = pbx.number()
    pbx.staff("201")
    agent = pbx.phone("201")
    caller, line = talk(pbx, handsets, number)
    with away(pbx):
        line.transfer("600")
        pbx.node.wait_for(lambda: caller.heard.hears(agent.tone), 45, "the caller to hear the agent")
        caller.hang_up()
        caller.wait_ended(10)
