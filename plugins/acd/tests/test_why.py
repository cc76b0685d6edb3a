"""Why a caller was served as it was."""

from datetime import UTC, datetime

import pytest
from jackfield.errors import JackfieldError
from jackfield_acd import why
from jackfield_acd.kinds import Agent, Queue
from jackfield_acd.model import AgentRules, Demand, Failure, QueueRules, Wish
from jackfield_acd.plugin import AcdPlugin
from jackfield_acd.service import Engine
from jackfield_acd.story import FIRST, NOTES

AGENTS = ("ann", "bob", "cy", "dee", "eve", "fay", "gus")


def utc(moment):
    return datetime.fromtimestamp(moment, UTC)


def test_each_decision_names_the_candidates_and_the_reasons_of_the_others():
    demands = (Demand(0.0, (("german", 2),)), Demand(30.0, ()))
    skilled = [AgentRules(name, {"german": 2}) for name in AGENTS[:-1]] + [AgentRules("gus", {"german": 1})]
    e = Engine()
    e.configure([QueueRules("sales", AGENTS, demands=demands, wrapup_seconds=9.0)], skilled, 0.0)
    for number, name in enumerate(("ann", "bob", "cy", "dee", "eve", "gus")):
        e.login(name, f"20{number}", 1.0 + number)
    for contact in ("t1", "t2", "t3"):  # ann, bob and cy
        e.join(contact, "sales", e.place(0, 10.0), 10.0)
        e.answered(contact, e.agent(e.contact(contact).agents[0]).phone, 11.0)
    e.talk_ended("t3", 12.0)
    e.pause("dee", "lunch", 13.0)
    e.phone_changed("204", busy=False, reachable=False, now=14.0)
    e.join("c1", "sales", e.place(50, 20.0), 20.0)
    joined, waits = why.tell(e.contact("c1"), utc)
    assert joined["text"] == "came into the queue with priority 50; 0 were waiting"
    assert waits["text"] == "waits for an agent of sales with german 2"
    assert waits["left_out"] == {
        "ann": "talking",
        "bob": "talking",
        "cy": "in wrap-up",
        "dee": "paused",
        "eve": "phone not reachable",
        "fay": "not logged in",
        "gus": "lacks german 1 of 2",
    }
    e.advance(50.0)
    offered = why.tell(e.contact("c1"), utc)[-1]
    assert (offered["what"], offered["rung"], offered["candidates"]) == ("offered", ["gus"], ["gus"])
    assert offered["text"] == "agent gus was rung, the only one free for it"
    assert offered["at"] == "1970-01-01T00:00:50.000+00:00"
    e.failed("c1", Failure.NO_ANSWER, 55.0)
    assert "agent gus: no-answer; back to the old place" in [t["text"] for t in why.tell(e.contact("c1"), utc)]


def test_who_was_chosen_among_several_and_by_which_strategy():
    e = Engine()
    e.configure([QueueRules("sales", ("ann", "bob"), "linear")], [AgentRules("ann"), AgentRules("bob")], 0.0)
    e.login("bob", "202", 1.0)
    e.login("ann", "201", 2.0)
    e.join("c1", "sales", e.place(0, 3.0), 3.0)
    offered = why.tell(e.contact("c1"), utc)[-1]
    assert offered["text"] == "agent ann was rung, by linear of 2 who were free"
    assert offered["candidates"] == ["ann", "bob"]
    e.join("c2", "sales", e.place(0, 4.0), 4.0, Wish("bob", 99.0, "own agent"))
    assert why.tell(e.contact("c2"), utc)[-1]["text"] == "agent bob was rung, being the own agent"
    e.join("c3", "sales", e.place(0, 5.0), 5.0, Wish("bob", 99.0, "own agent"))
    waits = why.tell(e.contact("c3"), utc)[-1]
    assert (waits["text"], waits["left_out"]) == (
        "waits for agent bob, the own agent",
        {"bob": "being rung for another caller"},
    )


def test_a_long_story_keeps_its_beginning_and_its_end():
    e = Engine()
    e.configure([QueueRules("sales", ("ann",))], [AgentRules("ann")], 0.0)
    e.login("ann", "201", 1.0)
    e.join("c1", "sales", e.place(0, 2.0), 2.0)
    for n in range(100):
        e.failed("c1", Failure.NO_ANSWER, 3.0 + n)
    story = e.contact("c1").story
    assert len(story.notes) == NOTES and story.notes[FIRST - 1][0] < 10.0 and story.notes[-1][0] == 102.0
    told = why.tell(e.contact("c1"), utc)
    assert told[0]["text"] == f"{story.left_out} decisions between the first and the last ones were not kept"


def test_it_is_told_while_the_call_lives_and_when_it_is_long_gone(world):
    world.queue(wrapup_seconds=0).start().runtime.login("1001", "201")
    call = world.call("c1")
    result = world.serve(call)
    ring = world.ring()
    assert [told["what"] for told in world.runtime.why("c1")] == ["joined", "offered"]
    world.events.publish("call", id="c1", what="answered", endpoint="201")
    ring.end("ANSWER")
    result()
    gone = [told["what"] for told in world.runtime.why("c1")]
    assert gone == ["joined", "offered", "answered", "ended"]
    world.settle()
    assert [told["what"] for told in world.runtime.why("c1")] == gone, "on record, and not told twice"
    world.start()
    assert [told["what"] for told in world.runtime.why("c1")] == gone, "after a restart"
    world.epoch += 40 * 86400.0
    world.start().settle()
    assert world.runtime.why("c1") == []


def test_a_caller_who_went_through_two_queues(world):
    world.site = world.make_site(
        [
            Queue(name="sales", agents=["1002"], max_wait=5, overflow="queue:help", announce_position=False),
            Queue(name="help", agents=["1001"], announce_position=False),
        ],
        [Agent(name="1001", extension="201"), Agent(name="1002", extension="202")],
    )
    world.start()
    call = world.call("c1")
    result = world.serve(call)
    world.waits(call)
    world.advance(5)
    assert result().destination == "queue:help"
    world.serve(call, "help")
    world.waits(call, 2)
    told = [(t["queue"], t["what"]) for t in world.runtime.why("c1")]
    assert told == [("sales", "joined"), ("sales", "waits"), ("sales", "left"), ("help", "joined"), ("help", "waits")]
    (row,) = next(q for q in world.runtime.snapshot()["queues"] if q["name"] == "help")["waiting"]
    assert row["seconds"] == 5.0, "the time waited goes with the caller"


def test_nothing_is_told_before_the_plugin_has_started(world):
    method = next(m for m in AcdPlugin().jackfield_control_methods() if m.name == "acd.why")
    assert method.personal
    with pytest.raises(JackfieldError, match="started"):
        method.function(call="c1")
