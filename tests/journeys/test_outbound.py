"""Outbound routes (T4): calls to the outside, over which trunk, as whom, and why not."""

from __future__ import annotations

import time

import pytest
from journeys.faults import away, gaps, kill_daemon, wait_back, wait_both_ways
from journeys.pbx import Pbx, Record, path_of
from rig import Call, Phone, wait_for


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


def failing(pbx: Pbx, trunk: str) -> str:
    """What the alarm of a trunk that fails calls says; waits for it."""
    key = f"trunk-failing:{trunk}"
    found = wait_for(lambda: [a for a in pbx.ask("alarms") if a["key"] == key], 5, f"alarm {key}", every=0.05)
    return str(found[0]["text"])


@pytest.mark.parametrize("how", ["503", "mute", "nobody"])
def test_the_next_trunk_takes_the_same_call(pbx: Pbx, how: str) -> None:
    """The first trunk answers 503, says nothing, or is not there: the second one rings; the caller hears ringing."""
    first, second = pbx.far_end("out-a"), pbx.far_end("out-b")
    first.mute, first.refuse_with = how == "mute", 503 if how == "503" else None
    number, taker = ("96301", first) if how == "nobody" else ("0302345", second)
    if how == "nobody":
        first.refuse_with = None
    call, taken = out(pbx, "221", number, taker)
    assert call.wait_ringing() < taken.dialog.invite_at, "silence until the second trunk was tried"
    taken.wait_answered()
    wait_both_ways(call, taken)
    waited = taken.dialog.invite_at - call.dialog.ringing_at
    assert waited < 2.0 if how == "503" else 2.5 < waited < 5.0, f"try_seconds is 3, and it took {waited:.1f} s"
    call.hang_up()
    record = last(pbx, "221", call)
    failed = {"503": "out-a:503", "mute": "out-a:chanunavail", "nobody": "out-none:chanunavail"}[how]
    winner = "out-a" if how == "nobody" else "out-b"
    assert record["trunks_tried"].split() == [failed, f"{winner}:answer"]
    assert (record["trunk"], record["result"], record["direction"]) == (winner, "answered", "outbound")
    assert len(path_of(record)) == 1
    legs = {leg["channel"].split("/")[1].rpartition("-")[0]: leg for leg in record["legs"] if leg["role"] == "trunk"}
    assert set(legs) == {failed.partition(":")[0], winner}
    assert legs[winner]["status"] == "ANSWER"
    if how == "503":
        assert legs["out-a"]["cause"] == 34
    why = "SIP 503" if how == "503" else "no answer in time"
    assert f"the last with {why}." in failing(pbx, failed.partition(":")[0])


@pytest.mark.parametrize(("code", "final"), [(486, 486), (603, 403), (480, 480)])
def test_who_is_busy_is_not_tried_elsewhere(pbx: Pbx, code: int, final: int) -> None:
    """The person called is busy, declines or is away: the caller's phone says so, the other trunk hears nothing."""
    first, second = pbx.far_end("out-a"), pbx.far_end("out-b")
    first.refuse_with, seen = code, len(second.calls)
    call, _ = out(pbx, "221", "0303456", first)
    ended = call.wait_ended(10)
    assert ended.final_code == final and ended.answered_at is None
    assert len(second.calls) == seen
    record = last(pbx, "221", call)
    assert (record["result"], record["trunks_tried"], record["trunk"]) == ("unanswered", f"out-a:{code}", "out-a")


def test_a_number_that_nobody_has_is_told(pbx: Pbx) -> None:
    """The carrier says 404: the caller hears that the number is not in service; no other trunk is tried."""
    first, second = pbx.far_end("out-a"), pbx.far_end("out-b")
    first.refuse_with, seen = 404, len(second.calls)
    call, _ = out(pbx, "221", "0304567", first)
    pbx.wait_hears(call, "not-in-service")
    call.wait_ended(10)
    assert len(second.calls) == seen
    record = last(pbx, "221", call)
    assert (record["result"], record["cause"], record["trunks_tried"]) == ("unanswered", 1, "out-a:404")


@pytest.mark.parametrize(
    ("user", "number", "language"), [("222", "0305678", "en"), ("221", "0044123456", "en"), ("223", "0900123456", "zh")]
)
def test_what_is_not_allowed_is_told_and_stays_inside(pbx: Pbx, user: str, number: str, language: str) -> None:
    """No permission for the class: the caller hears why, and no carrier hears anything. The dry run says the same."""
    far = pbx.far_end("out-a")
    seen, expected = len(far.calls), told(pbx, number, user)
    call = pbx.phone(user).call(number)
    pbx.wait_hears(call, "call-not-allowed", language)
    assert call.wait_ended(10).ended_by == "them"
    assert len(far.calls) == seen
    record = last(pbx, user, call)
    assert (record["direction"], record["result"], record["cause"]) == ("outbound", "rejected", 21)
    assert path_of(record) == [(f"outbound:{number}", "not-allowed")] and record["trunks_tried"] == ""
    assert expected["refused"] == "not-allowed" and user in expected["why"] and expected["attempts"] == []


