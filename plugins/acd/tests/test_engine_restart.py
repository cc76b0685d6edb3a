"""What an engine remembers over a restart, and what it waits for."""

from engines import HELP, SALES, engine, join, offers, people, timers
from jackfield_acd.model import (
    Activity,
    AgentState,
    Failure,
    QueueRules,
    TimerKind,
)
from jackfield_acd.service import Engine


def restarted(e, now, busy=()):
    new = Engine()
    new.hold()
    new.configure((SALES, HELP), people("ann", "bob", "cy"), now)
    found = []
    for agent in e.agents():
        found += new.remember(e.memory(agent.name), now, busy=agent.phone in busy, reachable=True)
    return new, timers(found)


def test_while_held_the_first_in_line_is_waited_for():
    e = engine()
    e.login("bob", "202", 1.0)
    e.pause("bob", "", 2.0)
    first, second = e.place(0, 3.0), e.place(0, 4.0)
    new, _ = restarted(e, 10.0)
    assert offers(new.ready("bob", 10.5)) == []
    assert offers(new.resume("second", "help", second, Failure.CANCELLED, 11.0)) == []
    assert join(new, "new", "help", 11.5) == []
    assert offers(new.resume("first", "sales", first, Failure.CANCELLED, 12.0)) == []
    assert offers(new.release(13.0)) == [("first", "bob")]


def test_a_talk_that_ended_while_nobody_looked_gives_wrap_up():
    e = engine()
    e.login("ann", "201", 1.0)
    join(e, "c1", "sales", 2.0)
    e.answered("c1", "201", 3.0)
    new, _ = restarted(e, 10.0)
    (timer,) = timers(new.release(11.0))
    assert timer.kind is TimerKind.WRAP_UP


def test_a_talk_that_goes_on_over_a_restart_gives_wrap_up_when_the_phone_is_free():
    e = engine()
    e.login("ann", "201", 1.0)
    join(e, "c1", "sales", 2.0)
    e.answered("c1", "201", 3.0)
    new, _ = restarted(e, 10.0, busy=["201"])
    assert new.release(11.0) == []
    assert new.agent("ann").state is AgentState.TALKING
    assert join(new, "c2", "sales", 12.0) == []
    assert timers(new.phone_changed("201", False, True, 20.0))
    assert new.agent("ann").state is AgentState.WRAP_UP
    assert timers(new.talk_ended("c1", 20.1)) == [], "the caller's own return adds nothing"
    assert new.agent("ann").state is AgentState.WRAP_UP


def test_wrap_up_is_taken_back_when_the_contact_says_that_there_was_no_talk():
    e = engine()
    e.login("ann", "201", 1.0)
    place = e.place(0, 2.0)
    e.join("c1", "sales", place, 2.0)
    new, _ = restarted(e, 10.0, busy=["201"])
    new.release(11.0)
    new.phone_changed("201", False, True, 12.0)
    assert new.agent("ann").state is AgentState.WRAP_UP
    assert offers(new.resume("c1", "sales", place, Failure.NO_ANSWER, 12.1)) == [("c1", "ann")]
    assert new.agent("ann").unanswered == 1


def test_an_offer_whose_caller_is_gone_gives_no_wrap_up():
    e = engine()
    e.login("ann", "201", 1.0)
    join(e, "c1", "sales", 2.0)
    new, _ = restarted(e, 10.0)
    assert timers(new.release(11.0)) == []
    assert (new.agent("ann").state, new.agent("ann").idle_since) == (AgentState.READY, 1.0)


def test_agents_freed_by_the_release_take_their_turn_with_the_others():
    e = engine(QueueRules("sales", ("ann", "bob")), HELP)
    e.login("ann", "201", 1.0)
    e.login("bob", "202", 2.0)
    join(e, "gone", "sales", 3.0)
    assert e.agent("ann").state is AgentState.OFFERED
    e.pause("bob", "", 4.0)
    new, _ = restarted(e, 10.0)
    new.agent("ann").idle_since, new.agent("bob").idle_since = 6.0, 5.0
    new.ready("bob", 4.5)
    new.join("c1", "sales", new.place(0, 9.0), 11.0)
    assert offers(new.release(12.0)) == [("c1", "bob")]


def test_wrap_up_goes_on_for_what_is_left_of_it():
    e = engine()
    e.login("ann", "201", 1.0)
    join(e, "c1", "sales", 2.0)
    e.talk_ended("c1", 3.0)
    new, (timer,) = restarted(e, 7.0)
    assert (timer.seconds, new.agent("ann").state) == (6.0, AgentState.WRAP_UP)
    late, (timer,) = restarted(e, 70.0)
    assert timer.seconds == 0.0 and late.agent("ann").activity is Activity.WRAP_UP


def test_two_memories_of_one_phone_do_not_share_it():
    e = engine()
    e.login("ann", "201", 1.0)
    new = engine()
    new.login("bob", "201", 2.0)
    assert new.remember(e.memory("ann"), 3.0, busy=False, reachable=True) == []
    assert new.at_phone("201") == "bob" and new.agent("ann").phone is None


def test_a_talk_that_the_notes_do_not_know():
    e = engine()
    e.login("ann", "201", 1.0)
    join(e, "older", "sales", 2.0)
    e.answered("older", "201", 3.0)
    new, _ = restarted(e, 10.0, busy=["201"])
    new.found("c1", "sales", "ann", 10.5)
    assert (new.agent("ann").contact, new.agent("ann").queue) == ("c1", "sales")
    assert new.agents_with("older") == []
    new.found("c1", "sales", "ann", 10.6)
    assert [agent.name for agent in new.agents_with("c1")] == ["ann"]
    new.release(11.0)
    new.talk_ended("older", 12.0)
    assert new.agent("ann").state is AgentState.TALKING
    assert join(new, "c2", "sales", 12.0) == []
    new.talk_ended("c1", 20.0)
    assert new.agent("ann").state is AgentState.WRAP_UP


def test_a_wrap_up_that_the_notes_know_is_over_with_the_talk_after_it():
    e = engine()
    e.login("ann", "201", 1.0)
    join(e, "older", "sales", 2.0)
    e.answered("older", "201", 3.0)
    e.talk_ended("older", 4.0)
    new, (timer,) = restarted(e, 5.0, busy=["201"])
    new.found("c1", "sales", "ann", 5.5)
    new.timer_ended("ann", timer.turn, 9.0)
    assert new.agent("ann").state is AgentState.TALKING
