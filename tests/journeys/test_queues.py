"""Queues (A1, A5): what callers hear and go through while they wait, and who is served when."""

from __future__ import annotations

import pytest
from journeys.pbx import Pbx, moment, path_of, together
from rig import Call, Phone

MUSIC_SECONDS = 0.8
"""Least length of sound after an announcement that is surely music and not its tail."""


def next_call(phone: Phone, after: Call, timeout: float = 15) -> Call:
    """The call that comes to a phone after a given one."""
    return phone.wait_call([c.call_id for c in phone.calls].index(after.call_id) + 2, timeout)


def test_talk_both_ways(pbx: Pbx) -> None:
    """The plainest road: caller and agent hear each other from the answer to the end, and nothing else."""
    pbx.staff("201")
    ann, seen, number = pbx.phone("201"), len(pbx.phone("201").calls), pbx.number()
    ann.answer_after = 1.5
    call = pbx.call("5550500", number, from_name="Bo Li")
    talk = ann.wait_call(seen + 1)
    answered = talk.wait_answered()
    pbx.node.wait_for(lambda: call.heard.hears(ann.tone, 2.0), 15, "two seconds of talk")
    call.hang_up()
    ended = talk.wait_ended(5)
    assert (talk.dialog.caller_number, talk.dialog.caller_name) == (number, "Bo Li")
    for heard, tone in ((call.heard, ann.tone), (talk.heard, call.tone)):
        spans = heard.heard_tone(tone, gap=0.3)
        assert len(spans) == 1, spans
        assert spans[0][0] - answered < 1.0 and ended.ended_at - spans[0][1] < 0.5, (spans, answered, ended)
        assert set(heard.between(answered, ended.ended_at).tones_heard()) == {tone}
    assert call.heard.heard_sound_between(call.dialog.answered_at + 0.3, answered - 0.2), "no music while it rang"
    record = pbx.record(number)
    assert (record["result"], record["agent"], record["queue"], record["caller_name"]) == (
        "answered",
        "1001",
        "basic",
        "Bo Li",
    )
    assert path_of(record) == [("queue:basic", "hang-up")]
    assert record["talk_seconds"] == pytest.approx(ended.ended_at - answered, abs=0.5)
    assert record["wait_seconds"] == pytest.approx(answered - call.dialog.invite_at, abs=0.5)
    caller, agent = record["legs"]
    assert (caller["role"], agent["role"], agent["agent"], agent["status"]) == ("caller", "agent", "1001", "ANSWER")
    assert moment(agent["answered_at"]) - moment(agent["started_at"]) == pytest.approx(1.5, abs=0.5)


def test_music_and_place_in_line(pbx: Pbx, busy_ann: tuple[Phone, Call, Call]) -> None:
    """Who waits hears the place in line, then music, and after a while the place again; the second hears two."""
    first, second = pbx.number(), pbx.number()
    one = pbx.call("5550506", first)
    pbx.wait_waiting("patient", [first])
    two = pbx.call("5550506", second)
    begun = pbx.wait_hears(one, "acd-position-before")
    word = pbx.wait_hears(one, "number-1")
    said = pbx.wait_hears(one, "acd-position-after")
    pbx.wait_hears(two, "acd-position-after")
    assert begun < word < said and pbx.hears(two, "number-2") and not pbx.hears(two, "number-1")
    again = pbx.wait_hears(one, "acd-position-before", after=said)
    over = said + len(pbx.prompt("acd-position-after")) / 8000
    assert 7.0 <= again - over <= 11.0, "announce_every is 8, counted from the end of the announcement before"
    music = one.heard.between(over + 0.2, again - 0.2)
    assert sum(b - a for a, b in music.sounds()) > MUSIC_SECONDS and not music.silence_longer_than(2.0)
    assert pbx.waiting("patient") == [first, second]


def test_an_agent_who_gets_free_interrupts_the_announcement(pbx: Pbx, busy_ann: tuple[Phone, Call, Call]) -> None:
    """The caller is not made to hear "please hold" to its end."""
    ann, call, talk = busy_ann
    number = pbx.number()
    waiting = pbx.call("5550506", number)
    half = pbx.prompt("acd-position-before")[:3000]
    begun = pbx.node.wait_for(lambda: waiting.heard.find(half), 10, "the announcement's begin")[0][0]
    call.hang_up()
    rung = next_call(ann, talk)
    names = ("acd-position-before", "number-1", "acd-position-after")
    whole = sum(len(pbx.prompt(name)) for name in names) / 8000
    assert rung.dialog.invite_at < begun + whole, "the announcement was played to its end first"
    rung.wait_answered()
    pbx.node.wait_for(lambda: waiting.heard.hears(ann.tone), 10, "the agent's voice")
    assert pbx.hears(waiting, "acd-position-after") == []
    waiting.hang_up()
    assert pbx.record(number)["result"] == "answered"


