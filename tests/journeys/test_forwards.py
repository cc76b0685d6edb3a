"""Forwards, and who a phone says it is: on whose account, to whom, and that nothing goes round for ever."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from journeys.faults import wait_both_ways
from journeys.pbx import Pbx, path_of
from journeys.softphone import Softphone
from rig import wait_for

Handsets = dict[str, Softphone]
OFF = ("*73", "*91", "*93")


def dial(phone: Softphone, code: str) -> None:
    """A handset dials a code and hears it out."""
    phone.call(code).wait("up").wait_ended(20)


@pytest.fixture
def forwarding(pbx: Pbx, handsets: Handsets) -> Iterator[Handsets]:
    """The handsets; afterwards none forwards anything."""
    yield handsets
    for user in handsets:
        pbx.ask("extension.set", extension=user, forward_always="", forward_busy="", forward_no_answer="")


def test_busy_and_forwarded_outside(pbx: Pbx, forwarding: Handsets) -> None:
    """253 is busy and forwards to 03021: out on its account, the carrier is told who diverted the call."""
    far, phone, number = pbx.far_end("out-a"), forwarding["253"], pbx.number()
    dial(phone, "*9003021")
    phone.refuse_with, seen = "486 Busy Here", len(far.calls)
    caller = pbx.call("5550453", number)
    taken = far.wait_call(seen + 1)
    taken.wait_answered()
    wait_both_ways(caller, taken)
    assert taken.dialog.called_number == "03021"
    diversion = str(taken.dialog.invite.header("diversion")) if taken.dialog.invite else ""
    assert "sip:253@" in diversion and "user-busy" in diversion
    caller.hang_up()
    record = pbx.record(number)
    assert path_of(record) == [("extension:253", "forwarded busy"), ("outbound:03021", "hang-up")]
    assert (record["trunks_tried"], record["result"]) == ("out-a:answer", "answered")


def test_a_forward_goes_by_the_permissions_of_who_forwards(pbx: Pbx, forwarding: Handsets) -> None:
    """252 may call nobody outside; so it cannot forward there, though who calls it may."""
    far = pbx.far_end("out-a")
    dial(forwarding["252"], "*7203022")
    seen = len(far.calls)
    line = forwarding["251"].call("252").wait("up")
    wait_for(lambda: line.heard.find(pbx.prompt("call-not-allowed"), 0.8), 15, "that it is not allowed", every=0.3)
    line.wait_ended()
    assert len(far.calls) == seen


def test_forwards_in_a_circle(pbx: Pbx, forwarding: Handsets) -> None:
    """251 forwards to 253, and 253 to 251: the circle is cut, and the first one rings."""
    number = pbx.number()
    dial(forwarding["251"], "*72253"), dial(forwarding["253"], "*72251")
    seen = len(forwarding["251"].lines)
    caller = pbx.call("5550451", number)
    line = forwarding["251"].wait_line(seen + 1).wait("up")
    line.wait_hears(caller.tone)
    caller.hang_up()
    assert path_of(pbx.record(number)) == [
        ("extension:251", "forwarded always"),
        ("extension:253", "forwarded always"),
        ("extension:251", "hang-up"),
    ]


def test_a_phone_cannot_say_that_it_is_another(pbx: Pbx, handsets: Handsets) -> None:
    """252 claims to be 251 (P-Asserted-Identity, Remote-Party-ID): it is shown and treated as 252."""
    claim = "".join(
        f'{name}: "Tess" <sip:251@{pbx.node.address}>\r\n' for name in ("P-Asserted-Identity", "Remote-Party-ID")
    )
    far = pbx.far_end("out-a")
    seen = len(far.calls)
    line = handsets["252"].call("253", claim).wait("up")
    rung = handsets["253"].wait_line().wait("up")
    assert (rung.caller, rung.name) == ("252", "Uma")
    assert [c["from"] for c in pbx.ask("calls")] == ["252"]
    line.hang_up()
    refused = handsets["252"].call("03023", claim).wait("up")
    wait_for(lambda: refused.heard.find(pbx.prompt("call-not-allowed"), 0.8), 15, "that it is not allowed", every=0.3)
    refused.wait_ended()
    assert len(far.calls) == seen
