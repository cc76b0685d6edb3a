"""`kill -9` of jackfieldd while people telephone: nobody may notice more than a little music."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest
from journeys.faults import (
    Kill,
    drop_in,
    gaps,
    host_pid,
    is_back,
    kill_daemon,
    longest_silence,
    served,
    talk_with,
    wait_back,
    wait_both_ways,
    wait_music,
)
from journeys.pbx import Pbx, Record, moment, path_of, together
from rig import Call, wait_for

SLOW = "[Service]\nRestartSec=3\n"
"""So long a restart that something can happen meanwhile."""


def talked(record: Record, agent: str, call: Call, rung: Call, tolerance: float = 1.2) -> None:
    """The record tells exactly what the telephones know."""
    assert (record["result"], record["agent"], record["interrupted"]) == ("answered", agent, True), record
    answered, ended = rung.dialog.answered_at, call.dialog.ended_at
    assert answered is not None and ended is not None
    assert abs(record["talk_seconds"] - (ended - answered)) < tolerance, record
    assert sorted(leg["role"] for leg in record["legs"]) == ["agent", "caller"], record["legs"]
    assert all(leg["ended_at"] for leg in record["legs"]), record["legs"]
    assert len(record["steps"]) == 1 and record["steps"][0]["left_at"], record["steps"]
    assert abs((moment(record["ended_at"]) - moment(record["answered_at"])) - (ended - answered)) < tolerance


def recorded(pbx: Pbx, record: Record, call: Call, rung: Call) -> None:
    """Both sides are in the recording from the answer to the end."""
    _, sides = pbx.recording_of(record)
    assert call.dialog.ended_at is not None and rung.dialog.answered_at is not None
    length = call.dialog.ended_at - rung.dialog.answered_at
    assert len(sides) == 2 and abs(sides[0].seconds - length) < 1.2, (sides[0].seconds, length)
    for side, tone in zip(sides, (call.tone, rung.tone), strict=True):
        spoken = sum(end - start for start, end in side.heard_tone(tone))
        assert spoken > length - 1.5, f"{tone} Hz is heard for {spoken:.1f} s of {length:.1f} s"


def test_talk_goes_on(pbx: Pbx) -> None:
    """The talk has no gap; its record and recording are whole; the agent gets the next call."""
    pbx.staff("201")
    phone, number = pbx.phone("201"), pbx.number()
    call, rung = talk_with(pbx, "5550501", number, phone)
    time.sleep(1)
    kill = kill_daemon(pbx)
    assert wait_back(pbx, kill) < 12
    assert [c["talking"] for c in pbx.live(number)] == [True]
    assert pbx.agent("1001")["state"] not in ("ready", "logged-out"), pbx.agent("1001")
    time.sleep(2)
    end = time.monotonic() - 0.5
    for one, other in ((call, rung), (rung, call)):
        assert gaps(one.heard, other.tone, kill.at - 0.5, end) < 0.25, "the talk was interrupted"
    call.hang_up()
    assert rung.wait_ended(10).ended_by == "them"
    record = pbx.record(number)
    talked(record, "1001", call, rung)
    assert path_of(record)[0][0] == "queue:recorded"
    recorded(pbx, record, call, rung)
    pbx.wait_agent("1001", "ready")
    other = pbx.number()
    talk_with(pbx, "5550500", other, phone)[0].hang_up()
    assert pbx.record(other)["agent"] == "1001" and not pbx.record(other)["interrupted"]


def test_talk_ends_while_the_daemon_is_away(pbx: Pbx) -> None:
    """Its end is on record at its own time, not at the time of the restart; the recording is encoded."""
    pbx.staff("201")
    phone, number = pbx.phone("201"), pbx.number()
    call, rung = talk_with(pbx, "5550501", number, phone)
    with drop_in(pbx, SLOW):
        kill = kill_daemon(pbx)
        time.sleep(0.7)
        call.hang_up()
        rung.wait_ended(10)
        wait_back(pbx, kill)
    record = pbx.record(number)
    talked(record, "1001", call, rung, tolerance=1.6)  # Asterisk's note has whole seconds
    recorded(pbx, record, call, rung)
    pbx.wait_agent("1001", "ready")


@pytest.mark.parametrize("where", ["greeting", "key", "sub-menu"])
def test_menu_is_read_again(pbx: Pbx, where: str) -> None:
    """In a prompt, while a key is awaited, one level down: music, then the same menu, whose keys work."""
    number = pbx.number()
    call = pbx.call("5550100", number)
    if where == "greeting":
        call.wait_answered()
        time.sleep(0.8)
    else:
        pbx.wait_hears(call, "main-menu")
    if where == "sub-menu":
        call.press("2")
        pbx.wait_hears(call, "information-menu")
    kill = kill_daemon(pbx)
    menu = "information-menu" if where == "sub-menu" else "main-menu"
    wait_music(call, kill.at)
    again = pbx.wait_hears(call, menu, after=kill.at, timeout=30)
    call.press("2" if where == "sub-menu" else "3")
    print(f"{where}: kill-to-menu {again - kill.at:.2f} s")
    assert longest_silence(call.heard, kill.at + 0.3, again) < 2.0, "silence instead of music"
    if where == "sub-menu":
        assert pbx.hears(call, "main-menu", after=kill.at) == [], "sent back to the top"
    pbx.wait_hears(call, "our-address" if where == "sub-menu" else "chirp", after=kill.at)
    call.wait_ended(10)
    record = pbx.record(number)
    assert (record["result"], record["interrupted"]) == ("completed", True)
    main, sub = (
        [("ivr:main", "2"), ("ivr:information", "2"), ("prompt:our-address", "")],
        [("ivr:main", "3"), ("prompt:chirp", "")],
    )
    assert path_of(record) == (main if where == "sub-menu" else sub)


@pytest.mark.parametrize("freed", ["later", "meanwhile"])
def test_line_keeps_its_order(pbx: Pbx, freed: str) -> None:
    """Two callers and a VIP wait; after the kill they are served VIP first, whenever the agent becomes free."""
    pbx.staff("201")
    phone, first = pbx.phone("201"), pbx.number()
    busy, _ = talk_with(pbx, "5550500", first, phone)
    numbers = [pbx.number(), pbx.number(), pbx.number("5559")]
    calls = {}
    for number in numbers:
        calls[number] = pbx.call("5550500", number)
        wait_for(lambda number=number: number in pbx.waiting("basic"), 10, f"{number} in line")
    order = [numbers[2], numbers[0], numbers[1]]
    pbx.wait_waiting("basic", order)
    seen, phone.hang_up_after = len(phone.calls), 0.5
    with drop_in(pbx, SLOW if freed == "meanwhile" else "[Service]\n"):
        kill = kill_daemon(pbx)
        if freed == "meanwhile":
            time.sleep(0.5)
            busy.hang_up()
        for call in calls.values():
            wait_music(call, kill.at)
        wait_back(pbx, kill)
    if freed == "later":
        pbx.wait_waiting("basic", order)
        busy.hang_up()
    rung = [phone.wait_call(seen + n + 1, timeout=20) for n in range(3)]
    assert [r.dialog.caller_number for r in rung] == order
    for number, call in calls.items():
        call.wait_ended(20)
        record = pbx.record(number)
        assert (record["result"], record["agent"], record["interrupted"]) == ("answered", "1001", True)
        waited = moment(record["answered_at"]) - moment(record["started_at"])
        assert abs(record["wait_seconds"] - waited) < 1, "the time before the kill counts too"


@pytest.mark.parametrize("answer", [True, False])
def test_while_the_phone_rings(pbx: Pbx, answer: bool) -> None:
    """Answered, it becomes a talk; not answered, the caller is back in line and the phone is rung again."""
    pbx.staff("201")
    phone, number = pbx.phone("201"), pbx.number()
    phone.answer_after, seen = None, len(phone.calls)
    call = pbx.call("5550500" if answer else "5550503", number)
    rung = phone.wait_call(seen + 1)
    rung.wait_ringing()
    time.sleep(0.3)
    phone.answer_after = 0.3  # from the next call on
    kill = kill_daemon(pbx)
    wait_back(pbx, kill)
    if not answer:
        rung.wait_ended(10)
        wait_music(call, rung.dialog.cancel_at or rung.dialog.ended_at or 0.0)
        rung = phone.wait_call(seen + 2, timeout=15)
    else:
        phone.answer(rung)
    rung.wait_answered()
    wait_both_ways(call, rung)
    call.hang_up()
    rung.wait_ended(10)
    record = pbx.record(number)
    assert (record["result"], record["agent"], record["interrupted"]) == ("answered", "1001", True), record
    roles = [leg["role"] for leg in record["legs"]]
    assert roles == (["caller", "agent"] if answer else ["caller", "agent", "agent"]), record["legs"]


def test_at_the_very_arrival(pbx: Pbx) -> None:
    """Killed within milliseconds of the INVITE, time and again: every call is served in the end."""
    chance = random.Random(20260901)
    failed = []
    for attempt in range(8):
        number, delay = pbx.number(), chance.uniform(0, 0.08)
        pid = pbx.node.main_pid("jackfieldd")
        target = host_pid(pbx.node, pid)
        call = pbx.call("5550200", number)
        wait_for(lambda call=call: call.dialog.invite_at, 10, "the INVITE", every=0.001)
        time.sleep(delay)
        os.kill(target, signal.SIGKILL)
        kill = Kill(time.monotonic(), pid)
        at = kill.at - (call.dialog.invite_at or 0.0)
        try:
            pbx.wait_hears(call, "exact", timeout=30)
            ended = call.wait_ended(15)
            assert (ended.final_code, ended.ended_by) == (200, "them"), ended
            wait_back(pbx, kill)
            record = pbx.record(number)
            assert record["result"] == "completed", record
            assert path_of(record) == [("prompt:exact", "")], record
            print(f"attempt {attempt}: killed {at * 1000:.0f} ms after the INVITE, interrupted={record['interrupted']}")
        except (AssertionError, TimeoutError) as problem:
            failed.append(f"attempt {attempt}, killed {at * 1000:.0f} ms after the INVITE: {problem}")
            wait_for(lambda kill=kill: is_back(pbx, kill.pid), 30, "jackfieldd")
    assert not failed, "\n".join(failed)


def test_killed_again_and_again(pbx: Pbx) -> None:
    """Three kills in a row, each as soon as the daemon is back: a menu, a line and a talk live through all of them."""
    pbx.staff("201")
    talker, waiter, chooser = pbx.number(), pbx.number(), pbx.number()
    talking, rung = talk_with(pbx, "5550500", talker, pbx.phone("201"))
    waiting = pbx.call("5550500", waiter)
    choosing = pbx.call("5550100", chooser)
    pbx.wait_hears(choosing, "main-menu")
    first = time.monotonic()
    for _ in range(3):
        wait_back(pbx, kill_daemon(pbx))
    menu = pbx.wait_hears(choosing, "main-menu", after=first)
    choosing.press("3")
    pbx.wait_hears(choosing, "chirp", after=menu)
    pbx.wait_waiting("basic", [waiter])
    assert gaps(talking.heard, rung.tone, first, time.monotonic() - 0.5) < 0.25
    seen = len(pbx.phone("201").calls)
    talking.hang_up()
    second = pbx.phone("201").wait_call(seen + 1)
    second.wait_answered()
    waiting.hang_up()
    for number in (talker, waiter, chooser):
        record = pbx.record(number)
        assert record["interrupted"] and record["result"] == ("completed" if number == chooser else "answered"), record
    served(pbx)


def test_seven_kills_cost_nobody_the_place(pbx: Pbx) -> None:
    """Each as soon as the daemon is back: the talk has no gap, the line its order."""
    pbx.staff("201")
    phone, talker, line = pbx.phone("201"), pbx.number(), [pbx.number(), pbx.number()]
    talking, rung = talk_with(pbx, "5550500", talker, phone)
    calls = []
    for number in line:
        calls.append(pbx.call("5550500", number))
        wait_for(lambda number=number: number in pbx.waiting("basic"), 15, f"{number} in line")
    first = time.monotonic()
    for _ in range(7):
        wait_back(pbx, kill_daemon(pbx))
    pbx.wait_waiting("basic", line)
    assert gaps(talking.heard, rung.tone, first, time.monotonic() - 0.5) < 0.25
    seen = len(phone.calls)
    talking.hang_up()
    for count, (number, call) in enumerate(zip(line, calls, strict=True), 1):
        second = phone.wait_call(seen + count)
        second.wait_answered()
        assert second.dialog.caller_number == number
        call.hang_up()
        assert pbx.record(number)["result"] == "answered"


def test_hang_up_while_the_daemon_is_away(pbx: Pbx) -> None:
    """Who leaves a menu or a line meanwhile is on record as just that, with the right time."""
    pbx.staff("201")
    pbx.dial_code("201", "*13")
    in_menu, in_line = pbx.number(), pbx.number()
    menu, line = together(lambda: pbx.call("5550100", in_menu), lambda: pbx.call("5550500", in_line))
    pbx.wait_at(in_menu, "ivr:main")
    pbx.wait_waiting("basic", [in_line])
    with drop_in(pbx, SLOW):
        kill = kill_daemon(pbx)
        time.sleep(0.5)
        menu.hang_up()
        line.hang_up()
        wait_back(pbx, kill)
    for number, call, result in ((in_menu, menu, "hung-up"), (in_line, line, "abandoned")):
        record = pbx.record(number)
        assert (record["result"], record["interrupted"]) == (result, True), record
        length = (call.dialog.ended_at or 0.0) - (call.dialog.invite_at or 0.0)
        assert abs(moment(record["ended_at"]) - moment(record["started_at"]) - length) < 1.6, record
    assert pbx.waiting("basic") == []
