"""What is put on record of queues and agents, and the same in the form of Asterisk's queue_log."""

import json
import re
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.records.models import CallRow, LegRow, StepRow
from jackfield_acd import queuelog
from jackfield_acd.callback_journal import CallbackJournal
from jackfield_acd.callback_store import Callback
from jackfield_acd.eventlog import CALL_BACK, ENDS, Entry, EventRow, What
from jackfield_acd.journal import KEPT, Journal
from jackfield_acd.mending import missing
from jackfield_acd.model import Activity, AgentState, Failure, Place
from jackfield_acd.models import Clock
from jackfield_acd.queuelog import QueueLog
from jackfield_acd.reports import Of
from jackfield_acd.settings import AcdSettings
from sqlmodel import Session, col, select

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture
def log(world, tmp_path):
    """The file that the world's plugin writes."""
    path = tmp_path / "queue_log"
    core = world.core

    def with_file():
        made = core()
        object.__setattr__(made, "settings", lambda name: AcdSettings(queue_log=path))
        return made

    world.core = with_file
    return path


def events(world):
    world.settle()
    with Session(world.database.engine) as session:
        rows = session.exec(select(EventRow).order_by(col(EventRow.id))).all()
    return [(r.event, r.call, r.queue, r.agent, json.loads(r.detail)) for r in rows]


def words(path):
    """The lines of the file, without their times."""
    return [line.split("|", 1)[1] for line in path.read_text().splitlines()]


def talk(world, seconds=30):
    """c1 waits 5 s, 1001 is rung 2 s, they talk; returns the ring and the handler's answer."""
    call = world.call("c1")
    answer = world.serve(call)
    world.waits(call)
    world.advance(5)
    world.runtime.login("1001", "201")
    ring = world.ring()
    world.advance(2)
    world.events.publish("call", id="c1", what="answered", endpoint="201", leg="leg-1")
    world.advance(seconds)
    return ring, answer


def test_a_talk(world, log):
    world.start()
    ring, answer = talk(world)
    ring.end("ANSWER")
    answer()
    world.events.publish("call", id="c1", what="ended")
    world.advance(10)
    assert events(world) == [
        ("entered", "c1", "sales", "", {"caller": "5550100", "position": 1, "priority": 0, "brought": 0.0}),
        ("logged-in", "", "", "1001", {"phone": "201"}),
        ("connected", "c1", "sales", "1001", {"hold": 7.0, "ring": 2.0, "leg": "leg-1", "target": 20}),
        ("completed", "c1", "sales", "1001", {"hold": 7.0, "talk": 30.0, "position": 1, "by": "agent"}),
        ("wrapped-up", "c1", "sales", "1001", {"seconds": 10.0}),
    ]
    assert words(log) == [
        "NONE|NONE|NONE|QUEUESTART|",
        "c1|sales|NONE|ENTERQUEUE||5550100|1",
        "NONE|NONE|1001|AGENTLOGIN|PJSIP/201",
        "c1|sales|1001|CONNECT|7|leg-1|2",
        "c1|sales|1001|COMPLETEAGENT|7|30|1",
    ]


def test_the_caller_hangs_up_in_a_talk(world, log):
    world.start()
    ring, answer = talk(world)
    ring.caller_leaves(talked=True)
    answer()
    world.events.publish("call", id="c1", what="ended")
    assert events(world)[-1][4] == {"hold": 7.0, "talk": 30.0, "position": 1, "by": "caller"}
    assert words(log)[-1] == "c1|sales|1001|COMPLETECALLER|7|30|1"


def test_a_transfer(world, log):
    world.start()
    talk(world)
    world.events.publish("call", id="c1", what="transferred", by="201", to="300", kind="blind")
    assert [e[0] for e in events(world)][-1] == "transferred"
    assert words(log)[-1] == "c1|sales|1001|BLINDTRANSFER|300|jf-transfer|7|30|1"


