"""Agents at their desks (A4): reasons to pause, lamps, several phones, notes that take longer, states that last."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from journeys.faults import kill_daemon, wait_back
from journeys.line import Line
from journeys.pbx import Pbx
from journeys.softphone import Softphone
from journeys.watching import Lamp
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
