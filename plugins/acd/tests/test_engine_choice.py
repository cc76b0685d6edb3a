"""Whom an engine rings, and for whom: strategies, skills, wishes, weights, priority, admission.

The machine in test_engine_rules_machine.py tries them in every order.
"""

import sys

import pytest
from engines import SALES, engine, join, offers, people
from hypothesis import given
from hypothesis import strategies as st
from jackfield_acd.model import (
    AgentRules,
    AgentState,
    CallBack,
    Demand,
    Failure,
    Need,
    QueueRules,
    Refusal,
    Unstaffed,
    Wish,
)
from jackfield_acd.service import Engine
from jackfield_acd.strategies import STRATEGIES


def team(rules, *agents):
    e = Engine()
    e.configure(rules, agents, 0.0)
    for number, agent in enumerate(agents):
        e.login(agent.name, f"20{number}", 1.0 + number)
    return e


def serve(e, contact, queue, now):
    """Who is rung for a contact that talks for a second."""
    ((_, agent),) = join(e, contact, queue, now)
    e.talk_ended(contact, now + 1.0)
    return agent


@pytest.mark.parametrize(
    ("strategy", "rung"),
    [
        ("longest-idle", ["cy", "ann", "bob", "cy"]),
        ("round-robin", ["bob", "ann", "cy", "bob"]),
        ("fewest-calls", ["cy", "ann", "bob", "cy"]),
        ("linear", ["bob", "bob", "bob", "bob"]),
    ],
)
def test_whom_a_strategy_rings(strategy, rung):
    e = team([QueueRules("sales", ("bob", "ann", "cy"), strategy)], *people("cy", "ann", "bob"))
    assert [serve(e, f"c{n}", "sales", 10.0 * n + 10) for n in range(4)] == rung


def test_random_rings_everybody_about_as_often_and_the_same_ones_again():
    def rung(seed):
        e = Engine(seed)
        e.configure([QueueRules("sales", ("ann", "bob", "cy"), "random")], people("ann", "bob", "cy"), 0.0)
        for name in ("ann", "bob", "cy"):
            e.login(name, name, 1.0)
        return [serve(e, f"c{n}", "sales", 10.0 + 2 * n) for n in range(600)]

    first = rung(1)
    assert first == rung(1) != rung(2)
    assert all(150 < first.count(name) < 250 for name in ("ann", "bob", "cy"))


def test_ring_all_rings_all_and_who_answers_has_it():
    e = team([QueueRules("sales", ("ann", "bob", "cy"), "ring-all", no_answer_pause=2)], *people("ann", "bob", "cy"))
    assert join(e, "c1", "sales", 5.0) == [("c1", "ann", "bob", "cy")]
    join(e, "c2", "sales", 6.0)
    assert offers(e.answered("c1", "201", 7.0)) == [("c2", "ann", "cy")]
    assert e.agent("bob").state is AgentState.TALKING
    assert offers(e.failed("c2", Failure.NO_ANSWER, 8.0)) == [("c2", "ann", "cy")]
    assert (e.agent("ann").unanswered, e.agent("bob").unanswered) == (1, 0)


def test_demands_widen_with_the_time_in_the_queue():
    german = QueueRules(
        "german",
        ("ann", "bob"),
        demands=(Demand(0.0, (("german", 5),)), Demand(20.0, (("german", 2),)), Demand(40.0, (), ("help",))),
    )
    skilled = [AgentRules("ann", {"german": 3}), AgentRules("bob"), AgentRules("cy")]
    e = team([german, QueueRules("help", ("cy",))], *skilled)
    decisions = e.join("c1", "german", e.place(0, 10.0), 10.0)
    assert offers(decisions) == [] and CallBack(20.0) in decisions
    assert offers(e.advance(29.9)) == []
    assert offers(e.advance(30.0)) == [("c1", "ann")]
    e.pause("ann", "", 31.0)
    assert offers(e.failed("c1", Failure.NO_ANSWER, 32.0)) == []
    assert offers(e.advance(50.0)) == [("c1", "bob")], "at last anybody, and the agents of another queue"
    e.pause("bob", "", 51.0)
    assert offers(e.failed("c1", Failure.NO_ANSWER, 52.0)) == [("c1", "cy")]