def test_a_transfer_that_is_known_only_after_the_talk(world, log):
    """Dial ends first, as if the agent had hung up; then the call comes back with its target."""
    world.start()
    ring, answer = talk(world)
    ring.end("ANSWER")
    answer()
    assert [e[0] for e in events(world)][-1] == "connected", "it may yet be a transfer"
    world.advance(3)
    world.events.publish("call", id="c1", what="transferred", by="201", to="300", kind="blind")
    world.advance(20)
    world.events.publish("call", id="c1", what="ended")
    found = {e[0]: e[4] for e in events(world)}
    assert "completed" not in found
    assert found["transferred"] == {"hold": 7.0, "talk": 30.0, "position": 1, "to": "300", "kind": "blind"}
    assert found["wrapped-up"] == {"seconds": 10.0}
    ends = [word for word in words(log) if "COMPLETE" in word or "TRANSFER" in word]
    assert ends == ["c1|sales|1001|BLINDTRANSFER|300|jf-transfer|7|30|1"]


def test_a_talk_before_another_queue(world, log):
    """The caller goes on after the talk, and is in line again: now it is known who ended the talk."""
    world.queue(after="queue:sales").start()
    ring, answer = talk(world)
    ring.end("ANSWER")
    answer()
    again = world.call("c1")
    again.seq = 2
    world.serve(again)
    world.waits(again)
    found = [e[0] for e in events(world) if e[1] == "c1"]
    assert found == ["entered", "connected", "completed", "entered"]


def test_an_abandon_in_line_and_one_while_it_rings(world, log):
    world.start()
    answers = []
    for call in (world.call("c1"), second := world.call("c2")):
        answers.append(world.serve(call))
        world.waits(call)
    world.advance(4)
    second.hang_up()
    answers[1]()
    world.runtime.login("1001", "201")
    world.advance(3)
    ring = world.ring()
    ring.caller_leaves(talked=False)
    answers[0]()
    world.settle()
    assert "abandoned" not in [e[0] for e in events(world)], "the calls may yet come back"
    for call in ("c2", "c1"):
        world.events.publish("call", id=call, what="ended")
    left = [e for e in events(world) if e[0] in ("abandoned", "cancelled")]
    assert [(e[0], e[1], e[3]) for e in left] == [
        ("cancelled", "c1", "1001"),
        ("abandoned", "c2", ""),
        ("abandoned", "c1", ""),
    ]
    assert left[1][4] == {"position": 2, "first": 2, "wait": 4.0, "target": 20}
    assert words(log)[-3:] == [
        "c1|sales|1001|RINGCANCELED|3000",
        "c2|sales|NONE|ABANDON|2|2|4",
        "c1|sales|NONE|ABANDON|1|1|7",
    ]


def test_no_answer_then_time_out(world, log):
    world.queue(max_wait=30, overflow="prompt:sorry", no_answer_pause=1).start()
    world.runtime.login("1001", "201")
    call = world.call("c1")
    answer = world.serve(call)
    ring = world.ring()
    world.advance(15)
    ring.end("NOANSWER")
    world.waits(call)
    world.advance(15)
    answer()
    assert [e[0] for e in events(world)] == ["logged-in", "entered", "unanswered", "paused", "exited"]
    assert words(log)[-4:] == [
        "c1|sales|1001|RINGNOANSWER|15000",
        "NONE|NONE|1001|PAUSEALL|no answer",
        "NONE|sales|1001|PAUSE|no answer",
        "c1|sales|NONE|EXITWITHTIMEOUT|1|1|30",
    ]


@pytest.mark.parametrize(
    ("outcome", "key", "told"),
    [
        ("timed out", "", "EXITWITHTIMEOUT|2|5|30"),
        ("empty", "", "EXITEMPTY|2|5|30"),
        ("key 3", "", "EXITWITHKEY|3|2|5|30"),
        (CALL_BACK, "1", "EXITWITHKEY|1|2|5|30"),
        ("moved by a supervisor", "", "WITHDRAW|2|5|30|moved by a supervisor"),
        ("dropped by a supervisor", "", "WITHDRAW|2|5|30|dropped by a supervisor"),
        ("no such queue", "", "WITHDRAW|2|5|30|no such queue"),
        (
            "a | reason that is long, longer than Asterisk's",
            "",
            "WITHDRAW|2|5|30|a _ reason that is long, longer than Ast",
        ),
    ],
)
def test_how_callers_leave_the_line_in_the_words_of_asterisk(outcome, key, told):
    detail = {"outcome": outcome, "position": 2, "first": 5, "wait": 30.9, "target": 20} | ({"key": key} if key else {})
    entry = Entry(1, Clock(lambda: 0.0, 1.7e9).utc(0.0), What.EXITED, "c1", 2, "sales", detail=detail)
    assert queuelog.lines(entry) == [f"1700000000|c1|sales|NONE|{told}"]


