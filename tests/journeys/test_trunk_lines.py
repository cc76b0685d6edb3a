"""Trunks as carriers are (T1, T7): state and alarms, registration, identity, codecs, limits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from journeys.faults import kill_daemon, wait_back
from journeys.pbx import Pbx
from journeys.trunk_peers import Peer, PeerCall, codecs_of
from rig import Call, Phone, wait_for
from rig.audio import Sound

WITHIN = 5.0
"""Seconds from Asterisk's knowing to the alarm (issue 3, item 1)."""


@pytest.fixture
def line(pbx: Pbx) -> Iterator[Peer]:
    """The carrier of trunk `line`."""
    with Peer(pbx.run.network.parties["line"], pbx.node.address) as peer:
        yield peer


@pytest.fixture
def trusted(pbx: Pbx) -> Iterator[Peer]:
    """The carrier of trunk `trusted`."""
    with Peer(pbx.run.network.parties["trusted"], pbx.node.address) as peer:
        yield peer


def trunk(pbx: Pbx, name: str) -> dict[str, Any]:
    """A trunk as the daemon sees it."""
    return next(row for row in pbx.ask("trunks") if row["name"] == name)


def alarms(pbx: Pbx, name: str) -> set[str]:
    """Kinds of alarms that a trunk has."""
    return {a["key"].partition(":")[0] for a in pbx.ask("alarms") if a["key"].endswith(f":{name}")}


def wait_trunk(pbx: Pbx, name: str, state: str, timeout: float = 20) -> dict[str, Any]:
    """Waits until a trunk has a state."""
    return wait_for(
        lambda: row if (row := trunk(pbx, name))["state"] == state else None,
        timeout,
        f"trunk {name} to be {state}; it is {trunk(pbx, name)}",
        every=0.05,
    )


def contact(pbx: Pbx, name: str) -> str:
    """What Asterisk says of a trunk's contact."""
    lines = pbx.node.asterisk("pjsip show contacts").splitlines()
    return next((text for text in lines if text.strip().startswith(f"Contact:  {name}/")), "")


def test_unreachable_and_back(pbx: Pbx, line: Peer) -> None:
    """The carrier falls silent: the alarm is there within 5 s of Asterisk's knowing, and goes when it is back."""
    found = wait_trunk(pbx, "line", "reachable")
    assert found["round_trip_ms"] > 0 and alarms(pbx, "line") == set()
    line.answers_options = False
    wait_for(lambda: "Unavail" in contact(pbx, "line"), 20, "Asterisk to know", every=0.05)
    known = time.monotonic()
    wait_for(lambda: alarms(pbx, "line") == {"trunk-unreachable"}, WITHIN, "the alarm", every=0.02)
    print(f"alarm {time.monotonic() - known:.2f} s after Asterisk knew")
    assert trunk(pbx, "line")["state"] == "unreachable" and trunk(pbx, "line")["round_trip_ms"] is None
    line.answers_options = True
    wait_trunk(pbx, "line", "reachable")
    wait_for(lambda: not alarms(pbx, "line"), WITHIN, "the alarm to go", every=0.02)
    shown = pbx.jackfield("trunks").stdout
    assert "line" in shown and "reachable" in shown and pbx.jackfield("trunks", "--json")


def test_while_the_daemon_was_away(pbx: Pbx, line: Peer) -> None:
    """The carrier falls silent and comes back while nobody listens: Asterisk's lists put state and alarms right."""
    wait_trunk(pbx, "line", "reachable")
    pbx.node.systemctl("stop", "jackfieldd.socket", "jackfieldd.service")
    line.answers_options = False
    wait_for(lambda: "Unavail" in contact(pbx, "line"), 20, "Asterisk to know", every=0.05)
    pbx.node.systemctl("start", "jackfieldd.socket", "jackfieldd.service")
    wait_trunk_at_start(pbx, "line", "unreachable")
    wait_for(lambda: alarms(pbx, "line") == {"trunk-unreachable"}, WITHIN, "the alarm", every=0.02)
    pbx.node.systemctl("stop", "jackfieldd.socket", "jackfieldd.service")
    line.answers_options = True
    wait_for(lambda: "Unavail" not in contact(pbx, "line"), 20, "Asterisk to know", every=0.05)
    pbx.node.systemctl("start", "jackfieldd.socket", "jackfieldd.service")
    wait_trunk_at_start(pbx, "line", "reachable")
    wait_for(lambda: alarms(pbx, "line") == set(), WITHIN, "the alarm to go", every=0.02)


