"""Agents at their phones (A4): log in, log out, pause, ready; PIN; ring time-out; wrap-up."""

from __future__ import annotations

import itertools

from journeys.pbx import Pbx, path_of, together
from rig import Call


def hears_only(pbx: Pbx, call: Call, prompt: str, language: str = "en") -> bool:
    """Whether a feature code's call was answered, heard this prompt, and was ended by the PBX."""
    dialog = call.dialog
    assert (dialog.final_code, dialog.ended_by) == (200, "them"), dialog
    return len(pbx.hears(call, prompt, language)) == 1


def test_feature_codes(pbx: Pbx) -> None:
    """*11 *13 *14 *12, each said aloud and true at once; then nobody is there."""
    phone = "201"
    login = pbx.dial_code(phone, "*11")
    assert hears_only(pbx, login, "acd-logged-in")
    assert (pbx.agent("1001")["state"], pbx.agent("1001")["phone"]) == ("ready", phone)
    pause = pbx.dial_code(phone, "*13")
    assert hears_only(pbx, pause, "acd-paused") and pbx.agent("1001")["state"] == "paused"
    ready = pbx.dial_code(phone, "*14")
    assert hears_only(pbx, ready, "acd-ready") and pbx.agent("1001")["state"] == "ready"
    logout = pbx.dial_code(phone, "*12")
    assert hears_only(pbx, logout, "acd-logged-out") and pbx.agent("1001")["state"] == "logged-out"
    for code in ("*12", "*13", "*14"):
        assert hears_only(pbx, pbx.dial_code(phone, code), "acd-not-logged-in")
    codes = [r for r in pbx.records_since(phone, login, 7) if r["did"].startswith("*1")]
    assert [(r["did"], path_of(r)) for r in codes] == [
        ("*11", [("agent:login", "logged in")]),
        ("*13", [("agent:pause", "paused")]),
        ("*14", [("agent:ready", "ready")]),
        ("*12", [("agent:logout", "logged out")]),
        *(
            (code, [(f"agent:{action}", "not logged in")])
            for code, action in (("*12", "logout"), ("*13", "pause"), ("*14", "ready"))
        ),
    ]
    assert {r["direction"] for r in codes} == {"internal"}


def test_unknown_agent_and_another_persons_phone(pbx: Pbx) -> None:
    """*11 with a number logs that agent in wherever they sit; one who is not on the site is refused."""
    assert hears_only(pbx, pbx.dial_code("203", "*114242"), "acd-unknown-agent", "zh"), "203 speaks Chinese"
    pbx.login("202")
    assert hears_only(pbx, pbx.login("203", "1002"), "acd-logged-in", "zh")
    assert pbx.agent("1002")["phone"] == "203"
    number = pbx.number()
    before = len(pbx.phone("203").calls), len(pbx.phone("202").calls)
    call = pbx.call("5550500", number)
    rung = pbx.phone("203").wait_call(before[0] + 1)
    rung.wait_answered()
    call.hang_up()
    assert pbx.record(number)["agent"] == "1002"
    assert len(pbx.phone("202").calls) == before[1], "the phone that the agent left was rung"


def test_pin(pbx: Pbx) -> None:
    """The PIN is asked for; a wrong one is told and asked again; the right one logs in."""
    call = pbx.phone("204").call("*112005")
    first = pbx.wait_hears(call, "acd-enter-pin")
    call.press("4712#")
    wrong = pbx.wait_hears(call, "acd-wrong-pin")
    pbx.wait_hears(call, "acd-enter-pin", after=wrong)
    assert pbx.agent("2005")["state"] == "logged-out"
    call.press("4711#")
    pbx.wait_hears(call, "acd-logged-in", after=first)
    call.wait_ended(10)
    assert (pbx.agent("2005")["state"], pbx.agent("2005")["phone"]) == ("ready", "204")


def test_three_wrong_pins(pbx: Pbx) -> None:
    """Then no PIN is taken for a while, not even the right one in another call."""
    call = pbx.phone("204").call("*112006")
    after = 0.0
    for _ in range(3):
        after = pbx.wait_hears(call, "acd-enter-pin", after=after) + 0.5
        call.press("1111#")
    pbx.wait_hears(call, "acd-locked-out")
    assert call.wait_ended(10).ended_by == "them"
    again = pbx.dial_code("204", "*112006")
    assert hears_only(pbx, again, "acd-locked-out") and not pbx.hears(again, "acd-enter-pin")
    assert pbx.agent("2006")["state"] == "logged-out"


def test_an_agent_who_does_not_answer(pbx: Pbx) -> None:
    """Ring time-out → the next agent; unanswered twice in a row → paused; callers keep their places."""
    pbx.staff("201", "202")
    ann, bob = pbx.phone("201"), pbx.phone("202")
    ann.answer_after, seen = None, (len(ann.calls), len(bob.calls))
    first = pbx.number()
    call = pbx.call("5550503", first)
    offer = ann.wait_call(seen[0] + 1)
    answered = bob.wait_call(seen[1] + 1, timeout=15)
    rang = offer.wait_ended(10)
    assert rang.cancel_at is not None and 2.5 <= rang.cancel_at - rang.invite_at <= 4.5, "ring_seconds is 3"
    assert answered.dialog.invite_at >= rang.cancel_at - 0.1, "both phones rang at once"
    pbx.node.wait_for(lambda: answered.heard.hears(call.tone), 10, "the caller's voice at 202")
    assert pbx.agent("1001")["unanswered"] == 1

    second, third = pbx.number(), pbx.number()
    behind = pbx.call("5550503", second)
    offer = ann.wait_call(seen[0] + 2)
    pbx.call("5550503", third)
    paused = pbx.wait_agent("1001", "paused")
    assert paused["reason"] == "no answer" and paused["unanswered"] == 2
    pbx.wait_waiting("impatient", [second, third])
    ann.answer_after = 0.3
    before = len(ann.calls)
    pbx.dial_code("201", "*14")
    taken = ann.wait_call(before + 1)
    taken.wait_answered()
    assert taken.dialog.caller_number == second, "the one behind was served first"
    pbx.node.wait_for(lambda: behind.heard.hears(ann.tone), 10, "Ann's voice at the second caller")
    call.hang_up()
    pbx.wait_waiting("impatient", [])
    record = pbx.record(first)
    legs = [(leg["role"], leg["number"], leg["status"]) for leg in record["legs"][1:]]
    assert legs == [("agent", "201", "NOANSWER"), ("agent", "202", "ANSWER")]
    assert (record["agent"], record["queue"], record["result"]) == ("1002", "impatient", "answered")


