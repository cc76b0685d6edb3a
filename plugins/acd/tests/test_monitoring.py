"""Supervisors in agents' talks: who may, in which talk, and what becomes of the agent whose caller is taken over."""

import pytest
from jackfield.errors import UnsafeValue
from jackfield.routing.destinations import Result
from jackfield_acd.errors import NoSuchAgent, NotTalking
from jackfield_acd.kinds import Agent, Queue
from jackfield_acd.methods import methods
from jackfield_acd.monitoring import Mode, may_supervise
from pydantic import ValidationError


@pytest.fixture
def talk(world):
    """Agent 1001 talks at 201 with c1; 1002 supervises, at 202, with the PIN 4711. Returns the ring that ends it."""
    world.site = world.make_site(
        [Queue(name="sales", agents=["1001"], wrapup_seconds=10), Queue(name="other", agents=["1003"])],
        [
            Agent(name="1001", extension="201"),
            Agent(name="1002", extension="202", pin="4711", supervises=["sales", "gone"]),
            Agent(name="1003", extension="203", supervises=["other"]),
        ],
    )
    world.start()
    world.runtime.login("1001", "201")
    world.call_of_talk = world.call("c1")
    world.result = world.serve(world.call_of_talk)
    ring = world.ring()
    world.events.publish("call", id="c1", what="answered", endpoint="201")
    return ring


def dial(world, mode, agent="1001", extension="202", keys=("4711",)):
    call = world.call("s1", extension=extension, rest=agent)
    call.keys = list(keys)
    return call, world.monitoring.by_code(call, mode)


@pytest.mark.parametrize("mode", ["listen", "whisper", "barge"])
def test_a_supervisor_listens_at_the_agents_own_channel(world, talk, mode):
    call, end = dial(world, mode)
    assert call.did[-1] == ("listen", "PJSIP/201-c1", mode)
    assert (end.result, end.outcome) == (Result.COMPLETED, f"{mode}: 1001")
    assert world.audited == [("agent 1002", f"acd.{mode}", "agent:1001 from 202")]
    talk.end("ANSWER")


def test_a_caller_who_is_taken_over_leaves_the_agent_free(world, talk):
    call, _ = dial(world, "take-over")
    assert call.did[-1] == ("join", "PJSIP/carrier-c1"), "the caller's channel"
    assert world.state("1001")["state"] == "talking"
    world.phone("201", busy=False)
    assert world.state("1001")["state"] == "wrap-up", "though the caller's Dial goes on"
    talk.end("ANSWER")
    assert world.result().result is Result.ANSWERED
    world.advance(11)
    assert world.state("1001")["state"] == "ready"


def test_a_talk_that_is_not_taken_over_is_not_over_when_a_phone_seems_free(world, talk):
    world.phone("201", busy=False)
    assert world.state("1001")["state"] == "talking"
    talk.end("ANSWER")


@pytest.mark.parametrize(
    ("agent", "extension", "keys", "said"),
    [
        ("1001", "202", ("1", "2", "3"), "acd-may-not-supervise"),  # wrong PIN
        ("1001", "203", (), "acd-may-not-supervise"),  # another queue's supervisor
        ("1001", "205", (), "acd-may-not-supervise"),  # nobody's phone
        ("1002", "202", ("4711",), "acd-may-not-supervise"),  # oneself
        ("", "202", ("4711",), "acd-may-not-supervise"),
        ("9999", "202", ("4711",), "acd-may-not-supervise"),
        ("1003", "203", (), "acd-may-not-supervise"),
    ],
)
def test_nobody_else_listens_and_the_attempt_is_on_record(world, talk, agent, extension, keys, said):
    call, end = dial(world, "listen", agent, extension, keys)
    assert (call.did[-1], end.result) == (("play", said), Result.REJECTED)
    assert [what for _, what, _ in world.audited] == ["acd.listen refused"]
    talk.end("ANSWER")


def test_no_talk_to_hear(world, talk):
    talk.end("ANSWER")
    world.result()
    call, _ = dial(world, "listen")
    assert call.did[-1] == ("play", "acd-not-talking")
    with pytest.raises(NotTalking):
        world.monitoring.by_api("1001", "202", Mode.LISTEN)
    with pytest.raises(NoSuchAgent):
        world.monitoring.by_api("9", "202", Mode.LISTEN)


def test_by_the_api(world, talk):
    (monitor,) = [m for m in methods(lambda: world.runtime, lambda: world.monitoring) if m.name == "acd.monitor"]
    monitor.call({"agent": "1001", "extension": "203"}, None)
    monitor.call({"agent": "1001", "extension": "203", "mode": "take-over"}, None)
    assert world.asterisk.monitored == [
        ("203", "PJSIP/201-c1", "listen", "1001"),
        ("203", "PJSIP/carrier-c1", "take-over", "1001"),
    ]
    with pytest.raises(UnsafeValue):
        monitor.call({"agent": "1001", "extension": "999"}, None)
    with pytest.raises(ValidationError):
        monitor.call({"agent": "1001", "extension": "203", "mode": "shout"}, None)
    world.silent.add("c1")
    with pytest.raises(NotTalking):
        monitor.call({"agent": "1001", "extension": "203"}, None)
    talk.end("ANSWER")


def test_who_supervises_whom(world, talk):
    asked = {(a, b) for a in ("1001", "1002", "1003", "9") for b in ("1001", "1002", "1003") if
             may_supervise(world.site, a, b)}  # fmt: skip
    assert asked == {("1002", "1001")}
    talk.end("ANSWER")
