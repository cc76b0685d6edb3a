"""What supervisors decide about those who wait, on the caller's own thread and at once."""

import json

import pytest
from jackfield.errors import UnsafeValue
from jackfield.routing.destinations import End, Goto, Result
from jackfield_acd.errors import NoSuchAgent, NotLoggedIn, NotWaiting
from jackfield_acd.eventlog import EventRow
from jackfield_acd.handler import PRIORITY, SINCE
from jackfield_acd.methods import methods
from sqlmodel import Session, col, select


@pytest.fixture
def ask(world):
    """Calls a control method as the API does."""
    world.start()
    by_name = {method.name: method for method in methods(lambda: world.runtime, lambda: world.monitoring)}
    return lambda name, **params: by_name[name].call(params, None)


def wait_in_line(world, *names, **facts):
    found = []
    for name in names:
        call = world.call(name, **facts)
        found.append((call, world.serve(call)))
        world.waits(call)
    return found


def test_a_caller_is_sent_to_another_queue_with_the_time_waited(world, ask):
    ((call, result),) = wait_in_line(world, "c1")
    world.advance(30)
    ask("acd.contact.move", call="c1", to="other")
    assert result() == Goto("queue:other", "moved by a supervisor")
    assert float(call.data[SINCE]) == world.epoch + world.now - 30
    assert world.waiting() == []
    with pytest.raises(NotWaiting):
        ask("acd.contact.move", call="c1", to="other")


def test_a_caller_who_is_moved_is_on_record_with_the_place_in_line(world, ask):
    wait_in_line(world, "c1", "c2")
    ((_, result),) = wait_in_line(world, "c3")
    world.advance(4)
    ask("acd.contact.move", call="c3", to="other")
    result()
    world.settle()
    with Session(world.database.engine) as session:
        [moved] = session.exec(select(EventRow).where(col(EventRow.event) == "exited")).all()
    detail = json.loads(moved.detail)
    assert (detail["position"], detail["first"], detail["wait"]) == (3, 3, 4.0)


def test_a_caller_is_dropped(world, ask):
    ((_, result),) = wait_in_line(world, "c1")
    ask("acd.contact.drop", call="c1")
    assert result() == End(Result.UNANSWERED, outcome="dropped by a supervisor")
    assert "sent to the end" in [each["text"] for each in world.runtime.why("c1")]


def test_nowhere_is_refused_and_the_caller_waits_on(world, ask):
    wait_in_line(world, "c1")
    with pytest.raises(UnsafeValue):
        ask("acd.contact.move", call="c1", to="nowhere")
    assert world.waiting() == ["c1"]


def test_a_priority_holds_at_once_and_after_a_restart_and_in_the_next_queue(world, ask):
    (first, _), (second, result) = wait_in_line(world, "c1", "c2")
    parked = second.verbs().count("wait")
    ask("acd.contact.prioritise", call="c2", priority=50)
    assert world.waiting() == ["c2", "c1"]
    world.waits(second, parked + 1)
    assert (second.memo["priority"], second.data[PRIORITY]) == (50, 50)
    world.runtime.login("1001", "201")
    assert world.ring().call is second
    assert first.verbs()[-1] == "wait"
    del result


def test_a_caller_who_is_being_offered_is_not_sent(world, ask):
    world.runtime.login("1001", "201")
    result = world.serve(world.call("c1"))
    ring = world.ring()
    for name, more in (("move", {"to": "other"}), ("drop", {})):
        with pytest.raises(NotWaiting):
            ask(f"acd.contact.{name}", call="c1", **more)
    ask("acd.contact.prioritise", call="c1", priority=9)
    ring.end("NOANSWER")
    world.runtime.logout("1001")
    assert world.runtime.supervision.live(None, 9)["contacts"][0]["priority"] == 9
    del result


def test_agents_by_the_api(world, ask):
    assert ask("acd.agent.login", agent="1001")["phone"] == "201"
    assert ask("acd.agent.login", agent="1001", extension="204")["phone"] == "204"
    row = ask("acd.agent.pause", agent="1001", reason="lunch")
    assert (row["state"], row["reason"]) == ("paused", "lunch")
    assert ask("acd.agent.ready", agent="1001")["state"] == "ready"
    assert ask("acd.agent.logout", agent="1001")["state"] == "logged-out"
    with pytest.raises(NotLoggedIn):
        ask("acd.agent.pause", agent="1001")
    with pytest.raises(NoSuchAgent):
        ask("acd.agent.login", agent="7")
    with pytest.raises(UnsafeValue):
        ask("acd.agent.login", agent="1001", extension="999")
