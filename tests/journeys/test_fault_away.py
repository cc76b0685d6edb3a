"""The daemon is away for longer than the rescue lasts: Asterisk serves alone what it can, and hands back after."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from journeys.faults import away, channels, served, settings, start_daemon, stop_daemon, wait_both_ways, wait_music
from journeys.pbx import Pbx, moment
from rig import wait_for

RESCUE = "[agi]\nguard_seconds = 4\nrescue_seconds = 7\n"


@pytest.fixture(scope="module", autouse=True)
def short_rescue(shared_pbx: Pbx) -> Iterator[None]:
    """Settings with which nobody waits long."""
    with settings(shared_pbx, RESCUE):
        yield


def members(pbx: Pbx) -> list[str]:
    """Members of Asterisk's own queues."""
    shown = pbx.node.asterisk("queue show")
    return [line.strip() for line in shown.splitlines() if "PJSIP/" in line and "(dynamic)" in line]


def plain_members(pbx: Pbx, queue: str) -> list[str]:
    """Phones in Asterisk's own queue."""
    shown = pbx.node.asterisk(f"queue show {queue}")
    return sorted(line.split("PJSIP/")[1][:3] for line in shown.splitlines() if "(dynamic)" in line)


def test_callers_in_line_reach_agents_without_the_daemon(pbx: Pbx) -> None:
    """Two in line when it goes: the agents who were logged in answer them. Back again, its line is as before."""
    pbx.staff("201", "202")
    pbx.login("203")
    pbx.dial_code("203", "*13")
    busy = []
    for user in ("201", "202"):
        already = len(pbx.phone(user).calls)
        busy.append(pbx.call("5550500", pbx.number()))
        pbx.phone(user).wait_call(already + 1).wait_answered()
    wait_for(lambda: all(pbx.agent(a)["state"] not in ("ready", "ringing") for a in ("1001", "1002")), 10, "two talks")
    numbers = [pbx.number(), pbx.number()]
    calls = {}
    for number in numbers:
        calls[number] = pbx.call("5550500", number)
        wait_for(lambda number=number: number in pbx.waiting("basic"), 10, f"{number} in line")
    seen = {user: len(pbx.phone(user).calls) for user in ("201", "202", "203")}
    with away(pbx):
        gone = time.monotonic()
        for call in calls.values():
            wait_music(call, gone)
        busy[0].hang_up()
        rung = pbx.phone("201").wait_call(seen["201"] + 1, timeout=30)
        rung.wait_answered()
        # Both came to Asterisk's queue in the same moment, so either may be the first there.
        numbers.sort(key=lambda number: number != rung.dialog.caller_number)
        taken, other = (calls[number] for number in numbers)
        wait_both_ways(taken, rung)
        print(f"daemon gone to plain answer {(rung.dialog.answered_at or 0.0) - gone:.2f} s")
        assert plain_members(pbx, "basic") == ["201", "202"], "just those who were ready"
        assert len(pbx.phone("203").calls) == seen["203"], "a paused agent was rung"
        assert other.dialog.ended_at is None
    pbx.wait_waiting("basic", [numbers[1]])
    wait_for(lambda: members(pbx) == [], 10, "the end of the plain members")
    assert taken.dialog.ended_at is None and rung.dialog.ended_at is None, "the talk was cut by the restart"
    busy[1].hang_up()
    second = pbx.phone("202").wait_call(seen["202"] + 1, timeout=15)
    second.wait_answered()
    assert second.dialog.caller_number == numbers[1]
    taken.hang_up()
    other.hang_up()
    alone, again = pbx.record(numbers[0]), pbx.record(numbers[1])
    assert (alone["result"], alone["interrupted"]) == ("answered", True), alone
    assert [leg["number"] for leg in alone["legs"] if leg["role"] in ("phone", "agent")] == ["201"], alone
    assert (again["result"], again["agent"], again["interrupted"]) == ("answered", "1002", True), again
    served(pbx)


def test_menus_are_served_and_new_calls_hear_that_we_are_sorry(pbx: Pbx) -> None:
    """A caller in a menu hears it from Asterisk alone, changes the language and chooses; a new one hears an apology."""
    chooser, late = pbx.number(), pbx.number()
    choosing = pbx.call("5550100", chooser)
    pbx.wait_hears(choosing, "main-menu")
    with away(pbx):
        gone = time.monotonic()
        arriving = pbx.call("5550200", late)
        wait_music(choosing, gone)
        menu = pbx.wait_hears(choosing, "main-menu", after=gone)
        print(f"daemon gone to the plain menu {menu - gone:.2f} s")
        choosing.press("8")
        pbx.wait_hears(choosing, "main-menu", "zh", after=menu)
        choosing.press("3")
        pbx.wait_hears(choosing, "chirp", after=menu)
        wait_music(arriving, arriving.dialog.invite_at or gone)
        pbx.wait_hears(arriving, "sorry")
        for call in (choosing, arriving):
            ended = call.wait_ended(10)
            assert (ended.final_code, ended.ended_by) == (200, "them"), ended
        assert channels(pbx) == []
    record = pbx.record(chooser)
    assert (record["result"], record["interrupted"]) == ("hung-up", True), record
    length = (choosing.dialog.ended_at or 0.0) - (choosing.dialog.invite_at or 0.0)
    assert abs(seconds(record) - length) < 1.6, record
    assert pbx.live(late) == []
    served(pbx)


def seconds(record: dict[str, object]) -> float:
    """The length of a call on record."""
    return moment(str(record["ended_at"])) - moment(str(record["started_at"]))


def test_back_before_the_rescue_is_over(pbx: Pbx) -> None:
    """Gone for a part of these seconds: no one notices more than music, and the menu goes on."""
    number = pbx.number()
    call = pbx.call("5550100", number)
    pbx.wait_hears(call, "main-menu")
    stop_daemon(pbx)
    gone = time.monotonic()
    time.sleep(1)
    start_daemon(pbx)
    pbx.wait_hears(call, "main-menu", after=gone)
    call.press("3")
    pbx.wait_hears(call, "chirp")
    call.wait_ended(10)
    assert pbx.record(number)["result"] == "completed"


def test_direct_extension_rings_without_the_daemon(pbx: Pbx) -> None:
    """A caller whose destination is a phone: it was ringing; unanswered, Asterisk rings it once more by itself."""
    phone, number = pbx.phone("201"), pbx.number()
    phone.answer_after, seen = None, len(phone.calls)
    call = pbx.call("5550401", number)
    phone.wait_call(seen + 1).wait_ringing()
    with away(pbx):
        phone.answer_after = 0.3
        rung = phone.wait_call(seen + 2, timeout=30)
        rung.wait_answered()
        wait_both_ways(call, rung)
    call.hang_up()
    record = pbx.record(number)
    assert (record["result"], record["interrupted"]) == ("answered", True), record
