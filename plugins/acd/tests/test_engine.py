"""The engine's rules, one at a time."""

import pytest
from engines import SALES, engine, join, offers, people, timers
from jackfield_acd.errors import NoSuchAgent, NoSuchQueue, NotLoggedIn
from jackfield_acd.model import (
    AgentChanged,
    AgentState,
    Dropped,
    Failure,
    Offer,
    QueueRules,
    TimerKind,
    Unstaffed,
)


def test_the_agent_who_is_idle_longest_is_rung_at_the_phone_of_the_log_in():
    e = engine()
    e.login("bob", "202", 1.0)
    e.login("ann", "201", 2.0)
    decisions = e.join("c1", "sales", e.place(0, 3.0), 3.0)
    assert Offer("c1", ("bob",), ("202",), "sales") in decisions
    assert e.agent("bob").state is AgentState.OFFERED
    assert join(e, "c2", "sales", 4.0) == [("c2", "ann")]


def test_priority_then_time_of_joining_over_all_queues():
    e = engine()
    assert join(e, "old", "help", 1.0) == join(e, "older", "sales", 2.0, joined=0.5) == []
    assert join(e, "vip", "help", 3.0, priority=50) == []
    assert [c.id for c in e.waiting("help")] == ["vip", "old"]
    served = []
    decisions = e.login("bob", "202", 4.0)
    for now in (5.0, 6.0, 7.0):
        ((contact, agent),) = offers(decisions)
        assert agent == "bob"
        served.append(contact)
        decisions = [*e.talk_ended(contact, now), *e.ready("bob", now)]
    assert served == ["vip", "older", "old"]


def test_contacts_that_joined_at_the_same_time_keep_their_order():
    e = engine()
    for name in ("z", "y", "x"):
        join(e, name, "sales", 1.0)
    assert [c.id for c in e.waiting("sales")] == ["z", "y", "x"]
    assert [e.position(c) for c in ("z", "y", "x")] == [1, 2, 3]


def test_an_unanswered_contact_is_first_again_and_goes_to_another_agent():
    e = engine()
    e.login("ann", "201", 1.0)
    assert join(e, "c1", "sales", 2.0) == [("c1", "ann")]
    join(e, "c2", "sales", 3.0)
    e.pause("ann", "", 4.0)  # so that she does not take the next one at once
    assert offers(e.failed("c1", Failure.NO_ANSWER, 5.0)) == []
    assert [c.id for c in e.waiting("sales")] == ["c1", "c2"]
    assert offers(e.login("bob", "202", 6.0)) == [("c1", "bob")]


def test_an_agent_who_did_not_answer_goes_to_the_end_of_the_idle_line():
    e = engine()
    e.login("ann", "201", 1.0)
    e.login("bob", "202", 2.0)
    join(e, "c1", "sales", 3.0)
    assert offers(e.failed("c1", Failure.NO_ANSWER, 4.0)) == [("c1", "bob")]
    e.leave("c1", 5.0)  # the caller gives up: bob keeps his place before ann
    assert join(e, "c2", "sales", 6.0) == [("c2", "bob")]


def test_unanswered_offers_in_a_row_pause_the_agent():
    e = engine()
    e.login("ann", "201", 1.0)
    join(e, "c1", "sales", 2.0)
    assert offers(e.failed("c1", Failure.NO_ANSWER, 3.0)) == [("c1", "ann")]
    decisions = e.failed("c1", Failure.NO_ANSWER, 4.0)
    assert offers(decisions) == [] and AgentChanged("ann") in decisions
    assert (e.agent("ann").state, e.agent("ann").pause) == (AgentState.PAUSED, "no answer")
    assert offers(e.ready("ann", 5.0)) == [("c1", "ann")]
    assert e.agent("ann").unanswered == 0


def test_an_answer_resets_the_count():
    e = engine()
    e.login("ann", "201", 1.0)
    join(e, "c1", "sales", 2.0)
    e.failed("c1", Failure.NO_ANSWER, 3.0)
    e.talk_ended("c1", 4.0)
    e.ready("ann", 5.0)
    join(e, "c2", "sales", 6.0)
    e.failed("c2", Failure.NO_ANSWER, 7.0)
    assert e.agent("ann").pause is None


def test_a_phone_that_refuses_rests_until_it_is_used_or_time_is_up():
    e = engine()
    e.login("ann", "201", 1.0)
    join(e, "c1", "sales", 2.0)
    decisions = e.failed("c1", Failure.BUSY, 3.0)
    (timer,) = timers(decisions)
    assert offers(decisions) == [] and timer.kind is TimerKind.REST
    assert offers(e.timer_ended("ann", timer.turn, 8.0)) == [("c1", "ann")]
    e.failed("c1", Failure.UNREACHABLE, 9.0)
    assert e.agent("ann").unanswered == 1, "a phone that is not there is not the agent's fault"
    assert offers(e.phone_changed("201", busy=True, reachable=True, now=10.0)) == []
    assert offers(e.phone_changed("201", busy=False, reachable=True, now=11.0)) == [("c1", "ann")]


