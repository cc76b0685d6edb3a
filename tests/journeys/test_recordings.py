"""Recordings (R1, R2): what is in the file, what it belongs to, and what is not recorded."""

from __future__ import annotations

import math

import pytest
from journeys.pbx import STORE, Pbx, together
from rig.audio import rms
from rig.plan import AMPLITUDE

SPOOL = "/var/spool/jackfield/recordings"
TONE_RMS = AMPLITUDE / math.sqrt(2)


def spool(pbx: Pbx) -> list[str]:
    """Raw files that Asterisk writes or the worker has not taken yet."""
    return pbx.node.run(["find", SPOOL, "-type", "f"]).stdout.split()


def test_both_sides_in_stereo(pbx: Pbx) -> None:
    """Caller left, agent right, at their levels; as long as the talk; linked to the call's record."""
    pbx.staff("201")
    ann, seen, number = pbx.phone("201"), len(pbx.phone("201").calls), pbx.number()
    ann.answer_after = 2.0
    call = pbx.call("5550501", number)
    talk = ann.wait_call(seen + 1)
    answered = talk.wait_answered()
    pbx.node.wait_for(lambda: call.heard.hears(ann.tone, 3.0), 20, "three seconds of talk")
    call.hang_up()
    over = talk.wait_ended(5).ended_at
    record = pbx.record(number)
    row, (left, right) = pbx.recording_of(record)
    seconds = over - answered
    assert (row["format"], row["channels"], row["call_id"]) == ("flac", 2, record["id"])
    assert row["path"].endswith(".flac") and record["id"] in row["path"]
    assert (left.rate, right.rate) == (8000, 8000)
    assert len(left.samples) == len(right.samples)
    assert left.seconds == pytest.approx(seconds, abs=0.4), "not as long as the talk; the wait is no part of it"
    assert row["seconds"] == pytest.approx(left.seconds, abs=0.01)
    assert record["talk_seconds"] == pytest.approx(left.seconds, abs=0.4)
    for side, own, other in ((left, call.tone, ann.tone), (right, ann.tone, call.tone)):
        assert not side.hears(other, 0.08), "the other side's voice is in this channel"
        spans = side.heard_tone(own, share=0.9, gap=0.1)
        assert len(spans) == 1 and spans[0][1] - spans[0][0] >= seconds - 0.7, spans
        middle = side.between(side.start + 1.0, side.end - 0.7)
        assert rms(middle.samples) == pytest.approx(TONE_RMS, rel=0.05)
    path = f"{STORE}/{row['path']}"
    assert pbx.node.run(["stat", "-c", "%U:%G", path]).stdout.strip() == "jackfield:jackfield"
    assert pbx.node.run(["sha256sum", path]).stdout.split()[0] == row["sha256"]
    assert not [raw for raw in spool(pbx) if record["id"] in raw], "the raw sound is still there"


def test_not_recorded_when_the_queue_says_no(pbx: Pbx) -> None:
    """No row and no file; and none for a caller who leaves a recorded queue before the talk."""
    pbx.staff("201")
    ann, seen = pbx.phone("201"), len(pbx.phone("201").calls)
    talker, leaver = pbx.number(), pbx.number()
    call = pbx.call("5550500", talker)
    ann.wait_call(seen + 1).wait_answered()
    waiting = pbx.call("5550501", leaver)
    pbx.wait_waiting("recorded", [leaver])
    pbx.node.wait_for(lambda: call.heard.hears(ann.tone, 1.0), 10, "a second of talk")
    waiting.hang_up()
    call.hang_up()
    records = [pbx.record(talker), pbx.record(leaver)]
    assert [r["result"] for r in records] == ["answered", "abandoned"]
    files = pbx.node.run(["find", STORE, SPOOL, "-type", "f"]).stdout
    for record in records:
        assert pbx.recordings(record) == [] and record["id"] not in files


def test_an_offer_that_came_to_nothing_leaves_no_recording(pbx: Pbx) -> None:
    """The phone rings (so the mixer is ready), the caller leaves: nothing remains."""
    pbx.staff("201")
    ann, seen, number = pbx.phone("201"), len(pbx.phone("201").calls), pbx.number()
    ann.answer_after = None
    call = pbx.call("5550501", number)
    ann.wait_call(seen + 1).wait_ringing()
    call.wait_answered()
    call.hang_up()
    record = pbx.record(number)
    pbx.node.wait_for(lambda: pbx.recordings(record) == [], 5, "the recording's row to go")
    assert record["id"] not in pbx.node.run(["find", STORE, SPOOL, "-type", "f"]).stdout


def test_announced_before_it_begins(pbx: Pbx) -> None:
    """The caller hears that the call is recorded, whole, before any phone rings; in their language."""
    pbx.staff("201", "202")
    phones = [pbx.phone("201"), pbx.phone("202")]
    seen = [len(phone.calls) for phone in phones]
    english, chinese = pbx.number(), pbx.number("5557")
    calls = [pbx.call("5550502", english), pbx.call("5550502", chinese)]
    rung = [phone.wait_call(before + 1, 15) for phone, before in zip(phones, seen, strict=True)]
    together(*(r.wait_answered for r in rung))
    for call, number, language in zip(calls, (english, chinese), ("en", "zh"), strict=True):
        talk = next(r for r in rung if r.dialog.caller_number == number)
        pbx.node.wait_for(lambda c=call, t=talk: c.heard.hears(t.tone, 1.0), 10, "a second of talk")
        [told] = pbx.hears(call, "acd-recorded", language)
        assert told + len(pbx.prompt("acd-recorded", language)) / 8000 <= talk.dialog.invite_at + 0.3
        call.hang_up()
    for number, language in ((english, "en"), (chinese, "zh")):
        record = pbx.record(number)
        assert (record["language"], record["result"]) == (language, "answered")
        _, (left, _right) = pbx.recording_of(record)
        assert left.seconds == pytest.approx(record["talk_seconds"], abs=0.4)


def test_two_offers_one_recording(pbx: Pbx) -> None:
    """Ann does not answer, Bob does: one file, with Bob's talk only."""
    pbx.staff("201", "202")
    ann, bob = pbx.phone("201"), pbx.phone("202")
    seen, number = [len(ann.calls), len(bob.calls)], pbx.number()
    ann.refuse_with = 486
    call = pbx.call("5550501", number)
    talk = bob.wait_call(seen[1] + 1)
    talk.wait_answered()
    pbx.node.wait_for(lambda: call.heard.hears(bob.tone, 1.5), 10, "some talk")
    call.hang_up()
    ended = talk.wait_ended(5)
    assert len(ann.calls) == seen[0] + 1
    _, (left, right) = pbx.recording_of(pbx.record(number))
    assert left.seconds == pytest.approx(ended.ended_at - ended.answered_at, abs=0.4)
    assert right.hears(bob.tone, 1.0) and left.hears(call.tone, 1.0)
