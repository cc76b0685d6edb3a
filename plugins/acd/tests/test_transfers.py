"""Callers whom agents send on: who talks with whom, what is on record, what goes with the caller."""

from __future__ import annotations

import json

import pytest
from jackfield.routing.destinations import End, Goto, Result
from jackfield_acd.eventlog import Entry, EventRow, What, newest
from jackfield_acd.kinds import Queue
from jackfield_acd.queuelog import lines
from jackfield_acd.stays import last
from jackfield_acd.to_agent import ASKED, BACK, DIALLED, handle_to_agent
from sqlmodel import Session, col, select

TWO = [
    Queue(name="sales", agents=["1001"], wrapup_seconds=20),
    Queue(name="other", agents=["1002"], wrapup_seconds=20),
]


def test_keys_typed_in_a_menu_are_shown_with_the_caller(world, busy):
    busy.data = {**busy.data, "ivr-typed": {"verify": "4711"}}
    [row] = [c for c in world.runtime.supervision.live(None, 10)["contacts"] if c["call"] == "c1"]
    assert row["typed"] == {"verify": "4711"}


@pytest.fixture
def busy(world):
    """c1 waited 5 s in sales and talks with 1001 at 201; 1002 is ready at 202."""
    world.site = world.make_site(TWO)
    world.start()
    world.runtime.login("1002", "202")
    call = world.call("c1")
    call.answer_of = world.serve(call)
    world.waits(call)
    world.advance(5)
    world.runtime.login("1001", "201")
    call.ring = world.ring()
    answered(world, "c1", "201")
    world.advance(30)
    return call


def answered(world, call, phone):
    world.phone(phone, busy=True)
    world.events.publish("call", id=call, what="answered", endpoint=phone, leg=f"leg-{phone}")


def sent_on(world, call, to="600"):
    """1001 sends c1 on: the old handler lets go first, as it is with Asterisk."""
    call.ring.end("ANSWER")
    assert call.answer_of() == End(Result.ANSWERED, outcome="answered")
    world.phone("201", busy=False)
    world.events.publish("call", id=call.id, what="transferred", by="201", to=to)
    call.data = {**call.data, "transfer": "target 2026-01-31T08:00:00+00:00"}
    call.seq += 1


def asked(world, phone="201"):
    """1001 asks in the queue other, where 1002 takes the call."""
    call = world.call("c2", extension=phone)
    call.answer_of = world.serve(call, "other")
    call.ring = world.ring()
    answered(world, "c2", "202")
    world.advance(7)
    return call


def on_record(world):
    world.settle()
    with Session(world.database.engine) as session:
        rows = session.exec(select(EventRow).order_by(col(EventRow.id))).all()
    return [(r.event, r.call, r.queue, r.agent, json.loads(r.detail)) for r in rows]


def whole(world):
    with Session(world.database.engine) as session:
        return newest(session, 100)


def talks(world):
    return [e[:4] for e in on_record(world) if e[0] in ("connected", "completed", "transferred")]


def test_blind_to_another_queue(world, busy):
    sent_on(world, busy)
    assert world.state("1001")["state"] == "wrap-up"
    answer = world.serve(busy, "other")
    ring = world.ring()
    assert ring.targets == ["PJSIP/202"]
    answered(world, "c1", "202")
    world.advance(10)
    ring.caller_leaves(talked=True)
    answer()
    world.events.publish("call", id="c1", what="ended")
    assert talks(world) == [
        ("connected", "c1", "sales", "1001"),
        ("transferred", "c1", "sales", "1001"),
        ("connected", "c1", "other", "1002"),
        ("completed", "c1", "other", "1002"),
    ]
    entered = [e[4] for e in on_record(world) if e[0] == "entered"]
    assert [e["brought"] for e in entered] == [0.0, 5.0], "the wait comes along, the talk does not"


def test_a_queue_that_takes_no_time_from_others(world, busy):
    world.site = world.make_site([TWO[0], TWO[1].model_copy(update={"keep_waited": False})])
    world.runtime.site_changed(world.site)
    busy.site = world.site
    world.runtime.pause("1002")
    sent_on(world, busy)
    world.serve(busy, "other")
    world.waits(busy, 2)
    assert [e[4]["brought"] for e in on_record(world) if e[0] == "entered"] == [0.0, 0.0]