def test_a_vip_overtakes(pbx: Pbx, busy_ann: tuple[Phone, Call, Call]) -> None:
    """A caller of the VIP list is served before those who came earlier; the others in their order."""
    ann, call, talk = busy_ann
    first, second, vip = pbx.number(), pbx.number(), pbx.number("5559")
    for number, line in ((first, [first]), (second, [first, second]), (vip, [vip, first, second])):
        pbx.call("5550500", number)
        pbx.wait_waiting("basic", line)
    assert [w["priority"] for w in pbx.queue("basic")["waiting"]] == [50, 0, 0]
    ann.hang_up_after = 0.4
    call.hang_up()
    served = []
    for _ in range(3):
        talk = next_call(ann, talk)
        talk.wait_ended(15)
        served.append(talk.dialog.caller_number)
    assert served == [vip, first, second]


def test_max_wait_overflows(pbx: Pbx, busy_ann: tuple[Phone, Call, Call]) -> None:
    """After max_wait the caller goes on to another queue, whose agent answers; the record tells both."""
    pbx.login("202")
    bob, seen, number = pbx.phone("202"), len(pbx.phone("202").calls), pbx.number()
    call = pbx.call("5550507", number)
    rung = bob.wait_call(seen + 1)
    assert 2.8 <= rung.dialog.invite_at - call.dialog.answered_at <= 6.0, "max_wait is 3"
    answered = rung.wait_answered()
    pbx.node.wait_for(lambda: call.heard.hears(bob.tone) and rung.heard.hears(call.tone), 10, "both voices")
    call.hang_up()
    record = pbx.record(number)
    assert path_of(record) == [("queue:maxwait", "timed out"), ("queue:basic", "hang-up")]
    assert (record["queue"], record["agent"], record["result"]) == ("basic", "1002", "answered")
    assert record["wait_seconds"] == pytest.approx(answered - call.dialog.invite_at, abs=0.6)


def test_a_full_queue_overflows(pbx: Pbx, busy_ann: tuple[Phone, Call, Call]) -> None:
    """max_length 1: the second caller is told so at once, the first keeps waiting."""
    first, second = pbx.number(), pbx.number()
    pbx.call("5550508", first)
    pbx.wait_waiting("short", [first])
    refused = pbx.call("5550508", second)
    pbx.wait_hears(refused, "too-many")
    assert refused.wait_ended(10).ended_by == "them"
    assert path_of(pbx.record(second)) == [("queue:short", "full"), ("prompt:too-many", "")]
    assert pbx.waiting("short") == [first]


def test_a_queue_without_agents(pbx: Pbx) -> None:
    """`empty`: new callers go there at once, and waiting ones when the last agent logs out."""
    number, waiting = pbx.number(), pbx.number()
    call = pbx.call("5550509", number)
    pbx.wait_hears(call, "nobody-here")
    call.wait_ended(10)
    assert path_of(pbx.record(number)) == [("queue:unstaffed", "empty"), ("prompt:nobody-here", "")]
    pbx.login("204")
    pbx.dial_code("204", "*13")
    call = pbx.call("5550509", waiting)
    pbx.wait_waiting("unstaffed", [waiting])
    pbx.dial_code("204", "*12")
    pbx.wait_hears(call, "nobody-here")
    call.wait_ended(10)
    assert path_of(pbx.record(waiting)) == [("queue:unstaffed", "empty"), ("prompt:nobody-here", "")]


def test_abandon(pbx: Pbx, busy_ann: tuple[Phone, Call, Call]) -> None:
    """A caller who hangs up in line is gone at once, is on record as abandoned, and rings nobody."""
    ann, call, talk = busy_ann
    leaver, stayer = pbx.number(), pbx.number()
    leaving = pbx.call("5550500", leaver)
    pbx.wait_waiting("basic", [leaver])
    pbx.call("5550500", stayer)
    pbx.wait_waiting("basic", [leaver, stayer])
    leaving.hang_up()
    ended = leaving.wait_ended(5)
    pbx.wait_waiting("basic", [stayer], timeout=5)
    call.hang_up()
    rung = next_call(ann, talk)
    rung.wait_answered()
    assert rung.dialog.caller_number == stayer
    record = pbx.record(leaver)
    assert (record["result"], record["agent"], record["answered_at"]) == ("abandoned", "", None)
    assert path_of(record) == [("queue:basic", "hang-up")] and record["talk_seconds"] == 0
    assert record["wait_seconds"] == pytest.approx(ended.bye_at - ended.invite_at, abs=0.5)


def test_abandon_while_the_phone_rings(pbx: Pbx) -> None:
    """The ringing stops at once, the agent is free again, and it is no unanswered offer of theirs."""
    pbx.staff("201")
    ann, seen, number = pbx.phone("201"), len(pbx.phone("201").calls), pbx.number()
    ann.answer_after = None
    call = pbx.call("5550503", number)
    rung = ann.wait_call(seen + 1)
    rung.wait_ringing()
    call.wait_answered()
    call.hang_up()
    stopped = rung.wait_ended(5)
    assert stopped.cancel_at is not None and stopped.cancel_at - call.dialog.bye_at < 1.0
    assert pbx.wait_agent("1001", "ready")["unanswered"] == 0
    record = pbx.record(number)
    assert (record["result"], record["agent"]) == ("abandoned", "")
    assert [leg["role"] for leg in record["legs"]] == ["caller", "agent"]