def test_abroad_where_allowed(pbx: Pbx) -> None:
    """223 may call abroad; and a number that no route takes is refused with 404, as before."""
    call, taken = out(pbx, "223", "0044123456", pbx.far_end("out-a"))
    taken.wait_answered()
    assert taken.dialog.called_number == "0044123456"
    call.hang_up()
    assert pbx.phone("221").call("777").wait_ended(10).final_code == 404
    assert told(pbx, "777", "221")["refused"] == "no-route"


def test_limits(pbx: Pbx) -> None:
    """One call at once an extension; one an hour, which a restart does not forget; one on the trunk, both ways."""
    far, narrow = pbx.far_end("out-a"), pbx.far_end("out-b")
    pbx.phone("223")
    first, taken = out(pbx, "221", "9511", far)
    taken.wait_answered()
    seen = len(far.calls)
    second = pbx.phone("221").call("9512")
    pbx.wait_hears(second, "call-limit-reached")
    assert len(far.calls) == seen
    assert told(pbx, "9513", "221")["why"] == "limit at-once allows 1 calls at once; there are 1"
    _, other = out(pbx, "223", "9514", far)
    other.wait_answered()
    first.hang_up()
    taken.wait_ended(5)
    once, taken = out(pbx, "223", "9521", far)
    taken.wait_answered()
    once.hang_up()
    wait_back(pbx, kill_daemon(pbx))
    assert told(pbx, "9522", "223")["refused"] == "limit"
    _, held = out(pbx, "223", "9411", narrow)
    held.wait_answered()
    call = pbx.phone("221").call("9412")
    pbx.wait_hears(call, "all-lines-busy")
    call.wait_ended(10)
    record = last(pbx, "221", call)
    assert (record["result"], record["cause"]) == ("rejected", 34)


def notices(pbx: Pbx) -> list[dict]:
    """Emergency calls on the list of alarms."""
    return [alarm for alarm in pbx.ask("alarms") if alarm["key"].startswith("emergency-call:")]


def test_emergency_passes_beyond_everything(pbx: Pbx) -> None:
    """222 may call nobody, the first carrier fails, the second has all its calls: 112 passes, and a notice is up."""
    first, second = pbx.far_end("out-a"), pbx.far_end("out-b")
    _, held = out(pbx, "221", "9413", second)
    held.wait_answered()
    first.refuse_with = 503
    expected = told(pbx, "112", "222")
    call, taken = out(pbx, "222", "112", second)
    taken.wait_answered()
    wait_both_ways(call, taken)
    assert taken.dialog.called_number == "112"
    assert [a["trunk"] for a in expected["attempts"]][:2] == ["out-a", "out-b"]
    [notice] = notices(pbx)
    assert (notice["severity"], notice["detail"]["extension"]) == ("notice", "222")
    assert "222 (Pia)" in notice["text"] and "112" in notice["text"]
    call.hang_up()
    wait_for(lambda: not notices(pbx), 10, "the notice to be cleared")
    key = notice["key"]
    wait_for(lambda: {e["what"] for e in pbx.ask("alarms.history", key=key)} >= {"raised", "cleared"}, 5, "its history")
    assert last(pbx, "222", call)["trunks_tried"].startswith("out-a:503 out-b:answer")


def test_emergency_without_a_daemon(pbx: Pbx) -> None:
    """jackfieldd is stopped: 112 goes out at once all the same, by the next trunk too; other numbers wait for it."""
    first, second = pbx.far_end("out-a"), pbx.far_end("out-b")
    pbx.phone("221")
    first.refuse_with = 503
    with away(pbx):
        call, taken = out(pbx, "221", "112", second)
        taken.wait_answered()
        wait_both_ways(call, taken)
        assert taken.dialog.invite_at - call.dialog.invite_at < 2.0
        assert (taken.dialog.called_number, taken.dialog.caller_number) == ("112", "+442070000221")
        call.hang_up()
        call.wait_ended(10)


def test_a_call_from_outside_goes_out_again(pbx: Pbx) -> None:
    """A number leads outside: the caller is shown as is, both hear each other; abroad is not allowed for it."""
    far, number, other = pbx.far_end("out-a"), pbx.number(), pbx.number()
    seen = len(far.calls)
    call = pbx.call("5550700", number)
    taken = far.wait_call(seen + 1)
    taken.wait_answered()
    wait_both_ways(call, taken)
    assert (taken.dialog.called_number, taken.dialog.caller_number) == ("03069", number)
    call.hang_up()
    record = pbx.record(number)
    assert (record["direction"], record["trunk"], record["trunks_tried"]) == ("inbound", "carrier", "out-a:answer")
    refused = pbx.call("5550701", other)
    pbx.wait_hears(refused, "call-not-allowed")


