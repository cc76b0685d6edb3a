"""Whom queues ring (A1–A3): ring all, skills that widen, overflow, changes while callers wait; and why it was so."""

from __future__ import annotations

import pytest
from journeys.pbx import Pbx


def test_ring_all(pbx: Pbx) -> None:
    """Both phones ring at once; one answers and the other falls silent, with nothing held against its agent."""
    pbx.staff("201", "202")
    ann, bob = pbx.phone("201"), pbx.phone("202")
    ann.answer_after, seen, number = None, (len(ann.calls), len(bob.calls)), pbx.number()
    bob.answer_after = 1.0
    call = pbx.call("5550540", number)
    silent, taken = ann.wait_call(seen[0] + 1), bob.wait_call(seen[1] + 1)
    taken.wait_answered()
    assert silent.wait_ended(5).cancel_at is not None
    pbx.node.wait_for(lambda: call.heard.hears(bob.tone), 10, "the voice of who answered")
    assert (pbx.wait_agent("1001", "ready")["unanswered"], pbx.agent("1002")["state"]) == (0, "talking")
    call.hang_up()
    record = pbx.record(number)
    assert (record["agent"], record["queue"], record["result"]) == ("1002", "all", "answered")
    legs = {(leg["number"], leg["agent"], leg["status"]) for leg in record["legs"][1:]}
    assert ("202", "1002", "ANSWER") in legs and {agent for _, agent, _ in legs} == {"1001", "1002"}
    told = pbx.ask("acd.why", call=record["id"])
    offered = next(each for each in told if each["what"] == "offered")
    assert sorted(offered["rung"]) == ["1001", "1002"]


def test_skills_widen(pbx: Pbx) -> None:
    """Nobody speaks German well: after three seconds who speaks it a little is rung, and one can ask why."""
    pbx.staff("201", "202")
    bob, seen, number = pbx.phone("202"), (len(pbx.phone("201").calls), len(pbx.phone("202").calls)), pbx.number()
    call = pbx.call("5550541", number)
    rung = bob.wait_call(seen[1] + 1)
    rung.wait_answered()
    assert rung.dialog.invite_at - call.dialog.answered_at >= 2.5, "widened after 3 s"
    call.hang_up()
    record = pbx.record(number)
    assert record["agent"] == "1002" and len(pbx.phone("201").calls) == seen[0]
    done = pbx.jackfield("acd", "why", record["id"])
    assert "waits for an agent of german with german 3" in done.stdout
    assert "1002: lacks german 1 of 3" in done.stdout
    assert "agent 1002 was rung, the only one free for it" in done.stdout


@pytest.fixture
def edited(pbx: Pbx):  # type: ignore[no-untyped-def]
    """Changes the site, and takes the change back at the end."""
    yield lambda old, new: pbx.apply_text(_replaced(pbx.site_text(), old, new), "journey: rules")
    pbx.apply_site()


def _replaced(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


def test_strategy_and_skills_change_while_callers_wait(pbx: Pbx, edited) -> None:  # type: ignore[no-untyped-def]
    """No call is lost and the order is kept: who waited for a skill is served when the agent has it."""
    pbx.staff("201")
    ann, seen = pbx.phone("201"), len(pbx.phone("201").calls)
    ann.hang_up_after = 0.3
    numbers = [pbx.number(), pbx.number()]
    calls = []
    for count, number in enumerate(numbers, 1):
        calls.append(pbx.call("5550542", number))
        pbx.wait_waiting("rare", numbers[:count])
    edited("skills = { klingon = 2 } # of queue rare", 'strategy = "ring-all"')
    for count, number in enumerate(numbers, 1):
        talk = ann.wait_call(seen + count, timeout=30)
        assert talk.dialog.caller_number == number
        talk.wait_ended(15)
    assert [pbx.record(number)["result"] for number in numbers] == ["answered", "answered"]