def test_the_most_skilled_is_rung_first():
    rules = QueueRules("german", ("ann", "bob"), "most-skilled", demands=(Demand(0.0, (("german", 1),)),))
    e = team([rules], AgentRules("ann", {"german": 2, "french": 9}), AgentRules("bob", {"german": 3}))
    assert [serve(e, f"c{n}", "german", 10.0 + 2 * n) for n in range(2)] == ["bob", "bob"]


def test_the_last_agent_first():
    e = team([QueueRules("sales", ("ann", "bob"))], *people("ann", "bob"))
    wish = Wish("bob", 30.0)
    assert offers(e.join("c1", "sales", e.place(0, 10.0), 10.0, wish)) == [("c1", "bob")]
    decisions = e.join("c2", "sales", e.place(0, 11.0), 11.0, wish)
    assert offers(decisions) == [] and CallBack(19.0) in decisions, "waits for bob, though ann is free"
    assert offers(e.advance(30.0)) == [("c2", "ann")]
    e.talk_ended("c2", 31.0)
    assert offers(e.join("c3", "sales", e.place(0, 32.0), 32.0, Wish("bob", 32.0))) == [("c3", "ann")]
    e.talk_ended("c3", 33.0)
    e.join("c4", "sales", e.place(0, 34.0), 34.0, Wish("bob", float("inf")))
    assert offers(e.logout("bob", 35.0)) == [("c4", "ann")], "nobody waits for one who has gone home"


def test_queues_have_weights_for_an_agent():
    rules = [QueueRules("sales", ("ann",)), QueueRules("help", ("ann",))]
    e = team(rules, AgentRules("ann", weights={"help": 3.0}))
    e.pause("ann", "", 5.0)
    join(e, "early", "sales", 10.0)
    join(e, "late", "help", 20.0)
    assert offers(e.ready("ann", 24.0)) == [("early", "ann")], "14 s against 3 x 4 s"
    e.pause("ann", "", 25.0)
    e.failed("early", Failure.CANCELLED, 26.0)
    assert offers(e.ready("ann", 27.0)) == [("late", "ann")], "17 s against 3 x 7 s"


def test_a_point_of_priority_is_worth_some_time():
    e = engine(QueueRules("sales", ("ann",), point_seconds=10.0))
    join(e, "plain", "sales", 0.0)
    join(e, "vip", "sales", 49.0, priority=5)
    join(e, "vip too", "sales", 51.0, priority=5)
    assert [c.id for c in e.waiting("sales")] == ["vip", "plain", "vip too"]


def test_nothing_starves_though_preferred_callers_never_stop():
    e = engine(QueueRules("sales", ("ann",), point_seconds=10.0), agents=("ann",))
    e.login("ann", "201", 0.0)
    join(e, "vip0", "sales", 0.0, priority=5)
    join(e, "plain", "sales", 0.5)
    for now in range(1, 100):
        join(e, f"vip{now}", "sales", float(now), priority=5)
        decisions = e.talk_ended(f"vip{now - 1}", now + 0.5)
        if offers(decisions) == [("plain", "ann")]:
            break
    assert now == 51, "50 s of lead, and no more"


@given(
    st.integers(1, 20),
    st.sampled_from([0.5, 1.0, 7.0]),
    st.sampled_from([1.0, 2.5]),
    st.sampled_from(sorted(STRATEGIES)),
)
def test_how_long_preferred_callers_can_keep_others_waiting(points, worth, talk, strategy):
    """As long as their priority is worth, and the talk that is under way; then no more of them go first."""
    e = engine(QueueRules("sales", ("ann",), strategy, point_seconds=worth), agents=("ann",))
    e.login("ann", "201", 0.0)
    join(e, "vip0", "sales", 0.0, priority=points)
    join(e, "plain", "sales", 0.0)
    now, served = 0.0, 0
    while served < 10_000:
        join(e, f"vip{served + 1}", "sales", now + talk / 2, priority=points)
        now += talk
        if offers(e.talk_ended(f"vip{served}", now)) == [("plain", "ann")]:
            break
        served += 1
    assert now <= points * worth + 2 * talk


def steps(event):
    """Calls of functions that an event costs: what hangs on the sizes of lists shows, the machine's speed does not."""
    count = 0

    def note(frame, kind, argument):
        nonlocal count
        count += kind in ("call", "c_call")

    sys.setprofile(note)
    try:
        event()
    finally:
        sys.setprofile(None)
    return count