def test_who_is_not_let_in_is_on_record_and_not_in_the_file(world, log):
    world.queue(empty="prompt:closed").start()
    world.serve(world.call("c1"))()
    assert events(world) == [("refused", "c1", "sales", "", {"outcome": "empty", "caller": "5550100"})]
    assert words(log) == ["NONE|NONE|NONE|QUEUESTART|"]


def test_an_agents_day(world, log):
    world.start().runtime.login("1001", "201")
    world.advance(60)
    world.runtime.pause("1001", "lunch")
    world.advance(10)
    world.runtime.pause("1001", "tea|time")
    world.advance(20)
    world.start()
    world.advance(5)
    world.runtime.ready("1001")
    world.runtime.login("1001", "203")
    world.advance(7)
    world.runtime.logout("1001")
    found = [(e[0], e[4].get("reason", e[4].get("phone")), e[4].get("seconds")) for e in events(world)]
    assert found == [
        ("logged-in", "201", None),
        ("paused", "lunch", None),
        ("unpaused", "lunch", 10.0),
        ("paused", "tea|time", None),
        ("unpaused", "tea|time", 25.0),
        ("logged-out", "201", 95.0),
        ("logged-in", "203", None),
        ("logged-out", "203", 7.0),
    ]
    assert "NONE|sales|1001|PAUSE|tea_time" in words(log)
    assert words(log)[-1] == "NONE|NONE|1001|AGENTLOGOFF|PJSIP/203|7"


def test_what_a_kill_took_is_told_from_the_calls_record(world, log):
    """The talk began and ended without a daemon; the call's record, which core has mended, knows of it."""
    world.start()
    call = world.call("c1")
    world.serve(call)
    world.waits(call)
    world.settle()
    world.start(recovered=False)
    at = world.runtime.clock.utc(world.now)
    record = CallRow(id="c1", direction="inbound", started_at=at, ended_at=at + timedelta(seconds=40), interrupted=True)
    step = StepRow(call_id="c1", seq=1, destination="queue:sales", entered_at=at, left_at=record.ended_at)
    times = {"started_at": at + timedelta(seconds=3), "answered_at": at + timedelta(seconds=5)}
    leg = LegRow(id="leg-1", call_id="c1", agent="1001", ended_at=record.ended_at, status="ANSWER", **times)
    with Session(world.database.engine) as session:
        session.add_all([record, step, leg])
        session.commit()
    world.runtime.recovered()
    world.advance(1)
    world.settle()
    world.settle()
    made_up = events(world)[1:]
    assert [(e[0], e[3]) for e in made_up] == [("connected", "1001"), ("completed", "1001")]
    assert (made_up[1][4]["hold"], made_up[1][4]["talk"], made_up[1][4]["by"]) == (5.0, 35.0, "caller")
    world.start()
    world.advance(1)
    world.settle()
    assert len(events(world)) == 3, "nothing is made up twice"


def test_who_was_in_line_when_asterisk_died_is_lost(world, log):
    """Not who hung up long before, nor anybody when only the manager's connection was cut."""
    world.start()
    utc = world.runtime.clock.utc
    world.events.publish("asterisk", what="up", started=utc(world.now - 5000).isoformat())

    def leave(name):
        call = world.call(name)
        answer = world.serve(call)
        world.waits(call)
        return call, answer

    early, first, second = leave("early"), leave("c1"), leave("c2")
    early[0].hang_up()
    early[1]()
    world.events.publish("call", id="early", what="ended")
    world.advance(100)
    world.events.publish("asterisk", what="down")
    world.events.publish("asterisk", what="up", started=utc(world.now - 5000).isoformat())
    world.advance(60)
    for call, answer in (first, second):
        call.hang_up()
        answer()
    world.advance(1)
    world.events.publish("asterisk", what="down")
    world.advance(4)
    world.events.publish("asterisk", what="up", started=utc(world.now - 2).isoformat())
    for name in ("c1", "c2"):
        world.events.publish("call", id=name, what="ended")
    for _ in range(2):
        world.advance(10)
        world.settle()
        world.settle()
    assert [(e[0], e[1], e[4]["caller"]) for e in events(world) if e[0] == "lost"] == [
        ("lost", "c1", "5550100"),
        ("lost", "c2", "5550100"),
    ]
    assert [row["call"] for row in world.runtime.lost(utc(0))] == ["c1", "c2"]
    (row,) = world.runtime.figures(utc(0), utc(world.now), Of.QUEUES, None)
    assert (row["offered"], row["abandoned"], row["lost"]) == (3, 3, 2)


