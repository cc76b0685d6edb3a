"""The engine's rules, one at a time."""

import pytest
from jackfield_acd.errors import NoSuchAgent, NoSuchQueue, NotLoggedIn
from jackfield_acd.model import (
    Activity,
    AgentChanged,
    AgentRules,
    AgentState,
    CallBack,
    Demand,
    Dropped,
    Failure,
    Need,
    Offer,
    QueueRules,
    Refusal,
    StartTimer,
    TimerKind,
    Unstaffed,
    Wish,
)
from jackfield_acd.service import Engine

SALES = QueueRules("sales", ("ann", "bob"), wrapup_seconds=10, no_answer_pause=2, stay_needs=Need.LOGGED_IN)
HELP = QueueRules("help", ("bob",))


def people(*names):
    return [AgentRules(name) for name in names]


def engine(*rules, agents=("ann", "bob", "cy")):
    new = Engine()
    new.configure(rules or (SALES, HELP), people(*agents), 0.0)
    return new


def offers(decisions):
    return [(d.contact, *d.agents) for d in decisions if isinstance(d, Offer)]


def timers(decisions):
    return [d for d in decisions if isinstance(d, StartTimer)]


def join(e, contact, queue, now, priority=0, joined=None):
    return offers(e.join(contact, queue, e.place(priority, now if joined is None else joined), now))


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


# -- restarts


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


# -- strategies, skills, wishes, weights (the machine in test_engine_rules_machine.py tries them in every order)


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
