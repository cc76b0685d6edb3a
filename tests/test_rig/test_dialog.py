"""Accounts of calls, from SIP messages."""

from __future__ import annotations

from rig.dialog import Dialog, parse_sip

SDP = "v=0\r\nc=IN IP4 10.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\n"


def message(
    at: float,
    out: bool,
    start: str,
    cseq: str,
    to_tag: bool = False,
    body: str = "",
    sender: str = '"Ann \\"A\\" Lee" <sip:555@x>;tag=1',
) -> bytes:
    tag = ";tag=2" if to_tag else ""
    return (f"{start}\r\nf: {sender}\r\nTo: <sip:100@y>{tag}\r\nCall-ID: c\r\nCSeq: {cseq}\r\n\r\n{body}").encode()


def dialog(*steps: tuple[float, bool, str, str, bool]) -> Dialog:
    found = Dialog("c")
    for at, out, start, cseq, tag in steps:
        body = SDP if start.startswith("INVITE") else ""
        found.messages.append(parse_sip(message(at, out, start, cseq, tag, body), at, out))
    return found


INVITE = (1.0, True, "INVITE sip:100@y SIP/2.0", "1 INVITE", False)


def test_answered_call_ended_by_them() -> None:
    d = dialog(
        INVITE,
        (1.1, False, "SIP/2.0 100 Trying", "1 INVITE", False),
        (1.2, False, "SIP/2.0 180 Ringing", "1 INVITE", True),
        (2.0, False, "SIP/2.0 200 OK", "1 INVITE", True),
        (2.0, True, "ACK sip:100@y SIP/2.0", "1 ACK", True),
        (5.0, False, "BYE sip:555@x SIP/2.0", "7 BYE", True),
        (5.0, True, "SIP/2.0 200 OK", "7 BYE", True),
    )
    assert (d.final_code, d.ringing_at, d.answered_at, d.ended_at) == (200, 1.2, 2.0, 5.0)
    assert (d.ended_by, d.incoming, d.called_number) == ("them", False, "100")
    assert (d.caller_number, d.caller_name) == ("555", 'Ann "A" Lee')
    assert d.media_address() == ("10.0.0.1", 4000)


def test_cancelled_and_rejected_calls() -> None:
    cancelled = dialog(
        INVITE,
        (2.0, True, "CANCEL sip:100@y SIP/2.0", "1 CANCEL", False),
        (2.0, False, "SIP/2.0 200 OK", "1 CANCEL", True),
        (2.1, False, "SIP/2.0 487 Terminated", "1 INVITE", True),
    )
    assert (cancelled.final_code, cancelled.ended_by, cancelled.ended_at) == (487, "us", 2.1)
    busy = dialog(INVITE, (2.0, False, "SIP/2.0 486 Busy", "1 INVITE", True))
    assert (busy.final_code, busy.ended_by, busy.answered_at) == (486, "them", None)


def test_a_challenge_is_not_the_outcome_and_a_reinvite_no_new_call() -> None:
    d = dialog(
        INVITE,
        (1.1, False, "SIP/2.0 401 Unauthorized", "1 INVITE", True),
        (1.2, True, "INVITE sip:100@y SIP/2.0", "2 INVITE", False),
    )
    assert (d.final_code, d.ended_at, d.invite_at) == (None, None, 1.2)
    d = dialog(
        INVITE,
        (2.0, False, "SIP/2.0 200 OK", "1 INVITE", True),
        (3.0, False, "INVITE sip:555@x SIP/2.0", "8 INVITE", True),
        (3.1, True, "SIP/2.0 200 OK", "8 INVITE", True),
    )
    assert (d.invite_at, d.answered_at, d.ended_at) == (1.0, 2.0, None)