def test_lines_that_a_kill_kept_from_the_file_are_added_and_none_twice(world, log):
    world.start()
    talk(world)
    world.settle()
    whole = log.read_text()
    log.write_text("".join(whole.splitlines(True)[:-1])[:-4])
    world.start()
    assert words(log)[-3:] == [
        "NONE|NONE|1001|AGENTLOGIN|PJSIP/201",
        "c1|sales|1001|CONNECT|7|leg-1|2",
        "NONE|NONE|NONE|QUEUESTART|",
    ]
    log.rename(log.with_name("queue_log.1"))
    world.start()
    assert words(log) == ["NONE|NONE|NONE|QUEUESTART|"], "a rotated file counts too"


def test_a_disk_that_is_full_loses_no_line(tmp_path, monkeypatch):
    clock = Clock(lambda: 0.0, 1.7e9)
    file, entry = QueueLog(tmp_path / "queue_log"), Entry(1, clock.utc(0.0), What.LOGGED_IN, detail={"phone": "201"})
    real = queuelog.os.write
    monkeypatch.setattr(queuelog.os, "write", lambda handle, data: real(handle, data[:10]))
    file.write([entry])
    assert (tmp_path / "queue_log").read_bytes() == b""
    monkeypatch.undo()
    file.write([entry])
    assert (tmp_path / "queue_log").read_text() == "1700000000|NONE|NONE||AGENTLOGIN|PJSIP/201\n" * 2


def test_memory_is_bounded_while_the_database_is_away():
    clock = Clock(lambda: 0.0, 1.7e9)
    journal = Journal(clock.utc)
    for number in range(KEPT + 3):
        journal.refused(f"c{number}", 1, "sales", 0.0, outcome="full", caller="")
    kept = journal.pending()
    assert (len(kept), journal.lost, kept[0].call) == (KEPT, 3, "c3")
    assert len({entry.id for entry in kept}) == KEPT
    journal.written(kept[:-1])
    assert [entry.call for entry in journal.pending()] == [f"c{KEPT + 2}"]


def documented():
    """Of the README's table: event → names of its details; a word after a colon explains."""
    text = README.read_text()
    table = text[text.index("| event | detail |") :].split("\n\n")[0].splitlines()[2:]
    found = {}
    for row in table:
        events, detail = row.strip("|").split("|")
        for event in re.findall(r"`([a-z-]+)`", events):
            found[event] = set(re.findall(r"`([a-z]+)`", detail))
    talk = found["completed"] - {"by", "result"}
    return found | {"transferred": found["transferred"] - {"completed"} | talk}


