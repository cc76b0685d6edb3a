"""Agents at their desks (A4): reasons to pause, lamps, several phones, notes that take longer, states that last."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from journeys.faults import kill_daemon, wait_back
from journeys.line import Line
from journeys.pbx import Pbx
from journeys.softphone import Softphone
from journeys.watching import Lamp
from rig import wait_for
from rig.audio import TONES

AGENT = "3001"
USERS = ("261", "261-second", "262")
Phones = dict[str, Softphone]


@pytest.fixture(scope="module")
def softphones(shared_pbx: Pbx) -> Iterator[Phones]:
    """Two phones of extension 261, and 262."""
    party = shared_pbx.run.party("desks")
    found = {
        user: Softphone(party, shared_pbx.node.address, user, f"secret-{user}-abc", tone)
        for user, tone in zip(USERS, TONES[5:], strict=False)
    }
    for phone in found.values():
        phone.register()
    yield found
    for phone in found.values():
        phone.close()


@pytest.fixture
def phones(pbx: Pbx, softphones: Phones) -> Iterator[Phones]:
    """The phones, idle; nobody is logged in at them afterwards."""
    yield softphones
    if pbx.agent(AGENT)["phone"]:
        pbx.ask("acd.agent.logout", agent=AGENT)
    for phone in softphones.values():
        phone.reset()


def dial(phone: Softphone, code: str) -> Line:
    """Dials a code and waits for the end of what is said."""
    line = phone.call(code)
    line.wait("up")
    line.wait("ended", 20)
    return line


def hears(line: Line, pbx: Pbx, prompt: str) -> bool:
    """Whether a line heard a prompt; a softphone places sound by its arrival, so the likeness is lower than SIPp's."""
    return bool(line.heard.find(pbx.prompt(prompt), 0.6))


def test_reasons_on_lamps_and_over_a_restart(pbx: Pbx, phones: Phones) -> None:
    """*11, *132, *14: the reason is said back, a colleague's lamp follows, and a kill -9 changes nothing."""
    desk = phones["261"]
    lamp = Lamp(phones["262"], f"*11{AGENT}")
    try:
        lamp.wait("idle")
        dial(desk, "*11")
        said = dial(desk, "*132")
        assert hears(said, pbx, "acd-paused") and hears(said, pbx, "acd-reason-lunch")
        assert (pbx.agent(AGENT)["state"], pbx.agent(AGENT)["reason"]) == ("paused", "lunch")
        lamp.wait("in-use")
        assert hears(dial(desk, "*137"), pbx, "acd-unknown-reason") and pbx.agent(AGENT)["reason"] == "lunch"
        wait_back(pbx, kill_daemon(pbx))
        assert (pbx.agent(AGENT)["state"], pbx.agent(AGENT)["reason"]) == ("paused", "lunch")
        refused = pbx.jackfield("agent", "pause", AGENT, "nonsense", check=False)
        assert refused.returncode == 1 and "tea (1), lunch (2)" in refused.stderr
        assert pbx.jackfield("agent", "pause", AGENT, "1", "--json")["reason"] == "tea"
        dial(desk, "*14")
        lamp.wait("idle")
        desk.answer_after = phones["261-second"].answer_after = None
        call = pbx.call("5550480", pbx.number())
        lamp.wait("ringing")
        call.hang_up()
        lamp.wait("idle")
    finally:
        lamp.close()


def test_two_phones_notes_and_a_pause_after_one_unanswered_call(pbx: Pbx, phones: Phones) -> None:
    """Both phones ring, the second takes the call; *19 gives more time for notes, *14 ends it; then nobody answers."""
    first, second = phones["261"], phones["261-second"]
    pbx.ask("acd.agent.login", agent=AGENT)
    first.answer_after, seen = None, (len(first.lines), len(second.lines))
    call = pbx.call("5550480", pbx.number())
    rings = first.wait_line(seen[0] + 1)
    taken = second.wait_line(seen[1] + 1)
    taken.wait("up").wait_hears(call.tone)
    rings.wait("ended")
    pbx.wait_agent(AGENT, "talking")
    call.hang_up()
    pbx.wait_agent(AGENT, "wrap-up")
    assert hears(dial(first, "*19"), pbx, "acd-more-time"), "3 s of notes became 6"
    row = pbx.ask("acd.agent.more-time", agent=AGENT, seconds=30)
    assert row["state"] == "wrap-up" and row["until"] > row["since"]
    dial(second, "*14")
    assert pbx.agent(AGENT)["state"] == "ready"
    assert hears(dial(first, "*19"), pbx, "acd-no-more-time")
    second.answer_after = None
    number = pbx.number()
    waits = pbx.call("5550480", number)
    assert pbx.wait_agent(AGENT, "paused")["reason"] == "no answer"
    pbx.wait_waiting("desk", [number])
    waits.hang_up()