def test_wrap_up_holds_in_all_queues_for_the_time_of_the_queue_that_was_served():
    e = engine()
    e.login("bob", "202", 1.0)
    join(e, "c1", "sales", 2.0)
    e.answered("c1", "202", 3.0)
    assert e.agent("bob").state is AgentState.TALKING
    (timer,) = timers(e.talk_ended("c1", 4.0))
    assert (timer.seconds, timer.kind) == (10, TimerKind.WRAP_UP)
    assert join(e, "c2", "help", 5.0) == []
    assert offers(e.timer_ended("bob", timer.turn, 14.0)) == [("c2", "bob")]
    assert timers(e.talk_ended("c2", 15.0)) == [], "help has no wrap-up"


def test_a_timer_that_was_overtaken_does_nothing():
    e = engine()
    e.login("ann", "201", 1.0)
    join(e, "c1", "sales", 2.0)
    (first,) = timers(e.talk_ended("c1", 3.0))
    e.ready("ann", 4.0)
    join(e, "c2", "sales", 5.0)
    (second,) = timers(e.talk_ended("c2", 6.0))
    e.timer_ended("ann", first.turn, 13.0)
    assert e.agent("ann").state is AgentState.WRAP_UP
    e.timer_ended("ann", second.turn, 16.0)
    assert e.agent("ann").state is AgentState.READY


def test_a_pause_during_a_talk_counts_from_its_end():
    e = engine(QueueRules("sales", ("ann",)))
    e.login("ann", "201", 1.0)
    join(e, "c1", "sales", 2.0)
    e.answered("c1", "201", 3.0)
    e.pause("ann", "lunch", 4.0)
    assert e.agent("ann").state is AgentState.TALKING
    e.talk_ended("c1", 5.0)
    assert e.agent("ann").state is AgentState.PAUSED
    assert join(e, "c2", "sales", 6.0) == []


def test_log_out_during_a_talk_counts_from_its_end():
    e = engine()
    e.login("ann", "201", 1.0)
    join(e, "c1", "sales", 2.0)
    decisions = e.logout("ann", 3.0)
    assert Unstaffed("sales") in decisions
    e.answered("c1", "201", 4.0)
    assert timers(e.talk_ended("c1", 5.0)) == [], "nobody is there to wrap up"
    assert e.agent("ann").state is AgentState.LOGGED_OUT


def test_a_phone_in_use_gets_no_offer():
    e = engine()
    e.login("ann", "201", 1.0, busy=True)
    assert join(e, "c1", "sales", 2.0) == []
    assert offers(e.phone_changed("201", busy=False, reachable=False, now=3.0)) == []
    assert offers(e.phone_changed("201", busy=False, reachable=True, now=4.0)) == [("c1", "ann")]


def test_one_agent_at_one_phone():
    e = engine()
    e.login("ann", "201", 1.0)
    e.login("ann", "203", 2.0)
    assert (e.at_phone("201"), e.at_phone("203")) == (None, "ann")
    e.login("bob", "203", 3.0)
    assert e.at_phone("203") == "bob"
    assert e.agent("ann").state is AgentState.LOGGED_OUT
    assert e.staffed("sales")
    decisions = e.join("c1", "sales", e.place(0, 4.0), 4.0)
    assert Offer("c1", ("bob",), ("203",), "sales") in decisions


def test_what_is_refused():
    e = engine()
    with pytest.raises(NoSuchQueue, match="queue:nope"):
        e.join("c1", "nope", e.place(0, 1.0), 1.0)
    with pytest.raises(NoSuchAgent, match="agent:nope"):
        e.login("nope", "201", 1.0)
    with pytest.raises(NotLoggedIn, match=r"\*11"):
        e.pause("ann", "", 1.0)
    join(e, "c1", "sales", 1.0)
    with pytest.raises(ValueError, match="c1"):
        e.join("c1", "help", e.place(0, 1.0), 1.0)
    assert e.position("c1") == 1


def test_another_site():
    e = engine()
    e.login("bob", "202", 1.0)
    e.login("ann", "201", 1.5)
    join(e, "talk", "help", 2.0)
    e.answered("talk", "202", 2.5)
    join(e, "c1", "help", 3.0)
    join(e, "c2", "help", 4.0)
    assert offers(e.configure((QueueRules("help", ("bob", "ann")),), people("ann", "bob"), 5.0)) == [("c1", "ann")]
    e.leave("c1", 6.0)
    e.leave("c2", 7.0)
    join(e, "c3", "help", 8.0)  # ann
    join(e, "c4", "help", 9.0)
    decisions = e.configure((SALES,), people("bob"), 10.0)
    assert Dropped("c4", "help") in decisions
    assert e.agent("ann").state is AgentState.OFFERED, "what is under way goes on"
    assert Dropped("c3", "help") in e.failed("c3", Failure.NO_ANSWER, 11.0)
    e.talk_ended("talk", 12.0)
    assert e.agent("bob").state is AgentState.READY
    with pytest.raises(NoSuchQueue):
        e.length("help")
