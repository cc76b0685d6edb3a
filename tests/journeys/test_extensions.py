"""Extensions (T5): phones that call each other."""

from __future__ import annotations

import pytest
from journeys.pbx import Pbx, path_of, together


def test_answered(pbx: Pbx) -> None:
    """201 calls 202: both hear each other; the name is shown; the record is an internal one."""
    ann, bob = pbx.phone("201"), pbx.phone("202")
    seen = len(bob.calls)
    call = ann.call("202")
    rung = bob.wait_call(seen + 1)
    assert call.wait_ringing() and call.dialog.answered_at is None, "answered before the phone was"
    answered = rung.wait_answered()
    assert call.wait_answered() >= answered - 0.1
    pbx.node.wait_for(lambda: call.heard.hears(bob.tone, 1.0) and rung.heard.hears(ann.tone, 1.0), 10, "both tones")
    assert (rung.dialog.caller_number, rung.dialog.caller_name) == ("201", "Ann")
    call.hang_up()
    ended = rung.wait_ended(5)
    assert ended.ended_by == "them"
    [record] = pbx.records_since("201", call)
    assert (record["direction"], record["extension"], record["did"], record["trunk"]) == ("internal", "201", "202", "")
    assert path_of(record) == [("extension:202", "hang-up")] and record["result"] == "answered"
    assert record["talk_seconds"] == pytest.approx(ended.ended_at - answered, abs=0.4)
    assert [(leg["role"], leg["number"]) for leg in record["legs"]] == [("caller", "201"), ("phone", "202")]


def test_the_called_one_hangs_up(pbx: Pbx) -> None:
    """202 hangs up: 201's call ends too, at once, as an answered one."""
    ann, bob = pbx.phone("201"), pbx.phone("202")
    bob.hang_up_after = 0.8
    call = ann.call("202")
    ended = call.wait_ended(15)
    assert (ended.final_code, ended.ended_by) == (200, "them")
    [record] = pbx.records_since("201", call)
    assert record["result"] == "answered" and path_of(record)[0][0] == "extension:202"


def test_busy_no_answer_unknown_and_not_there(pbx: Pbx) -> None:
    """486 from a busy phone, 480 from one that nobody takes, 404 for no such number; told at once and on record."""
    ann, bob, chen, dora = (pbx.phone(user) for user in ("201", "202", "203", "204"))
    bob.refuse_with = 486
    ann.answer_after = None
    busy, silent = chen.call("202"), dora.call("201")
    unknown, absent = chen.call("299"), dora.call("209")
    endings = together(*(lambda c=c: c.wait_ended(20) for c in (busy, silent, unknown, absent)))
    assert [d.final_code for d in endings[:3]] == [486, 480, 404], endings
    assert endings[3].final_code in (480, 503), "nobody is registered as 209"
    assert 4.5 <= endings[1].ended_at - endings[1].ringing_at <= 8.0, "ring_seconds of 201 is 5"
    assert all(d.answered_at is None for d in endings)
    by_did = {
        r["did"]: r for phone, call in (("203", busy), ("204", silent)) for r in pbx.records_since(phone, call, 2)
    }
    assert {did: r["result"] for did, r in by_did.items()} == {
        "202": "unanswered",
        "201": "unanswered",
        "299": "rejected",
        "209": "unanswered",
    }
    assert {did: r["cause"] for did, r in by_did.items()} == {"202": 17, "201": 19, "299": 1, "209": 20}
    assert all(r["direction"] == "internal" and r["talk_seconds"] == 0 for r in by_did.values())
    assert by_did["201"]["wait_seconds"] == pytest.approx(5.0, abs=1.0)


def test_the_caller_gives_up(pbx: Pbx) -> None:
    """Cancelled while ringing: the other phone stops, and the record says abandoned."""
    ann, bob = pbx.phone("201"), pbx.phone("202")
    bob.answer_after, seen = None, len(bob.calls)
    call = ann.call("202")
    rung = bob.wait_call(seen + 1)
    call.wait_ringing()
    call.hang_up()
    assert call.wait_ended(5).final_code == 487
    assert rung.wait_ended(5).cancel_at is not None
    [record] = pbx.records_since("201", call)
    assert (record["result"], record["answered_at"]) == ("abandoned", None)


def test_two_pairs_do_not_mix(pbx: Pbx) -> None:
    """201–202 and 203–204 talk at once; each hears just the other."""
    phones = {user: pbx.phone(user) for user in ("201", "202", "203", "204")}
    seen = {user: len(phone.calls) for user, phone in phones.items()}
    calls = {"201": phones["201"].call("202"), "203": phones["203"].call("204")}
    rung = {user: phones[user].wait_call(seen[user] + 1) for user in ("202", "204")}
    together(*(r.wait_answered for r in rung.values()))
    heard = {**calls, **rung}
    peer = {"201": "202", "202": "201", "203": "204", "204": "203"}
    for user, call in heard.items():
        tone = phones[peer[user]].tone
        pbx.node.wait_for(lambda c=call, t=tone: c.heard.hears(t, 1.0), 10, f"{user} to hear {peer[user]}")
        assert set(call.heard.tones_heard()) == {tone}, f"{user} heard someone else"


def test_a_did_straight_to_a_phone(pbx: Pbx) -> None:
    """A call from outside to an extension; and one that nobody takes."""
    number, other = pbx.number(), pbx.number()
    ann, bob = pbx.phone("201"), pbx.phone("202")
    seen, bob.answer_after = len(ann.calls), None
    call, unheard = pbx.call("5550401", number, from_name="Zoë"), pbx.call("5550402", other)
    rung = ann.wait_call(seen + 1)
    rung.wait_answered()
    pbx.node.wait_for(lambda: call.heard.hears(ann.tone) and rung.heard.hears(call.tone), 10, "both voices")
    assert (rung.dialog.caller_number, rung.dialog.caller_name) == (number, "Zoë")
    call.hang_up()
    assert unheard.wait_ended(15).final_code == 480
    assert (pbx.record(number)["result"], pbx.record(other)["result"]) == ("answered", "unanswered")


def test_a_chinese_name_is_shown(pbx: Pbx) -> None:
    """203's owner has a Chinese name: it stands on the called phone and in the record."""
    ann, chen = pbx.phone("201"), pbx.phone("203")
    seen = len(ann.calls)
    call = chen.call("201")
    rung = ann.wait_call(seen + 1)
    rung.wait_answered()
    call.hang_up()
    assert (rung.dialog.caller_number, rung.dialog.caller_name) == ("203", "陈")
    [record] = pbx.records_since("203", call)
    assert (record["caller_name"], record["language"]) == ("陈", "zh")
