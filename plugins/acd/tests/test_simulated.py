"""Strategies, skills and changes of the site with the whole daemon over a simulated Asterisk."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta

import pytest
from jackfield.testing import Simulator
from jackfield_acd.plugin import AcdPlugin

SITE = """
[[did]]
name = "main"
number = "5550100"
destination = "queue:sales"

[[extension]]
name = "201"

[[extension]]
name = "202"

[[agent]]
name = "1001"
extension = "201"
skills = { german = 1 }

[[agent]]
name = "1002"
extension = "202"
"""
QUEUE = """
[[queue]]
name = "sales"
agents = ["1001", "1002"]
wrapup_seconds = 0
announce_position = false
"""


@pytest.fixture
def serve():
    """A Jackfield whose queue sales has more fields, with both agents logged in."""
    boxes = []

    def make(fields="", more=""):
        pbx = Simulator({"acd": AcdPlugin}, site=SITE + QUEUE + fields + "\n" + more)
        boxes.append(pbx)
        for phone in ("201", "202"):
            pbx.phone(phone).dials("*11").is_over()
        return pbx

    yield make
    for pbx in boxes:
        pbx.close()


def test_ring_all(serve):
    pbx = serve('strategy = "ring-all"')
    caller = pbx.caller()
    ann, bob = pbx.phone("201"), pbx.phone("202")
    ann.rings()
    bob.rings()
    bob.answers()
    ann.stops_ringing()
    caller.talks_to(bob)
    assert pbx.until(lambda: [agent["state"] for agent in pbx.ask("agents")] == ["ready", "talking"])
    bob.hangs_up()
    caller.is_over()
    assert caller.record().agent == "1002"
    offered = next(told for told in pbx.ask("acd.why", call=caller.record().id) if told["what"] == "offered")
    assert sorted(offered["rung"]) == ["1001", "1002"]


def test_demands_widen_over_a_restart_of_the_daemon(serve):
    pbx = serve("skills = { german = 2 }\nwiden = [{ after = 30, skills = { german = 1 } }]")
    caller = pbx.caller()
    caller.hears_music()
    caller.waits(20)
    pbx.restart()
    caller.waits(9)
    pbx.phone("201").does_not_ring()
    caller.waits(2)
    pbx.phone("201").rings()
    pbx.phone("201").answers()
    caller.talks_to(pbx.phone("201"))
    pbx.phone("202").does_not_ring()


@pytest.mark.parametrize("answered", [True, False], ids=["talking", "ringing"])
def test_a_kill_that_costs_the_note_of_an_offer(serve, monkeypatch, answered):
    """The phone tells whose talk it is: neither is the agent rung meanwhile, nor does the record lack a name."""
    pbx = serve()
    caller, ann = pbx.caller(), pbx.phone("201")
    ann.rings()
    if answered:
        ann.answers()
        caller.talks_to(ann)
    boot = pbx._boot

    def forgetful(site):
        with closing(sqlite3.connect(pbx.folder / "jackfield.db")) as base, base:
            base.execute("delete from leg where id <> call_id")
            # What a daemon that is killed does not write:
            base.execute("update call_step set left_at = null, outcome = ''")
            base.execute("delete from acd_event where call <> ''")
            base.execute("update acd_agent_state set activity = 'idle', state = 'ready', call = null, queue = null")
        boot(site)

    monkeypatch.setattr(pbx, "_boot", forgetful)
    pbx.restart()
    if not answered:
        ann.answers()
        caller.talks_to(ann)
    assert pbx.until(lambda: pbx.ask("agents")[0]["state"] == "talking")
    assert pbx.ask("agents")[0]["call"] == pbx.ask("calls")[0]["id"]
    caller.waits(300)
    pbx.ask("acd.agent.pause", agent="1002")  # answered when all is on record: what was found at the start is looked at
    ann.hangs_up()
    caller.is_over()
    assert (caller.record().agent, [leg.role for leg in caller.record().legs]) == ("1001", ["caller", "agent"])
    assert pbx.until(lambda: pbx.ask("agents")[0]["state"] == "ready")
    call = caller.record().id
    pbx.until(lambda: caller.waits(1) or len(events(pbx, call)) == 3)
    assert events(pbx, call) == ["entered", "connected", "completed"], "what the kill took is told from the record"


def events(pbx, call):
    """What is on record of a call's visit, in the order of time."""
    with closing(sqlite3.connect(pbx.folder / "jackfield.db")) as base:
        return [event for (event,) in base.execute("select event from acd_event where call = ? order by at", [call])]


def test_another_site_while_a_caller_waits(serve):
    pbx = serve("skills = { german = 2 }\nwiden = [{ after = 600 }]")
    caller = pbx.caller()
    caller.hears_music()
    pbx.apply(
        SITE + QUEUE + 'max_wait = 40\noverflow = "hangup:busy"\nskills = { german = 2 }\nwiden = [{ after = 35 }]'
    )
    pbx.phone("201").does_not_ring()
    pbx.apply(SITE + QUEUE + "skills = { german = 1 }")
    pbx.phone("201").rings()
    pbx.phone("201").answers()
    caller.talks_to(pbx.phone("201"))


def test_the_last_agent_is_preferred(serve):
    pbx = serve("last_agent = true\nown_agent_seconds = 10")
    for _ in range(2):
        caller = pbx.caller("5550142")
        pbx.phone("201").rings()
        pbx.phone("201").answers()
        caller.talks_to(pbx.phone("201"))
        caller.waits(60)
        pbx.phone("201").hangs_up()
        caller.is_over()
        assert caller.record().agent == "1001"
    other = pbx.caller("5550143")
    pbx.phone("202").rings()
    pbx.phone("202").answers()
    other.talks_to(pbx.phone("202"))


def test_a_queue_that_is_closed_and_one_whose_agents_have_a_break(serve):
    hours = '[[hours]]\nname = "never"\nopen = []\n'
    closed = serve('hours = "never"\nclosed = "hangup:busy"', hours).caller()
    closed.is_refused(17)
    pbx = serve('empty = "hangup:busy"\njoin_needs = "not-paused"\nstay_needs = "not-paused"')
    for phone in ("201", "202"):
        pbx.phone(phone).dials("*13").is_over()
    pbx.caller().is_refused(17)


def test_reports_are_cut_in_the_zone_of_the_site(serve):
    pbx = serve(more='[general]\nzone = "Asia/Kathmandu"\n')
    caller = pbx.caller()
    caller.hears_music()
    caller.hangs_up()
    caller.is_over()
    now = pbx.clock.now()
    span = {"since": (now - timedelta(days=2)).isoformat(), "until": (now + timedelta(days=2)).isoformat()}
    pbx.ask("acd.figures", of="queues")  # what has happened is on record then
    for name, minutes in (("queue-hours", 15), ("queue-days", 15)):
        [row] = pbx.ask("report", name=name, **span)
        assert datetime.fromisoformat(row["from"]).minute == minutes, "5:45 ahead of UTC"
        assert row["offered"] == 1


def test_with_more_files_open_than_select_knows(serve):
    """A daemon with 500 calls has; so has a long run of tests."""
    many = [os.dup(0) for _ in range(1100)]
    try:
        pbx = serve()
        pbx.phone("201").dials("*13").is_over()
        pbx.phone("202").dials("*13").is_over()
        caller = pbx.caller()
        caller.hears_music()
        caller.waits(5)
        pbx.phone("201").dials("*14").is_over()
        pbx.phone("201").rings()
    finally:
        for each in many:
            os.close(each)