def wait_trunk_at_start(pbx: Pbx, name: str, state: str) -> None:
    """Waits for the daemon, then for a trunk's state."""
    pbx.wait_ready()
    wait_trunk(pbx, name, state, 10)


def test_places_survive_a_kill(pbx: Pbx, line: Peer) -> None:
    """Three callers wait in a queue, the daemon is killed: they keep their places, and a fourth finds none."""
    calls = [line.call("5550500", f"+4420794600{number}") for number in range(11, 14)]
    assert [call.wait_final() for call in calls] == [200] * 3
    wait_back(pbx, kill_daemon(pbx))
    assert line.call("5550500", "02079460014").wait_final() == 503
    assert not any(call.ended for call in calls)
    for call in calls:
        call.hang_up()
    wait_for(lambda: trunk(pbx, "line")["calls"] == 0, 10, "no call to be left")
    again = line.call("5550500", "02079460014")
    assert again.wait_final() == 200


def test_registration_over_tcp(pbx: Pbx) -> None:
    """Refused: an alarm within 5 s, no registration; accepted: cleared. The password went as a digest, over TCP."""
    with Peer(pbx.run.network.parties["regtcp"], pbx.node.address, port=5070, tcp=True) as registrar:
        registrar.refuses_with = 403
        pbx.node.asterisk("pjsip send register regtcp")
        wait_for(lambda: registrar.refused, 20, "a REGISTER")
        wait_for(lambda: "trunk-refused" in alarms(pbx, "regtcp"), WITHIN, "the alarm", every=0.02)
        assert trunk(pbx, "regtcp")["state"] == "refused"
        registrar.refuses_with, registrar.account = 0, ("acc-7", "regtcp-secret-7")
        pbx.node.asterisk("pjsip send register regtcp")
        wait_trunk(pbx, "regtcp", "registered")
        wait_for(lambda: not alarms(pbx, "regtcp"), WITHIN, "the alarm to go", every=0.02)
    headers = registrar.registered[-1]
    assert headers["via"].startswith("SIP/2.0/TCP") and "transport=tcp" in headers["contact"].lower()


def talk(pbx: Pbx, peer: Peer, to: str, from_: str, **options: Any) -> tuple[dict[str, Any], Call]:
    """A call to 201: what the daemon says of it while it is up, and what the phone saw."""
    phone = pbx.phone("201")
    seen = len(phone.calls)
    call = peer.call(to, from_, **options)
    rung = phone.wait_call(seen + 1)
    assert call.wait_final() == 200
    (live,) = [c for c in pbx.ask("calls") if c["trunk"]]
    call.hang_up()
    rung.wait_ended(10)
    return live, rung


def test_identity_is_believed_only_from_a_trusted_trunk(pbx: Pbx, line: Peer, trusted: Peer) -> None:
    """The same INVITE over two trunks: From counts on one, P-Asserted-Identity on the other, and To names the DID."""
    sender, asserted = '"Ann" <sip:02079460009@c.example>', 'P-Asserted-Identity: "Boss" <sip:+442079469999@c.example>'
    live, rung = talk(pbx, line, "02079460401", sender, headers=[asserted])
    assert (live["from"], live["name"], live["did"]) == ("+442079460009", "Ann", "+442079460401")
    assert (rung.dialog.caller_number, rung.dialog.caller_name) == ("+442079460009", "Ann")
    live, rung = talk(pbx, trusted, "acc", sender, headers=[asserted], to_header="<sip:02079460401@c.example>")
    assert (live["from"], live["name"], live["did"]) == ("+442079469999", "Boss", "+442079460401")
    assert (rung.dialog.caller_number, rung.dialog.caller_name) == ("+442079469999", "Boss")