def test_wrap_up_holds_over_two_queues(pbx: Pbx) -> None:
    """After a talk out of one queue the agent has time for notes: no other queue rings before it is over."""
    pbx.staff("201")
    ann, seen = pbx.phone("201"), len(pbx.phone("201").calls)
    one, two, three = pbx.number(), pbx.number(), pbx.number()
    call = pbx.call("5550504", one)
    talk = ann.wait_call(seen + 1)
    talk.wait_answered()
    pbx.call("5550505", two)
    pbx.wait_waiting("wrap-b", [two])
    call.hang_up()
    over = talk.wait_ended(5).ended_at
    pbx.wait_agent("1001", "wrap-up")
    rung = ann.wait_call(seen + 2, timeout=12)
    assert rung.dialog.invite_at - over >= 3.8, "rung in wrap-up (wrapup_seconds is 4)"
    rung.wait_answered()
    # *14 ends the next wrap-up early.
    pbx.call("5550504", three)
    pbx.wait_waiting("wrap-a", [three])
    rung.hang_up()
    pbx.wait_agent("1001", "wrap-up")
    assert len(ann.calls) == seen + 2
    ready = pbx.dial_code("201", "*14")
    early = ann.wait_call(seen + 3, timeout=5)
    assert early.dialog.invite_at <= ready.dialog.ended_at + 1.0


def test_pause_in_a_talk_counts_from_its_end(pbx: Pbx) -> None:
    """*13 dialled during a talk: the talk goes on undisturbed, and no further call is offered after it."""
    pbx.staff("201")
    ann, seen = pbx.phone("201"), len(pbx.phone("201").calls)
    number, other = pbx.number(), pbx.number()
    call = pbx.call("5550500", number)
    talk = ann.wait_call(seen + 1)
    talk.wait_answered()
    pbx.node.wait_for(lambda: call.heard.hears(ann.tone), 10, "the agent's voice")
    pause = pbx.dial_code("201", "*13")
    assert hears_only(pbx, pause, "acd-paused")
    spans = call.heard.between(talk.dialog.answered_at + 0.5, pause.dialog.ended_at).heard_tone(ann.tone, gap=0.3)
    assert len(spans) == 1 and spans[0][1] >= pause.dialog.ended_at - 0.5, f"the talk was disturbed: {spans}"
    call.hang_up()
    pbx.wait_agent("1001", "paused")
    pbx.call("5550500", other)
    pbx.wait_waiting("basic", [other])
    ready = pbx.dial_code("201", "*14")
    rung = ann.wait_call(seen + 2)
    assert rung.dialog.invite_at > ready.dialog.invite_at, "a paused agent was rung"


def test_longest_idle(pbx: Pbx) -> None:
    """Calls go round: who has been free the longest is rung, over several calls."""
    pbx.staff("202", "203", "201")
    phones = [pbx.phone(user) for user in ("202", "203", "201")]
    seen = [len(phone.calls) for phone in phones]
    order = []
    for turn in range(5):
        number, phone = pbx.number(), phones[turn % 3]
        call = pbx.call("5550500" if turn % 2 else "5550511", number)
        rung = phone.wait_call(seen[turn % 3] + 1 + turn // 3)
        rung.wait_answered()
        call.wait_answered()
        call.hang_up()
        order.append(pbx.record(number)["agent"])
    assert order == ["1002", "1003", "1001", "1002", "1003"]
    assert [len(phone.calls) - before for phone, before in zip(phones, seen, strict=True)] == [2, 2, 1]


def test_an_agent_in_two_queues_is_never_rung_twice(pbx: Pbx) -> None:
    """Six callers at once in two queues for one agent: one INVITE at a time, everyone is served."""
    pbx.staff("201")
    ann, seen = pbx.phone("201"), len(pbx.phone("201").calls)
    ann.answer_after, ann.hang_up_after = 0.2, 0.6
    numbers = [pbx.number() for _ in range(6)]
    calls = together(
        *(
            lambda number=number, did=did: pbx.call(did, number)
            for number, did in zip(numbers, ["5550500", "5550511"] * 3, strict=True)
        )
    )
    for call in calls:
        call.wait_ended(40)
    rung = [call.dialog for call in ann.calls[seen:]]
    assert len(rung) == 6 and {d.caller_number for d in rung} == set(numbers)
    for earlier, later in itertools.pairwise(rung):
        assert later.invite_at >= earlier.ended_at - 0.05, "rung while another call was there"
    assert all(pbx.record(number)["result"] == "answered" for number in numbers)