def test_a_phone_in_an_own_call_is_not_rung(pbx: Pbx) -> None:
    """Ann, longest idle, talks to a colleague: Bob is rung. When he is busy too, the caller waits for Ann."""
    pbx.staff("201", "202")
    ann, bob, colleague = pbx.phone("201"), pbx.phone("202"), pbx.phone("203")
    seen = [len(phone.calls) for phone in (ann, bob, colleague)]
    own = ann.call("203")
    colleague.wait_call(seen[2] + 1).wait_answered()
    own.wait_answered()
    assert pbx.agent("1001")["phone_busy"] is True
    first, second = pbx.number(), pbx.number()
    call = pbx.call("5550500", first)
    rung = bob.wait_call(seen[1] + 1)
    rung.wait_answered()
    pbx.call("5550500", second)
    pbx.wait_waiting("basic", [second])
    own.hang_up()
    offered = ann.wait_call(seen[0] + 1)
    assert offered.dialog.invite_at >= own.wait_ended(5).ended_at - 0.1
    assert offered.dialog.caller_number == second
    call.hang_up()
    assert len(bob.calls) == seen[1] + 1


def test_a_phone_that_refuses_or_is_gone(pbx: Pbx) -> None:
    """486 from Ann's phone, no registration of Chen's: Bob gets the call; both are left alone for a while."""
    pbx.staff("201", "203", "202")
    ann, bob, chen = pbx.phone("201"), pbx.phone("202"), pbx.phone("203")
    seen = [len(phone.calls) for phone in (ann, bob, chen)]
    ann.refuse_with = 486
    chen.unregister()
    try:
        pbx.node.wait_for(lambda: not pbx.agent("1003")["reachable"], 10, "phone 203 to be known as gone")
        number = pbx.number()
        call = pbx.call("5550500", number)
        bob.wait_call(seen[1] + 1).wait_answered()
        call.hang_up()
        record = pbx.record(number)
    finally:
        chen.register()
    assert [len(phone.calls) for phone in (ann, bob, chen)] == [seen[0] + 1, seen[1] + 1, seen[2]]
    assert [(leg["number"], leg["status"]) for leg in record["legs"][1:]] == [("201", "BUSY"), ("202", "ANSWER")]
    pbx.node.wait_for(lambda: pbx.agent("1003")["reachable"], 10, "phone 203 to be back")


def test_after_the_talk(pbx: Pbx) -> None:
    """`after`: when the agent hangs up the caller goes on to a prompt; the talk ended with the agent."""
    pbx.staff("201")
    ann, seen, number = pbx.phone("201"), len(pbx.phone("201").calls), pbx.number()
    ann.hang_up_after = 1.0
    call = pbx.call("5550510", number)
    talk = ann.wait_call(seen + 1)
    over = talk.wait_ended(15)
    assert over.ended_by == "us"
    pbx.wait_hears(call, "thanks", after=over.ended_at - 0.1)
    assert call.wait_ended(10).ended_by == "them"
    record = pbx.record(number)
    assert path_of(record) == [("queue:survey", "answered"), ("prompt:thanks", "")]
    assert record["talk_seconds"] == pytest.approx(over.ended_at - over.answered_at, abs=0.4)
    assert (record["result"], record["agent"]) == ("answered", "1001")


def test_two_agents_serve_a_crowd(pbx: Pbx) -> None:
    """Eight callers at once, two agents: all served in their order of arrival, each once, none lost."""
    pbx.staff("201", "202")
    agents = [pbx.phone("201"), pbx.phone("202")]
    seen = [len(phone.calls) for phone in agents]
    for phone in agents:
        phone.answer_after, phone.hang_up_after = 0.2, 0.7
    numbers = [pbx.number() for _ in range(8)]
    calls = together(*(lambda n=n: pbx.call("5550500", n) for n in numbers))
    for call in calls:
        call.wait_ended(60)
    rung = sorted(
        (c.dialog for phone, before in zip(agents, seen, strict=True) for c in phone.calls[before:]),
        key=lambda d: d.invite_at or 0.0,
    )
    assert sorted(d.caller_number for d in rung) == sorted(numbers), "each once"
    records = {n: pbx.record(n) for n in numbers}
    joined = sorted(numbers, key=lambda n: records[n]["started_at"])
    # Two agents free at once may swap two neighbours on the way to their phones.
    places = [joined.index(d.caller_number) for d in rung]
    assert all(abs(place - turn) <= 1 for turn, place in enumerate(places)), places
    assert {r["result"] for r in records.values()} == {"answered"}
    assert {r["agent"] for r in records.values()} == {"1001", "1002"}