ASSERTED = "P-Asserted-Identity: <sip:+442079460009@c.example>"
WITHHELD = {
    "header": ("line", '"Ann" <sip:02079460009@c.example>', ["Privacy: id"]),
    "from": ("line", '"Anonymous" <sip:anonymous@anonymous.invalid>', []),
    "asserted": ("trusted", '"Anonymous" <sip:anonymous@anonymous.invalid>', [ASSERTED, "Privacy: user;id"]),
}


@pytest.mark.parametrize("how", WITHHELD)
def test_withheld(pbx: Pbx, line: Peer, trusted: Peer, how: str) -> None:
    """Who asks for privacy is shown to nobody: not at the phone, not in the list of calls, not on record."""
    name, sender, headers = WITHHELD[how]
    to_header = "<sip:02079460401@c.example>"
    peer = line if name == "line" else trusted
    live, rung = talk(pbx, peer, "02079460401", sender, headers=headers, to_header=to_header)
    assert (live["from"], live["name"], live["withheld"]) == ("", "", True)
    invite = rung.dialog.messages[0]
    assert "nonymous" in invite.header("from", "f") and "79460009" not in str(invite.headers)
    record = wait_for(
        lambda: next((r for r in pbx.ask("records", limit=20) if r["id"] == live["id"] and r["ended_at"]), None),
        10,
        "the record",
    )
    assert record["withheld"] and (record["caller_number"], record["caller_name"]) == ("", "")
    assert [leg["number"] for leg in record["legs"] if leg["role"] == "caller"] == [""]


def test_tel_uris_and_diversion(pbx: Pbx, line: Peer) -> None:
    """tel: in From and in the request URI; who sent the call on is on record in the one form of numbers."""
    tail = pbx.number()[-6:]
    call = line.call(
        "",
        f"<tel:+44-20-7{tail[:3]}-{tail[3:]}>",
        uri="tel:+44-20-7946-0200",
        headers=["Diversion: <sip:02079460001@c.example>;reason=unconditional"],
    )
    assert call.wait_final() == 200
    wait_for(lambda: heard(pbx, call, "exact"), 15, "the prompt", every=0.2)
    wait_for(lambda: call.ended, 10, "the end")
    record = pbx.record(f"+44207{tail}")
    assert (record["did"], record["diversion"], record["withheld"]) == ("+442079460200", "+442079460001", False)


def heard(pbx: Pbx, call: PeerCall, prompt: str) -> bool:
    """Whether a prompt was heard whole, in PCMU."""
    return len(call.samples) > 8000 and bool(Sound([(0.0, call.samples)]).find(pbx.prompt(prompt), 0.9))


CODECS = [
    (["opus", "g729", "ulaw", "alaw"], ["alaw", "ulaw", "opus", "g729"]),
    (["g729", "g722"], ["g722", "g729"]),
    (["opus"], ["opus"]),
    (["g729"], ["g729"]),
]


@pytest.mark.parametrize(("offered", "answered"), CODECS, ids=["-".join(c) for c, _ in CODECS])
def test_codecs_are_answered_in_the_trunks_order(pbx: Pbx, line: Peer, offered: list[str], answered: list[str]) -> None:
    """What both know, in the order of the trunk; packets of the first come."""
    call = line.call("02079460200", "02079460009", codecs=offered)
    assert call.wait_final() == 200
    assert codecs_of(call.sdp) == answered
    if answered != ["g729"]:  # a prompt cannot be had in G.729: it is only passed through
        kind = {"alaw": 8, "g722": 9, "opus": 107}[answered[0]]
        wait_for(lambda: call.heard[kind] > 40, 10, f"sound in {answered[0]}; there is {call.heard}", every=0.05)
        assert set(call.heard) == {kind}
    call.hang_up()


