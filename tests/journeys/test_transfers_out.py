"""Transfers to the outside: on the account and by the permissions of who transfers; never of a stranger."""

from __future__ import annotations

import time

import pytest
from journeys.faults import kill_daemon, wait_back, wait_both_ways
from journeys.pbx import Pbx, Record, path_of
from journeys.softphone import Line, Softphone
from rig import Call, wait_for

Handsets = dict[str, Softphone]


def talk(pbx: Pbx, phone: Softphone, number: str) -> tuple[Call, Line]:
    """A caller from outside talks with a handset."""
    caller = pbx.call(f"55504{phone.user[1:]}", number)
    line = phone.wait_line().wait("up")
    line.wait_hears(caller.tone)
    return caller, line


def roles(record: Record) -> list[tuple[str, str]]:
    """A record's legs."""
    return [(leg["role"], leg["number"]) for leg in record["legs"]]


def told(pbx: Pbx, number: str) -> dict:
    """What would become of a number that 251 dials."""
    return pbx.ask("route.test.out", number=number, extension="251")


@pytest.mark.parametrize("first", ["takes it", "fails"])
def test_blind_to_the_outside(pbx: Pbx, handsets: Handsets, first: str) -> None:
    """251 sends a caller to 03011: out on 251's account and in its name, by the next trunk when the first one fails."""
    number, far, other = pbx.number(), pbx.far_end("out-a"), pbx.far_end("out-b")
    far.refuse_with = 503 if first == "fails" else None
    taker = other if first == "fails" else far
    seen = len(taker.calls)
    caller, line = talk(pbx, handsets["251"], number)
    line.transfer("03011")
    taken = taker.wait_call(seen + 1)
    taken.wait_answered()
    wait_both_ways(caller, taken)
    assert (taken.dialog.called_number, taken.dialog.caller_number) == ("03011", "+442070000251")
    line.wait_ended()
    caller.hang_up()
    taken.wait_ended(5)
    record = pbx.record(number)
    assert path_of(record) == [("extension:251", "transferred:251"), ("outbound:03011", "hang-up")]
    assert (record["direction"], record["trunk"], record["did"]) == ("inbound", "carrier", "5550451")
    assert ("phone", "251") in roles(record) and ("trunk", "03011") in roles(record)
    tried = {"takes it": "out-a:answer", "fails": "out-a:503 out-b:answer"}[first]
    assert (record["trunks_tried"], record["result"]) == (tried, "answered")


def test_what_who_transfers_may_not_call(pbx: Pbx, handsets: Handsets) -> None:
    """252 may call nobody outside: the caller hears so and is with 252 again; no carrier hears anything."""
    number, far = pbx.number(), pbx.far_end("out-a")
    seen = len(far.calls)
    caller, line = talk(pbx, handsets["252"], number)
    line.transfer("03012")
    pbx.wait_hears(caller, "call-not-allowed")
    again = handsets["252"].wait_line(2, 15).wait("up")
    again.wait_hears(caller.tone)
    assert len(far.calls) == seen
    caller.hang_up()
    assert path_of(pbx.record(number)) == [
        ("extension:252", "transferred:252"),
        ("outbound:03012", "not-allowed"),
        ("extension:252", "hang-up"),
    ]


def test_busy_outside_comes_back(pbx: Pbx, handsets: Handsets) -> None:
    """The person outside is busy: the caller is told, and is with 251 again."""
    number, far = pbx.number(), pbx.far_end("out-a")
    far.refuse_with = 486
    caller, line = talk(pbx, handsets["251"], number)
    line.transfer("03013")
    again = handsets["251"].wait_line(2, 15).wait("up")
    again.wait_hears(caller.tone)
    caller.hang_up()
    assert [to for to, _ in path_of(pbx.record(number))] == ["extension:251", "outbound:03013", "extension:251"]


def test_asked_outside_first(pbx: Pbx, handsets: Handsets) -> None:
    """251 asks somebody outside, then gives them the caller: the account and the trunk's only place stay taken."""
    number, far = pbx.number(), pbx.far_end("out-b")
    seen = len(far.calls)
    caller, line = talk(pbx, handsets["251"], number)
    line.hold()
    asking = handsets["251"].call("9431").wait("up")
    taken = far.wait_call(seen + 1)
    asking.wait_hears(far.tone)
    line.transfer_to(asking)
    asking.wait_ended()
    wait_both_ways(caller, taken)
    wait_for(lambda: [c["from"] for c in pbx.ask("calls")] == [number], 5, "one call")
    assert told(pbx, "9432")["refused"] == "lines-busy", "out-b has one place"
    wait_back(pbx, kill_daemon(pbx))
    assert told(pbx, "9432")["refused"] == "lines-busy"
    caller.hang_up()
    taken.wait_ended(5)
    record = pbx.record(number)
    assert path_of(record) == [("extension:251", "transferred:251")]
    assert roles(record)[1:] == [("phone", "251"), ("trunk", "9431")]
    wait_for(lambda: told(pbx, "9432")["refused"] is None, 5, "the trunk's place to be free")