def a_day():
    """Entries of every sort that the journal knows."""
    clock = Clock(lambda: 0.0, 1.7e9)
    journal = Journal(clock.utc, serves=lambda agent: ["sales"])
    where = {"joined": 0.0, "position": 1, "priority": 0, "target": 20, "caller": "5551"}

    def visit(call, queue="sales"):
        journal.entered(call, 1, queue, 1.0, **where)
        journal.connected(call, "1001", 3.0, rung=2.0, leg="l1")

    agent = SimpleNamespace(name="1001", phone="201", state=AgentState.READY, pause=None, queue="sales", until=90.0)
    agent.activity = None
    journal.agent(agent, 0.0)
    agent.state, agent.pause = AgentState.PAUSED, "lunch"
    journal.agent(agent, 0.5)
    agent.state = AgentState.READY
    journal.agent(agent, 0.7)
    visit("c1"), journal.personal("c1", 4.0), journal.talked("c1", "agent", 5.0)
    agent.activity = Activity.WRAP_UP
    journal.agent(agent, 5.0)
    agent.activity = None
    journal.agent(agent, 8.0), journal.ended("c1")
    visit("c2"), journal.transferred("c2", 6.0, to="300", kind="attended")
    journal.refused("c3", 1, "sales", 1.0, outcome="full", caller="5551")
    for call in ("c4", "c5"):
        journal.entered(call, 1, "sales", 1.0, **where)
    journal.unanswered("c4", "1001", 4.0, rung=2.0, why="no-answer")
    journal.exited("c4", 9.0, "timed out")
    journal.gone("c5", 4.0, position=1, agents=[("1001", 2.0)]), journal.ended("c5")
    agent.state = AgentState.LOGGED_OUT
    journal.agent(agent, 20.0)
    journal.entered("c6", 1, "sales", 1.0, **where), journal.exited("c6", 2.0, CALL_BACK, "1")
    engine = SimpleNamespace(agent=lambda name: None)
    told = CallbackJournal(journal, engine, clock, lambda queue: 20)
    callback = Callback(7, "sales", "5551", "5551", "c6", 1.0, Place(0, 1.0, 1), 1.0)
    told.promised(callback), told.unanswered(callback, Failure.BUSY), told.connected(callback)
    told.talked(callback, "answered", None), told.over(callback)
    return journal.pending()


def test_the_documented_table_is_what_is_written():
    table = documented()
    assert set(table) == set(What)
    seen = {}
    for entry in a_day():
        seen.setdefault(entry.event, set()).update(entry.detail)
    assert set(seen) == set(What) - {What.LOST}, "it comes from the table itself (eventlog.vanished)"
    either = {What.UNANSWERED: {"ring", "why"}, What.CANCELLED: {"ring"}}
    either |= {What.LOGGED_IN: {"phone"}, What.PAUSED: {"reason", "queues"}}  # the second of each pair has seconds too
    assert seen == {event: either.get(event, table[event]) for event in seen}


# -- what is made up, for any part of the truth that a kill may leave -------------------------------------------------

_CLOCK = Clock(lambda: 0.0, 1.7e9)
_OFFERS = st.lists(st.sampled_from(["NOANSWER", "BUSY", "CANCEL"]), max_size=4)


@given(_OFFERS, st.booleans(), st.sampled_from(["hang-up", "answered", "timed out", "interrupted"]), st.data())
def test_whatever_was_kept_the_whole_is_told_once(offers, answered, outcome, data):
    """Of a visit's events any are on record; with those made up each is there once, and a second look adds none."""
    at = _CLOCK.utc

    def leg(number, status):
        begun = 10.0 * number
        took = at(begun + 2) if status == "ANSWER" else None
        return LegRow(
            id=f"l{number}", call_id="c1", agent=f"a{number % 2}", started_at=at(begun), answered_at=took,
            ended_at=at(begun + 9), status=status,
        )  # fmt: skip

    legs = [leg(n, status) for n, status in enumerate([*offers, *(["ANSWER"] if answered else [])])]
    end = at(100.0)
    call = CallRow(id="c1", direction="inbound", started_at=at(0), ended_at=end, caller_number="5551")
    step = StepRow(call_id="c1", seq=2, destination="queue:sales", entered_at=at(0), left_at=end, outcome=outcome)
    whole = missing(call, [step], legs, [])
    assert [e.event for e in whole].count(What.ENTERED) == 1
    assert len([e for e in whole if e.event in ENDS]) == 1
    assert len([e for e in whole if e.event in (What.UNANSWERED, What.CANCELLED)]) == len(offers)
    assert any(e.event is What.CONNECTED for e in whole) is answered
    kept = [e for e in whole if data.draw(st.booleans())]
    if any(e.event in ENDS for e in kept):  # what came before an end is on record: it is written in order
        kept = whole
    added = missing(call, [step], legs, kept)
    key = [(e.event, e.agent) for e in whole]
    assert sorted(key) == sorted((e.event, e.agent) for e in [*kept, *added])
    assert missing(call, [step], legs, [*kept, *added]) == []