@pytest.mark.parametrize("order", ["told first", "moved first", "handler first", "handler returns"])
def test_asked_in_another_queue_and_put_through(world, busy, order):
    """However the news come: 1001 wraps up at once, 1002 talks on with c1 and wraps up at its end."""
    asking = asked(world)
    assert world.state("1001")["state"] == world.state("1002")["state"] == "talking"

    def told():
        world.events.publish("call", id="c1", what="transferred", by="201", to="600", kind="attended")

    def moved():
        world.events.publish("call", id="c2", what="moved", to="c1", endpoint="202", by="201", dialled="600")

    def gone():
        asking.ring.end("ANSWER") if order == "handler returns" else asking.ring.caller_leaves(talked=True)
        asking.answer_of()

    steps = {"told first": (told, moved, gone), "moved first": (moved, told, gone)}
    for step in steps.get(order, (gone, moved, told)):
        step()
    world.phone("201", busy=False)
    world.events.publish("call", id="c2", what="ended")
    states = {name: world.state(name) for name in ("1001", "1002")}
    assert (states["1001"]["state"], states["1002"]["state"], states["1002"]["call"]) == ("wrap-up", "talking", "c1")
    world.advance(50)
    assert world.state("1002")["state"] == "talking"
    busy.ring.end("ANSWER")
    busy.answer_of()
    world.events.publish("call", id="c1", what="ended")
    assert world.state("1002")["state"] == "wrap-up"
    assert sorted(talks(world)) == sorted(
        [
            ("connected", "c1", "sales", "1001"),
            ("connected", "c2", "other", "1002"),
            ("transferred", "c1", "sales", "1001"),
            ("completed", "c2", "other", "1002"),
        ]
    )
    details = {e[0]: e[4] for e in on_record(world)}
    assert (details["transferred"]["to"], details["transferred"]["kind"]) == ("600", "attended")
    assert details["transferred"]["talk"] == 37.0 and details["completed"]["talk"] == 57.0


def test_put_through_while_the_agent_still_waits(world, busy):
    """1001 asks in a queue where nobody is free, and puts c1 through: no abandon, and the wait was for c1."""
    world.runtime.pause("1002")
    asking = world.call("c2", extension="201")
    asking.answer_of = world.serve(asking, "other")
    world.waits(asking)
    world.advance(7)
    world.events.publish("call", id="c1", what="transferred", by="201", to="600", kind="attended", asked="c2")
    asking.hang_up()
    asking.answer_of()
    world.events.publish("call", id="c2", what="ended")
    sent_on(world, busy)
    world.serve(busy, "other")
    world.waits(busy, 2)
    own = [(e[0], e[4].get("outcome"), e[4].get("wait")) for e in on_record(world) if e[1] == "c2"]
    assert own == [("entered", None, None), ("exited", "transferred:201", 7.0)]
    left = next(e for e in whole(world) if e.event is What.EXITED)
    assert lines(left)[0].split("|")[1:] == ["c2", "other", "NONE", "WITHDRAW", "1", "1", "7", "transferred:201"]
    assert [e[4]["brought"] for e in on_record(world) if e[0] == "entered" and e[1] == "c1"] == [0.0, 12.0]
    (row,) = [r for r in world.runtime.supervision.live(None, 10)["contacts"] if r["call"] == "c1"]
    assert row["queue"] == "other"


def test_the_asking_agent_gives_up(world, busy):
    """1001 asks and comes back to the caller: 1002's talk was short, 1001 talks on."""
    asking = asked(world)
    asking.ring.caller_leaves(talked=True)
    asking.answer_of()
    world.phone("202", busy=False)
    world.events.publish("call", id="c2", what="ended")
    assert (world.state("1001")["state"], world.state("1002")["state"]) == ("talking", "wrap-up")
    assert ("completed", "c2", "other", "1002") in talks(world)


def test_put_through_then_sent_on_again(world, busy):
    """1002, who was put through, sends the caller on: that talk ends then, and 1001's is not touched."""
    asking = asked(world)
    world.events.publish("call", id="c2", what="moved", to="c1", endpoint="202", by="201", dialled="600")
    asking.ring.caller_leaves(talked=True)
    asking.answer_of()
    world.events.publish("call", id="c2", what="ended")
    world.advance(10)
    world.phone("202", busy=False)
    world.events.publish("call", id="c1", what="transferred", by="202", to="300")
    assert world.state("1002")["state"] == "wrap-up"
    assert talks(world)[-1] == ("transferred", "c2", "other", "1002")
    assert world.runtime.stay(busy).waited == 5.0, "the wait in sales; other answered at once"