def test_a_decision_costs_no_more_with_many_waiting_agents_and_queues():
    """Joining, an agent who becomes free, one who comes: as many steps with a hundred times as much of everything."""

    def costs(size):
        names = [f"a{n}" for n in range(size)]
        rules = [QueueRules(f"q{n}", tuple(names[n : n + 10]), point_seconds=60.0) for n in range(size // 2)]
        e = Engine()
        e.configure(rules, [AgentRules(name) for name in names], 0.0)
        for n, name in enumerate(names[5:]):
            e.login(name, f"p{n}", 1.0 + n / 1000)
            e.pause(name, "", 2.0)
        for n in range(10 * size):
            e.join(f"c{n}", f"q{n % len(rules)}", e.place(n % 3, 3.0 + n / 1000), 3.0 + n / 1000)
        e.ready("a7", 100.0)
        talks = e.agent("a7").contact
        e.answered(talks, "p2", 101.0)
        place = e.place(1, 102.0)
        return [
            steps(lambda: e.join("new", "q1", place, 102.0)),
            steps(lambda: e.talk_ended(talks, 103.0)),
            steps(lambda: e.login("a1", "other", 104.0)),
            steps(lambda: e.leave("new", 105.0)),
        ]

    few, many = costs(20), costs(2000)
    assert all(more <= 1.5 * less + 10 for less, more in zip(few, many, strict=True)), (few, many)


def test_admission():
    rules = QueueRules("sales", ("ann",), max_length=1, join_needs=Need.FREE, stay_needs=Need.NOT_PAUSED)
    e = engine(rules, agents=("ann",))
    assert e.refusal("nope") is Refusal.GONE
    assert e.refusal("sales") is Refusal.EMPTY
    e.login("ann", "201", 1.0)
    assert e.refusal("sales") is None
    join(e, "c1", "sales", 2.0)
    assert e.refusal("sales") is Refusal.EMPTY, "nobody is free"
    assert Unstaffed("sales") in e.pause("ann", "", 3.0)
    e.configure([QueueRules("sales", ("ann",), max_length=1)], people("ann"), 4.0)
    assert e.refusal("sales") is None
    join(e, "c2", "sales", 5.0)
    assert e.refusal("sales") is Refusal.FULL


def test_another_strategy_while_contacts_wait_costs_nobody_the_place():
    e = engine(SALES)
    for n in range(5):
        join(e, f"c{n}", "sales", 1.0 + n)
    skilled = QueueRules("sales", ("ann", "bob"), "ring-all", demands=(Demand(0.0, (("german", 1),)),))
    assert offers(e.configure([skilled], [AgentRules("ann", {"german": 1}), AgentRules("bob")], 9.0)) == []
    assert [c.id for c in e.waiting("sales")] == [f"c{n}" for n in range(5)]
    assert offers(e.login("bob", "202", 10.0)) == []
    assert offers(e.login("ann", "201", 11.0)) == [("c0", "ann")]


def test_a_phone_that_was_not_there_for_a_moment_does_not_cost_the_turn():
    e = engine()
    e.login("ann", "201", 1.0)
    e.login("bob", "202", 2.0)
    e.phone_changed("201", busy=False, reachable=False, now=3.0)
    e.phone_changed("201", busy=False, reachable=True, now=4.0)
    assert join(e, "c1", "sales", 5.0) == [("c1", "ann")]
    assert offers(e.failed("c1", Failure.UNREACHABLE, 6.0)) == [("c1", "bob")]
    e.leave("c1", 7.0)
    e.phone_changed("201", busy=False, reachable=False, now=8.0)
    e.phone_changed("201", busy=False, reachable=True, now=9.0)
    assert join(e, "c2", "sales", 10.0) == [("c2", "ann")]


def test_a_talk_counts_though_its_answer_was_never_told():
    e = engine(QueueRules("sales", ("ann", "bob")))
    e.login("ann", "201", 1.0)
    e.login("bob", "202", 2.0)
    assert [serve(e, f"c{n}", "sales", 10.0 + 2 * n) for n in range(3)] == ["ann", "bob", "ann"]
    assert e.agent("ann").taken == 2