def test_no_codec_in_common(pbx: Pbx, line: Peer) -> None:
    """488, and no call is left behind."""
    call = line.call("02079460200", "02079460009", codecs=["gsm"])
    assert call.wait_final() == 488
    assert not [c for c in pbx.ask("calls") if c["trunk"] == "line"]


def test_what_a_carrier_is_offered(pbx: Pbx, line: Peer, trusted: Peer) -> None:
    """Codecs in the trunk's order (with G.729 the phone's own first), numbers and the withheld caller in its form."""
    wait_trunk(pbx, "line", "reachable")
    for code, peer in (("97", line), ("98", trusted)):
        pbx.phone("221").call(f"{code}00442079460123").wait_ended(15)
        assert len(peer.invites) == 1
    start, _, sdp = line.invites[0]
    assert start.startswith("INVITE sip:+442079460123@") or start.startswith("INVITE sip:00442079460123@")
    assert codecs_of(sdp) == ["ulaw", "alaw", "g722", "opus", "g729"]
    start, headers, sdp = trusted.invites[0]
    assert start.startswith("INVITE sip:02079460123@")
    assert codecs_of(sdp) == ["g722", "alaw", "ulaw"]
    assert "anonymous" in headers["from"].lower() and "id" in headers["privacy"]
    assert "221" in headers["p-asserted-identity"], "a trusted carrier is told all the same"


def failing(pbx: Pbx, name: str) -> tuple[str, int]:
    """Severity of the alarm of a trunk that fails calls, and how many in a row; ('', 0) when there is none."""
    found = [a for a in pbx.ask("alarms") if a["key"] == f"trunk-failing:{name}"]
    return (found[0]["severity"], found[0]["detail"]["calls"]) if found else ("", 0)


def over(pbx: Pbx, far: Phone) -> None:
    """A call to the outside that a carrier takes."""
    seen = len(far.calls)
    call = pbx.phone("221").call("0301234567")
    far.wait_call(seen + 1).wait_answered()
    call.hang_up()
    call.wait_ended(10)


@pytest.mark.parametrize("how", ["503", "mute"])
def test_calls_that_the_carrier_fails(pbx: Pbx, how: str) -> None:
    """503, or nothing in time: the next trunk has the call, a notice is up, after three in a row an alarm; a good call
    ends it."""
    far, other = pbx.far_end("out-a"), pbx.far_end("out-b")
    over(pbx, far)
    wait_for(lambda: failing(pbx, "out-a") == ("", 0), WITHIN, "the alarm of others to go")
    far.refuse_with, far.mute = 503 if how == "503" else None, how == "mute"
    for failed in range(1, 4 if how == "503" else 2):
        over(pbx, other)
        wanted = ("warning" if failed >= 3 else "notice", failed)
        wait_for(lambda w=wanted: failing(pbx, "out-a") == w, WITHIN, f"{wanted}", every=0.05)  # type: ignore[misc]
        assert trunk(pbx, "out-a")["failed_calls"] == failed
    far.refuse_with, far.mute = None, False
    over(pbx, far)
    wait_for(lambda: failing(pbx, "out-a") == ("", 0), WITHIN, "the alarm to go")


def test_a_burst_over_the_limit(pbx: Pbx, line: Peer) -> None:
    """max_calls 3, forty INVITEs in one go: just three get in, the others hear 503; places come free again."""
    calls = [line.call("5550100", f"0207946{number:04}") for number in range(40)]
    codes = sorted(call.wait_final(20) for call in calls)
    assert codes == [200] * 3 + [503] * 37
    assert trunk(pbx, "line")["calls"] == 3
    for call in calls:
        call.hang_up()
    wait_for(lambda: trunk(pbx, "line")["calls"] == 0, 10, "no call to be left")
    again = [line.call("5550100", "02079460009") for _ in range(4)]
    assert sorted(call.wait_final() for call in again) == [200] * 3 + [503]