def test_the_state_after_a_kill(world, busy):
    """After the hand-over the daemon dies: 1002 still talks with c1, and wraps up at its end."""
    asking = asked(world)
    world.events.publish("call", id="c2", what="moved", to="c1", endpoint="202", by="201", dialled="600")
    asking.ring.caller_leaves(talked=True)
    world.phone("201", busy=False)
    world.settle()
    world.start()
    assert (world.state("1002")["state"], world.state("1002")["call"]) == ("talking", "c1")
    assert world.state("1001")["state"] == "wrap-up"
    world.phone("202", busy=False)
    world.events.publish("call", id="c1", what="ended")
    assert world.state("1002")["state"] == "wrap-up"


def test_a_kill_before_the_news(world, busy):
    """The hand-over is seen only after a restart; the call in which 1002 was asked is over: 1002 talks all the same."""
    asked(world)
    world.settle()
    world.phone("201", busy=False)
    world.start(recovered=False)
    world.events.publish("call", id="c2", what="ended")
    assert world.state("1002")["state"] == "talking"
    world.phone("202", busy=False)
    assert world.state("1002")["state"] == "wrap-up"


# -- back to the agent -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("killed", [False, True])
def test_through_a_menu_and_back(world, busy, killed):
    """The caller is back: 1001's notes are over, nobody else is rung, and the caller is first, with all the time."""
    sent_on(world, busy)
    if killed:
        world.settle()
        world.start()
        assert world.state("1001")["state"] == "wrap-up"
    world.advance(8)
    assert handle_to_agent(world.runtime, busy, BACK) == Goto("queue:sales", "sent back: 1001")
    world.serve(busy, "sales")
    ring = world.ring()
    assert ring.targets == ["PJSIP/201"] and ASKED not in busy.data
    entered = [e[4] for e in on_record(world) if e[0] == "entered"]
    assert entered[-1]["brought"] == pytest.approx(43.0, abs=0.1)


def test_back_when_the_agent_is_gone(world, busy):
    world.site = world.make_site([Queue(name="sales", agents=["1001", "1002"], wrapup_seconds=20)])
    world.runtime.site_changed(world.site)
    sent_on(world, busy)
    world.runtime.logout("1001")
    assert handle_to_agent(world.runtime, busy, BACK).destination == "queue:sales"
    world.serve(busy, "sales")
    assert world.ring().targets == ["PJSIP/202"]


def test_back_without_having_been_anywhere(world):
    world.start()
    call = world.call("c1")
    assert handle_to_agent(world.runtime, call, BACK) == Goto(call.fallback, "nobody to go back to")


def test_to_an_agent_by_number(world, busy):
    sent_on(world, busy, to="*211002")
    busy.dialled_rest = "1002"
    assert handle_to_agent(world.runtime, busy, DIALLED) == Goto("queue:other", "put through: 1002")
    world.serve(busy, "other")
    assert world.ring().targets == ["PJSIP/202"]


@pytest.mark.parametrize("number", ["1001", "9999", ""])
def test_an_agent_who_is_not_there(world, number):
    """Not logged in, or unknown: whoever transferred gets the caller back."""
    world.start()
    call = world.call("c1", rest=number)
    assert handle_to_agent(world.runtime, call, DIALLED) == End(Result.UNANSWERED, 20, "agent not there")


def test_the_last_talk_by_the_record():
    from datetime import UTC, datetime, timedelta

    start = datetime(2026, 1, 31, tzinfo=UTC)

    def entry(seconds, what, step, **detail):
        return Entry(0, start + timedelta(seconds=seconds), what, "c", step, "q", "a", detail)

    assert last([]) is None and last([entry(0, What.ENTERED, 1, brought=0.0)]) is None
    found = last(
        [
            entry(0, What.ENTERED, 1, brought=4.0),
            entry(6, What.CONNECTED, 1, hold=6.0),
            entry(90, What.ENTERED, 2, brought=10.0),
            entry(95, What.CONNECTED, 2, hold=5.0),
        ]
    )
    assert (found.waited, found.since, found.connected) == (15.0, start.timestamp() - 4, start.timestamp() + 95)