def test_a_supervisor_listens_whispers_joins_and_takes_over(pbx: Pbx, phones: Phones) -> None:
    """*15 and *16 at 262, then by the API: who hears whom is heard; the caller stays when the agent is let go."""
    desk, boss, tone = phones["261"], phones["262"], TONES[0]
    phones["261-second"].answer_after = None
    pbx.ask("acd.agent.login", agent=AGENT)
    number, seen = pbx.number(), len(desk.lines)
    call = pbx.call("5550480", number, tone=tone)
    talk = desk.wait_line(seen + 1).wait("up")
    talk.wait_hears(tone)
    pbx.wait_agent(AGENT, "talking")

    spy = boss.call(f"*15{AGENT}")
    spy.wait("up")
    spy.wait_hears(tone), spy.wait_hears(desk.tone)
    spy.hang_up()
    assert not call.heard.hears(boss.tone) and not talk.heard.hears(boss.tone), "they heard who only listens"

    spy = boss.call(f"*16{AGENT}")
    spy.wait("up")
    talk.wait_hears(boss.tone), spy.wait_hears(tone)
    spy.hang_up()
    assert not call.heard.hears(boss.tone), "the caller heard the whisper"

    before = len(boss.lines)
    pbx.jackfield("agent", "monitor", AGENT, "262", "--mode", "barge")
    joined = boss.wait_line(before + 1).wait("up")
    wait_for(lambda: call.heard.hears(boss.tone), 10, "the supervisor at the caller")
    joined.wait_hears(tone)
    joined.hang_up()

    refused = dial(desk, f"*15{AGENT}")
    assert hears(refused, pbx, "acd-may-not-supervise")

    pbx.ask("acd.monitor", agent=AGENT, extension="262", mode="take-over")
    taken = boss.wait_line(before + 2).wait("up")
    taken.wait_hears(tone)
    talk.wait("ended")
    pbx.wait_agent(AGENT, "wrap-up")
    wait_back(pbx, kill_daemon(pbx))
    assert call.dialog.ended_at is None, "the caller was lost with the daemon"
    call.hang_up()
    taken.wait("ended")
    seen_on = {(r["who"], r["method"], r["object"]) for r in pbx.jackfield("audit", "--since", "5m", "--json")}
    assert ("agent 3002", "acd.listen", f"agent:{AGENT} from 262") in seen_on
    assert any(method == "acd.monitor" and about == f"agent:{AGENT} take-over 262" for _, method, about in seen_on)


def test_an_agent_outside(pbx: Pbx, phones: Phones) -> None:
    """*11*NUMBER at the own phone: rung outside; a voicemail box that answers gets no caller, a key takes the call."""
    far = pbx.far_end("out-a")
    assert hears(dial(phones["261"], "*11*00491234"), pbx, "acd-not-there"), "261 may not call abroad"
    assert hears(dial(phones["261"], "*11*0301234567"), pbx, "acd-logged-in")
    assert pbx.agent(AGENT)["phone"] == "261*0301234567"
    number, seen = pbx.number(), len(far.calls)
    call = pbx.call("5550480", number)
    machine = far.wait_call(seen + 1)
    machine.wait_answered()
    assert machine.wait_ended(40).ended_by == "them", "nobody pressed 1"
    assert pbx.wait_agent(AGENT, "paused")["reason"] == "no answer"
    assert far.tone not in call.heard.tones_heard(least=0.5) and pbx.waiting("desk") == [number]
    pbx.ask("acd.agent.ready", agent=AGENT)
    person = far.wait_call(seen + 2)
    person.wait_answered()
    pbx.wait_hears(person, "confirm-call")
    person.press("1")
    wait_for(lambda: call.heard.hears(far.tone) and person.heard.hears(call.tone), 15, "both hear each other")
    assert pbx.wait_agent(AGENT, "talking")["phone_busy"] is False
    wait_back(pbx, kill_daemon(pbx))
    assert pbx.agent(AGENT)["state"] == "talking", "not rung again while the talk outlives a restart"
    call.hang_up()
    pbx.wait_agent(AGENT, "wrap-up")
    record = next(r for r in pbx.records(number) if r["queue"] == "desk")
    assert (record["agent"], record["result"]) == (AGENT, "answered"), record
    assert hears(dial(phones["261"], "*12"), pbx, "acd-logged-out")


def notice(pbx: Pbx, key: str, level: str) -> None:
    """Waits until a notice stands at a level; without one, until it stands no more."""
    wait_for(
        lambda: {n["key"]: n["level"] for n in pbx.ask("acd.notices")}.get(key, "") == level, 15, f"{key}: {level}"
    )


def test_norms_while_a_call_runs(pbx: Pbx, phones: Phones) -> None:
    """A wait, a talk and a hold that last too long are told while they last; *10 makes it personal service."""
    desk, number = phones["261"], pbx.number()
    phones["261-second"].answer_after = None
    call = pbx.call("5550480", number)
    waits = f"answer:{pbx.wait_at(number, 'queue:desk')['id']}"
    notice(pbx, waits, "soon")
    notice(pbx, waits, "over")
    seen = len(desk.lines)
    pbx.ask("acd.agent.login", agent=AGENT)
    talk = desk.wait_line(seen + 1).wait("up")
    notice(pbx, waits, "")
    notice(pbx, f"talk:{AGENT}", "soon")
    talk.hold()
    notice(pbx, f"hold:{AGENT}", "over")
    talk.hold(False)
    notice(pbx, f"hold:{AGENT}", "")
    notice(pbx, f"talk:{AGENT}", "over")
    assert hears(dial(desk, "*10"), pbx, "acd-personal")
    notice(pbx, f"talk:{AGENT}", "")
    call.hang_up()
    pbx.wait_agent(AGENT, "wrap-up")