def test_out_of_a_menu(pbx: Pbx) -> None:
    """A caller who was answered by a menu hears ringing, then the person; or that the number is busy."""
    far, number = pbx.far_end("out-a"), pbx.number()
    far.answer_after, seen = 2.5, len(far.calls)
    call = pbx.call("5550702", number)
    pbx.wait_hears(call, "main-menu")
    call.press("1")
    taken = far.wait_call(seen + 1)
    answered = taken.wait_answered()
    wait_both_ways(call, taken)
    assert call.heard.heard_sound_between(taken.dialog.invite_at + 0.2, answered), "silence while it rang"
    call.hang_up()
    pbx.record(number)
    far.refuse_with, busy = 486, pbx.call("5550702", pbx.number())
    pbx.wait_hears(busy, "main-menu")
    busy.press("1")
    pbx.wait_hears(busy, "number-busy")


def test_forwarded_to_a_number_outside(pbx: Pbx) -> None:
    """224 forwards everything to 03071: the call goes out on its account and in its name."""
    far = pbx.far_end("out-a")
    call, taken = out(pbx, "221", "224", far)
    taken.wait_answered()
    wait_both_ways(call, taken)
    assert (taken.dialog.called_number, taken.dialog.caller_number) == ("03071", "+442070000224")
    call.hang_up()
    record = last(pbx, "221", call)
    assert [destination for destination, _ in path_of(record)] == ["extension:224", "outbound:03071"]


@pytest.mark.parametrize("then", ["answers", "fails"])
def test_kill_while_it_rings(pbx: Pbx, then: str) -> None:
    """The daemon is lost while the far side rings: an answer becomes a talk; a 503 brings the next trunk."""
    first, second = pbx.far_end("out-a"), pbx.far_end("out-b")
    first.answer_after, seen = None, len(second.calls)
    call, taken = out(pbx, "221", "0306789", first)
    taken.wait_ringing()
    time.sleep(0.3)
    wait_back(pbx, kill_daemon(pbx))
    if then == "answers":
        first.answer(taken)
    else:
        first.refuse(503, taken)
        taken = second.wait_call(seen + 1)
    taken.wait_answered()
    wait_both_ways(call, taken)
    call.hang_up()
    taken.wait_ended(5)
    record = last(pbx, "221", call)
    winner = "out-a" if then == "answers" else "out-b"
    assert (record["direction"], record["result"], record["interrupted"]) == ("outbound", "answered", True)
    assert (record["trunk"], record["did"]) == (winner, "0306789")
    assert record["talk_seconds"] == pytest.approx(taken.dialog.ended_at - taken.dialog.answered_at, abs=1.2)
    if then == "fails":
        assert record["trunks_tried"].split() == ["out-a:503", "out-b:answer"]


def test_kill_in_the_talk(pbx: Pbx) -> None:
    """The talk has no gap, its record is right, and the trunk's place is held until it ends."""
    far, phone = pbx.far_end("out-b"), pbx.phone("221")
    call, taken = out(pbx, "221", "9415", far)
    taken.wait_answered()
    wait_both_ways(call, taken)
    time.sleep(0.5)
    kill = kill_daemon(pbx)
    wait_back(pbx, kill)
    assert told(pbx, "9416", "221")["refused"] == "lines-busy"
    time.sleep(1)
    end = time.monotonic() - 0.5
    assert gaps(call.heard, far.tone, kill.at - 0.5, end) < 0.25
    assert gaps(taken.heard, phone.tone, kill.at - 0.5, end) < 0.25
    call.hang_up()
    taken.wait_ended(5)
    record = last(pbx, "221", call)
    assert (record["direction"], record["trunk"], record["result"]) == ("outbound", "out-b", "answered")
    assert record["interrupted"] and len(record["steps"]) == 1
    assert record["talk_seconds"] == pytest.approx(taken.dialog.ended_at - taken.dialog.answered_at, abs=1.2)
    assert trunk_legs(record) == [("out-b", "9415", "ANSWER")]
    assert told(pbx, "9416", "221")["refused"] is None


def test_the_dry_run_on_the_command_line(pbx: Pbx) -> None:
    """`jackfield route test out`: in words, as JSON, with its exit codes; at another time too."""
    found = pbx.jackfield("route", "test", "out", "91301", "--from", "221", "--at", "2026-12-25T14:30", "--json")
    assert found["attempts"] == [
        {"trunk": "out-a", "number": "00491301", "caller_id": "+442070000221", "withheld": True}
    ]
    assert found["at"].startswith("2026-12-25T14:30")
    said = pbx.jackfield("route", "test", "out", "0301", "--from", "222", check=False)
    assert said.returncode == 1 and "needs the permission national, which extension 222 has not" in said.stdout
    wrong = pbx.jackfield("route", "test", "out", "0301", "--from", "999", check=False)
    assert wrong.returncode == 1 and "there is no extension '999'" in wrong.stderr