@pytest.mark.parametrize("moment", ["right after", "while it rings"])
def test_the_daemon_dies_in_a_transfer_outside(pbx: Pbx, handsets: Handsets, moment: str) -> None:
    """kill -9 right after the REFER, or while the far side rings: the caller gets there."""
    number, far = pbx.number(), pbx.far_end("out-a")
    far.answer_after, seen = None, len(far.calls)
    caller, line = talk(pbx, handsets["251"], number)
    line.transfer("9231415")
    if moment == "while it rings":
        far.wait_call(seen + 1).wait_ringing()
        time.sleep(0.5)  # records are gathered for 100 ms; what is younger may die with the daemon
    wait_back(pbx, kill_daemon(pbx))
    taken = far.wait_call(seen + 1, 20)
    taken.wait_ringing()
    far.answer(taken)
    wait_both_ways(caller, taken)
    caller.hang_up()
    record = pbx.record(number)
    assert [to for to, _ in path_of(record)] == ["extension:251", "outbound:9231415"]
    # Killed right after, nobody of ours may know any more what was sent to the trunk: then it is what was dialled.
    numbers = {"31415"} if moment == "while it rings" else {"31415", "9231415"}
    assert [to for role, to in roles(record) if role == "trunk" and to in numbers] and record["result"] == "answered"


def test_a_stranger_gets_no_line(pbx: Pbx, handsets: Handsets) -> None:
    """A caller who is transferred to `*72` cannot set 251's forward; one in a menu goes out on nobody's account."""
    number = pbx.number()
    caller, line = talk(pbx, handsets["251"], number)
    line.transfer("*72")
    again = handsets["251"].wait_line(2, 15).wait("up")
    again.wait_hears(caller.tone)
    assert not caller.heard.find(pbx.prompt("feature-enter-number"), 0.5)
    again.transfer("602")
    pbx.wait_hears(caller, "main-menu")
    far = pbx.far_end("out-a")
    seen = len(far.calls)
    caller.press("1")
    taken = far.wait_call(seen + 1)
    taken.wait_answered()
    assert taken.dialog.caller_number == number, "on the caller's own account (transit_may_call), in their own name"
    caller.hang_up()
    assert ("park", "") not in path_of(pbx.record(number))


def test_a_redirection_by_the_called_is_not_followed(pbx: Pbx, handsets: Handsets) -> None:
    """A phone or a carrier answers 302 with a number that costs: nobody is called there, the caller hears busy."""
    far, phone = pbx.far_end("out-a"), handsets["253"]
    seen = len(far.calls)
    phone.refuse_with, phone.redirect_to = "302 Moved Temporarily", "<sip:03015@198.51.100.1>"
    line = handsets["251"].call("253").wait_ended()
    assert line.code == 486 and len(far.calls) == seen


# -- keys ------------------------------------------------------------------------------------------------------------


def test_transfer_by_keys(pbx: Pbx, handsets: Handsets) -> None:
    """251 presses ## and 253: the caller is with 253; then 253, which may not, presses ##251, and nothing happens."""
    number = pbx.number()
    caller, line = talk(pbx, handsets["251"], number)
    line.press("##")
    pbx.node.wait_for(lambda: line.heard.find(pbx.prompt("feature-transfer"), 0.8), 10, "what to do now")
    line.press("253")
    second = handsets["253"].wait_line(1, 15).wait("up")
    second.wait_hears(caller.tone)
    line.wait_ended()
    second.press("##251")
    caller.press("##251")
    assert [c["at"] for c in pbx.live(number)] == ["extension:253"]
    second.wait_hears(caller.tone, time.monotonic())
    assert len(handsets["251"].lines) == 1
    caller.hang_up()
    record = pbx.record(number)
    assert path_of(record) == [("extension:251", "transferred:251"), ("extension:253", "hang-up")]
    assert roles(record)[1:] == [("phone", "251"), ("phone", "253")]
