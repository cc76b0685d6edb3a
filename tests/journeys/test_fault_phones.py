"""An agent's telephone misbehaves: the next agent is rung, and the caller is never lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from journeys.faults import wait_both_ways
from journeys.pbx import Pbx
from journeys.softphone import Softphone
from rig import Call, wait_for

QUEUE = "5550503"
"""Of Ann and Bob; rings for 3 s."""


def offered_to_ann_first(pbx: Pbx) -> tuple[str, Call, Call]:
    """A call for Ann that Bob takes in the end: the caller's number, the call, and the call at Bob's phone."""
    seen, number = len(pbx.phone("202").calls), pbx.number()
    call = pbx.call(QUEUE, number)
    rung = pbx.phone("202").wait_call(seen + 1, timeout=20)
    rung.wait_answered()
    wait_both_ways(call, rung)
    return number, call, rung


def attempts(pbx: Pbx, number: str, call: Call) -> list[tuple[str, str]]:
    """Ends the call; who was rung, and what became of it."""
    call.hang_up()
    record = pbx.record(number)
    assert (record["result"], record["agent"]) == ("answered", "1002"), record
    return [(leg["number"], leg["status"]) for leg in record["legs"] if leg["role"] == "agent"]


@pytest.mark.parametrize("code", [302, 480, 486, 603])
def test_refuses(pbx: Pbx, code: int) -> None:
    """Redirects, is not available, is busy, declines."""
    pbx.staff("201", "202")
    pbx.phone("201").refuse_with = code
    number, call, _ = offered_to_ann_first(pbx)
    (first, status), *others = attempts(pbx, number, call)
    assert (first, others) == ("201", [("202", "ANSWER")])
    assert status in ("BUSY", "NOANSWER", "CHANUNAVAIL", "CONGESTION")


def test_rings_for_ever(pbx: Pbx) -> None:
    """It is given up after the queue's ring time."""
    pbx.staff("201", "202")
    pbx.phone("201").answer_after = None
    number, call, _ = offered_to_ann_first(pbx)
    assert attempts(pbx, number, call) == [("201", "NOANSWER"), ("202", "ANSWER")]


@pytest.fixture
def ann_elsewhere(pbx: Pbx, handsets: dict[str, Softphone]) -> Iterator[Softphone]:
    """Ann is logged in at the softphone 252, on a network of its own."""
    pbx.everyone_out()
    phone = handsets["252"]
    phone.call("*111001").wait_ended(15)
    pbx.wait_agent("1001", "ready")

    def reachable() -> bool:
        pbx.node.asterisk("pjsip qualify 252")  # an OPTIONS of the time without a cable may be given up only now
        return bool(pbx.agent("1001")["reachable"])

    wait_for(reachable, 20, "phone 252 to be reachable", every=1.0)
    phone.lines.clear()
    yield phone
    phone.call("*12")
    pbx.wait_agent("1001", "logged-out")


def test_vanishes(pbx: Pbx, ann_elsewhere: Softphone, handsets: dict[str, Softphone]) -> None:
    """Its cable is pulled while it rings."""
    phone = ann_elsewhere
    pbx.login("202")
    phone.answer_after, bob, number = None, len(pbx.phone("202").calls), pbx.number()
    call = pbx.call(QUEUE, number)
    phone.wait_line()
    phone.party.cut()
    try:
        rung = pbx.phone("202").wait_call(bob + 1, timeout=20)
        rung.wait_answered()
        wait_both_ways(call, rung)
        assert [user for user, _ in attempts(pbx, number, call)] == ["252", "202"]
    finally:
        phone.party.mend()
        for each in handsets.values():  # all of them were cut off
            each.register()
        phone.reset()
    pbx.node.wait_for(lambda: pbx.agent("1001")["reachable"], 20, "phone 252 to be back")


def test_answers_twice(pbx: Pbx, ann_elsewhere: Softphone) -> None:
    """The second answer, and one of another telephone behind it, change nothing."""
    phone, number = ann_elsewhere, pbx.number()
    call = pbx.call(QUEUE, number)
    line = phone.wait_line()
    pbx.wait_agent("1001", "talking")
    phone.reply(line.invite, "200 OK", line, sdp=True)
    phone.reply(line.invite, "200 OK")
    pbx.node.wait_for(lambda: call.heard.hears(phone.tone, 2.0), 15, "the agent's voice")
    assert pbx.agent("1001")["state"] == "talking" and call.dialog.ended_at is None
    call.hang_up()
    record = pbx.record(number)
    legs = [(leg["number"], leg["status"]) for leg in record["legs"] if leg["role"] == "agent"]
    assert (record["result"], record["agent"], legs) == ("answered", "1001", [("252", "ANSWER")]), record
    pbx.wait_agent("1001", "ready")
