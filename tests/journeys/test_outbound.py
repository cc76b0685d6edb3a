"""Outbound routes (T4): calls to the outside, over which trunk, as whom, and why not."""

from __future__ import annotations

import pytest
from journeys.pbx import Pbx, Record
from rig import Call, Phone


def out(pbx: Pbx, user: str, number: str, far: Phone) -> tuple[Call, Call]:
    """A phone calls outside; its call, and the call as the carrier gets it."""
    seen = len(far.calls)
    call = pbx.phone(user).call(number)
    return call, far.wait_call(seen + 1)


def last(pbx: Pbx, user: str, call: Call) -> Record:
    """The final record of a phone's call."""
    return pbx.records_since(user, call)[0]


def shown(call: Call) -> tuple[str, str]:
    """Number and name that the carrier is shown."""
    return call.dialog.caller_number, call.dialog.caller_name


def trunk_legs(record: Record) -> list[tuple[str, str, str]]:
    """(trunk, number as sent, status) of each leg to a carrier."""
    legs = [leg for leg in record["legs"] if leg["role"] == "trunk"]
    return [(leg["channel"].split("/")[1].rpartition("-")[0], leg["number"], leg["status"]) for leg in legs]


def told(pbx: Pbx, number: str, user: str | None) -> dict:
    """The dry run."""
    return pbx.ask("route.test.out", number=number, extension=user)


def test_out_and_heard_both_ways(pbx: Pbx) -> None:
    """221 calls out: ringing, talk both ways, the extension's number shown; the record is an outbound one."""
    far, phone = pbx.far_end("out-a"), pbx.phone("221")
    expected = told(pbx, "0301234567", "221")
    call, taken = out(pbx, "221", "0301234567", far)
    call.wait_ringing()
    taken.wait_answered()
    pbx.node.wait_for(lambda: call.heard.hears(far.tone, 1.0) and taken.heard.hears(phone.tone, 1.0), 10, "both tones")
    assert taken.dialog.called_number == "0301234567"
    assert shown(taken) == ("+442070000221", "Ola")
    attempt = expected["attempts"][0]
    assert (attempt["trunk"], attempt["number"], attempt["caller_id"]) == ("out-a", "0301234567", "+442070000221")
    [live] = pbx.live("221")
    assert live["at"] == "outbound:0301234567" and live["talking"]
    call.hang_up()
    assert taken.wait_ended(5).ended_by == "them"
    record = last(pbx, "221", call)
    assert (record["direction"], record["did"], record["trunk"]) == ("outbound", "0301234567", "out-a")
    assert (record["result"], record["extension"]) == ("answered", "221")
    assert trunk_legs(record) == [("out-a", "0301234567", "ANSWER")]
    assert record["talk_seconds"] == pytest.approx(taken.dialog.ended_at - taken.dialog.answered_at, abs=0.4)


@pytest.mark.parametrize(
    ("dialled", "sent", "name", "number"),
    [
        ("91301", "00491301", "Anonymous", "anonymous"),
        ("92301", "301", "The firm", "+442071234567"),
        ("93301", "93301", "", "+442070000001"),
    ],
)
def test_strip_prepend_and_whose_number(pbx: Pbx, dialled: str, sent: str, name: str, number: str) -> None:
    """The carrier gets the number as the route makes it, and is shown whom the route says."""
    call, taken = out(pbx, "221", dialled, pbx.far_end("out-a"))
    taken.wait_answered()
    call.hang_up()
    assert taken.dialog.called_number == sent
    assert shown(taken) in ((number, name), (number, number))
    identity = taken.dialog.invite.header("p-asserted-identity") if taken.dialog.invite else ""
    if number == "anonymous":
        assert "221" not in str(taken.dialog.invite.header("from"))
    else:
        assert number in identity
