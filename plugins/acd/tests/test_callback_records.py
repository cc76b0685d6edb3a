"""Call-backs on record: contacts of their own, with the daemon over a simulated Asterisk."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from jackfield.testing import Simulator
from jackfield_acd import queuelog
from jackfield_acd.eventlog import EventRow, newest
from jackfield_acd.plugin import AcdPlugin
from sqlmodel import Session
from test_callbacks import SITE, ask, states

CONTACT = "callback-1"


@pytest.fixture
def pbx():
    with Simulator({"acd": AcdPlugin}, site=SITE) as made:
        made.phone("201").dials("*11").is_over()
        made.phone("201").dials("*13").is_over()
        yield made


def entries(pbx):
    """All that is on record, once the writer has written it."""
    pbx.ask("acd.figures", of="queues")  # it flushes first
    with Session(pbx.daemon.database.engine) as session:
        return newest(session, 1000)


def told(pbx, contact=CONTACT):
    """What is on record of a call-back: events with what does not hang on the time."""
    keys = ("why", "result", "state", "attempts", "tries", "number", "lost")
    found = [e for e in entries(pbx) if e.call == contact]
    return [(str(e.event), e.agent, {k: e.detail[k] for k in keys if k in e.detail}) for e in found]


def figures(pbx, of="queues"):
    now = pbx.clock.now()
    span = {"since": (now - timedelta(hours=5)).isoformat(), "until": (now + timedelta(seconds=1)).isoformat()}
    (row,) = (row for row in pbx.ask("acd.figures", of=of, **span) if row.get("agent", "1001") == "1001")
    return row


PROMISED = ("promised", "", {"number": "5550142", "lost": False})


def test_a_customer_who_is_reached(pbx):
    """Who asked has exited by key; the call-back is the agent's work, and no caller who waited."""
    asked = ask(pbx)
    pbx.clock.advance(100)
    phone, far = pbx.phone("201"), pbx.phone("trunk")
    phone.dials("*14").is_over()
    phone.rings()
    pbx.clock.advance(3)
    phone.answers()
    far.rings()
    far.answers()
    pbx.clock.advance(60)
    far.hangs_up()
    assert pbx.until(lambda: states(pbx)[0][1] == "done")
    pbx.clock.advance(5)
    assert told(pbx) == [
        PROMISED,
        ("connected", "1001", {}),
        ("completed", "1001", {"result": "answered"}),
        ("called-back", "", {"state": "done", "result": "answered", "attempts": 1, "tries": 1}),
        ("wrapped-up", "1001", {}),
    ]
    of = {str(e.event): e for e in entries(pbx) if e.call == CONTACT}
    assert of["promised"].detail["asked"] == asked.record().id
    assert of["connected"].detail["ring"] == 3 and of["connected"].detail["hold"] >= 103
    assert of["completed"].detail["talk"] >= 60 and of["called-back"].detail["wait"] >= 163
    queue, agent = figures(pbx), figures(pbx, "agents")
    assert (queue["offered"], queue["answered"], queue["exited"], queue["talk"]) == (1, 0, 1, 0)
    assert (queue["callbacks"], queue["called_back"]) == (1, 1)
    assert (agent["answered"], agent["wrap"]) == (1, 5) and agent["talk"] >= 60
    lines = [line.split("|", 1)[1] for e in entries(pbx) for line in queuelog.lines(e)]
    own = asked.record().id
    assert [line for line in lines if "sales" in line and "PAUSE" not in line] == [
        f"{own}|sales|NONE|ENTERQUEUE||5550142|1",
        f"{own}|sales|NONE|EXITWITHKEY|1|1|1|0",
    ], "Asterisk has no word for a call-back"


def test_an_agent_who_refuses_and_a_customer_who_is_never_reached(pbx):
    ask(pbx)
    phone, far = pbx.phone("201"), pbx.phone("trunk")
    phone.dials("*14").is_over()
    phone.rings()
    phone.refuses()
    pbx.clock.advance(6)  # it rests so long
    for _ in range(2):
        phone.rings()
        phone.answers()
        far.rings()
        far.refuses()
        assert pbx.until(lambda: states(pbx)[0][1] in ("later", "failed"))
        pbx.clock.advance(601)
    talk = [("connected", "1001", {}), ("completed", "1001", {"result": "unanswered"})]
    events = [event for event in told(pbx) if event[0] != "wrapped-up"]
    assert events == [
        PROMISED,
        ("unanswered", "1001", {"why": "busy"}),
        *talk,
        *talk,
        ("called-back", "", {"state": "failed", "result": "unanswered", "attempts": 3, "tries": 2}),
    ]
    assert (figures(pbx)["callbacks_failed"], figures(pbx, "agents")["unanswered"]) == (1, 1)


def test_who_takes_it_back(pbx):
    ask(pbx)
    pbx.ask("acd.callback.cancel", callback=1)
    ask(pbx)
    pbx.ask("acd.contact.drop", call="callback-2")
    over = {"attempts": 0, "tries": 0}
    assert told(pbx) == [PROMISED, ("called-back", "", {"state": "cancelled", "result": "cancelled"} | over)]
    dropped = {"state": "cancelled", "result": "dropped by a supervisor"}
    assert told(pbx, "callback-2") == [PROMISED, ("called-back", "", dropped | over)]
    assert figures(pbx)["callbacks_cancelled"] == 2


@pytest.mark.parametrize("lost", ["nothing", "the promise"])
@pytest.mark.parametrize("when", ["waiting", "ringing", "calling"])
def test_after_a_restart_each_thing_is_told_once(pbx, monkeypatch, when, lost):
    """Also the promise, whose row is written before its entry: a kill in between costs the entry."""
    ask(pbx)
    phone, far = pbx.phone("201"), pbx.phone("trunk")
    if when != "waiting":
        phone.dials("*14").is_over()
        phone.rings()
    if when == "calling":
        phone.answers()
        far.rings()
        with closing(sqlite3.connect(pbx.folder / "jackfield.db")) as base:
            kept = base.execute("select state, tries from acd_callback").fetchall()
        assert kept == [("calling", 1)], "a kill now must not have the customer called again"
    boot = pbx._boot

    def forgetful(site):
        with closing(sqlite3.connect(pbx.folder / "jackfield.db")) as base, base:
            if lost == "the promise":
                base.execute("delete from acd_event where event = 'promised'")
        boot(site)

    monkeypatch.setattr(pbx, "_boot", forgetful)
    pbx.restart()
    if when == "waiting":
        phone.dials("*14").is_over()
        phone.rings()
    if when != "calling":
        phone.answers()
        far.rings()
    far.answers()
    far.hangs_up()
    assert pbx.until(lambda: states(pbx)[0][1] == "done"), states(pbx)
    events = [event for event, _, _ in told(pbx)]
    assert sorted(events) == ["called-back", "completed", "connected", "promised"]


def test_no_step_of_a_calls_path_is_taken_for_a_call_back(pbx):
    """Only a visit without a step is one, and a path's steps are counted from 1."""
    pbx.caller().hears_music()
    visits = [e for e in entries(pbx) if e.call]
    assert visits and not any(e.is_callback for e in visits)
    assert json.loads(EventRow.model_fields["detail"].default) == {}
