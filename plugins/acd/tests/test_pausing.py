"""Reasons to pause, unanswered offers by agent, and more time for notes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.config.site import Site
from jackfield.routing.destinations import Result
from jackfield_acd import pausing
from jackfield_acd.errors import NotLoggedIn, NoWrapUp, UnknownReason
from jackfield_acd.kinds import Agent, Queue
from jackfield_acd.model import AgentRules, AgentState, Failure, QueueRules
from jackfield_acd.pausing import PauseReason
from jackfield_acd.service import Engine
from jackfield_acd.sounds import sounds
from pydantic import ValidationError

LUNCH = PauseReason(name="lunch", code="2", text={"en": "Lunch", "zh": "午餐"}, paid=False, notice_minutes=45)
TEA = PauseReason(name="tea", code="1", text={"zh": "茶歇"})


def with_reasons(world, *reasons):
    site = world.site
    world.site = Site({**{kind: site.all(kind, object) for kind in ("queue", "agent", "extension")},
                       "pause-reason": list(reasons)})  # fmt: skip
    return world.start()


def dial(world, action, rest="", extension="201"):
    call = world.call("a1", extension=extension, rest=rest)
    return call, world.desk.handle(call, action)


def test_a_reason_is_dialled_said_back_and_kept_over_a_restart(world):
    with_reasons(world, LUNCH, TEA)
    dial(world, "login")
    call, end = dial(world, "pause", rest="2")
    assert (call.did[-1], end.outcome) == (("play", "acd-paused", "acd-reason-lunch"), "paused: lunch")
    assert world.state("1001")["reason"] == "lunch"
    world.settle()
    world.start()
    assert (world.state("1001")["state"], world.state("1001")["reason"]) == ("paused", "lunch")
    call, end = dial(world, "pause", rest="7")
    assert (call.did[-1], end.result) == (("play", "acd-unknown-reason"), Result.REJECTED)
    assert world.state("1001")["reason"] == "lunch"


def test_by_name_or_code_and_nothing_else_where_there_is_a_list():
    site = Site({"pause-reason": [LUNCH, TEA]})
    assert [pausing.named(site, said) for said in ("lunch", "2", "1", "")] == ["lunch", "lunch", "tea", ""]
    with pytest.raises(UnknownReason, match="tea \\(1\\), lunch \\(2\\)"):
        pausing.named(site, "nonsense")
    assert pausing.named(Site({}), "any\x1bwords") == "anywords"
    assert [reason.name for reason in pausing.reasons(site)] == ["tea", "lunch"]


def test_each_reason_is_spoken_in_every_language():
    spoken = {r.name: r.text for r in sounds(Site({"pause-reason": [LUNCH, TEA]}))}
    assert spoken["acd-reason-lunch"] == {"en": "Lunch", "zh": "午餐"}
    assert spoken["acd-reason-tea"] == {"en": "茶歇", "zh": "茶歇"}


@pytest.mark.parametrize("text", [{}, {"en": ""}, {"en": " - "}, {"en": "a\nb"}, {"fr": "Midi"}, {"en": "x" * 61}])
def test_a_text_that_cannot_be_said_is_refused(text):
    with pytest.raises(ValidationError):
        PauseReason(name="x", code="1", text=text)


def test_unanswered_offers_count_as_the_agent_says():
    engine = Engine()
    queue = QueueRules("q", ("a", "b"), no_answer_pause=3)
    engine.configure([queue], [AgentRules("a", no_answer_pause=1), AgentRules("b", no_answer_pause=0)], 0.0)
    engine.login("a", "1", 0.0)
    engine.join("c", "q", engine.place(0, 1.0), 1.0)
    engine.failed("c", Failure.NO_ANSWER, 2.0)
    assert engine.agent("a").state is AgentState.PAUSED
    engine.login("b", "2", 3.0)
    for now in range(4, 9):
        assert engine.failed("c", Failure.NO_ANSWER, float(now))
    assert engine.agent("b").unanswered == 5


def test_the_phone_rings_as_long_as_the_agent_says(world):
    world.site = world.make_site(
        [Queue(name="sales", agents=["1001", "1002"], ring_seconds=30)],
        [Agent(name="1001", extension="201", ring_seconds=7), Agent(name="1002", extension="202")],
    )
    world.start()
    for agent, phone in (("1001", "201"), ("1002", "202")):
        world.runtime.login(agent, phone)
    world.serve(world.call("c1"))
    ring = world.ring()
    assert ring.options.seconds == 7
    world.advance(7)
    ring.end("NOANSWER")
    assert world.ring().options.seconds == 30


@given(
    wrap_up=st.floats(0.5, 100),
    longest=st.floats(0, 300),
    asks=st.lists(st.tuples(st.floats(0.1, 50), st.none() | st.floats(0.1, 100)), max_size=8),
)
def test_notes_never_take_longer_than_the_queue_allows_and_never_less_than_before(wrap_up, longest, asks):
    engine = Engine()
    engine.configure(
        [QueueRules("q", ("a",), wrapup_seconds=wrap_up, wrapup_max_seconds=longest)], [AgentRules("a")], 0
    )
    engine.login("a", "1", 0.0)
    with pytest.raises(NoWrapUp):
        engine.extend_wrap_up("a", 0.0)
    engine.join("c", "q", engine.place(0, 0.0), 0.0)
    (timer,) = [d for d in engine.talk_ended("c", 0.0) if hasattr(d, "turn")]
    now = 0.0
    for pause, seconds in asks:
        now += pause
        agent = engine.agent("a")
        before = agent.until
        if now >= before:
            break
        try:
            found = [d for d in engine.extend_wrap_up("a", now, seconds) if hasattr(d, "turn")]
        except NoWrapUp:
            assert before >= longest
            continue
        assert before < agent.until <= max(longest, wrap_up)
        assert engine.timer_ended("a", timer.turn, now) == [], "the timer of before is overtaken"
        assert agent.state is AgentState.WRAP_UP
        (timer,) = found
        assert timer.seconds == pytest.approx(agent.until - now)
    engine.timer_ended("a", timer.turn, now)
    assert engine.agent("a").state is AgentState.READY


def test_more_time_by_code(world):
    world.queue(wrapup_seconds=10, wrapup_max_seconds=25).start()
    _, end = dial(world, "more-time")
    assert end.outcome == "not logged in"
    dial(world, "login")
    call, end = dial(world, "more-time")
    assert (call.did[-1], end.result) == (("play", "acd-no-more-time"), Result.REJECTED)
    result = world.serve(world.call("c1"))
    world.ring().end("ANSWER")
    result()
    for outcome in ("more time", "more time", "no more time"):
        assert dial(world, "more-time")[1].outcome == outcome
    world.advance(24)
    assert world.state("1001")["state"] == "wrap-up"
    world.advance(2)
    assert world.state("1001")["state"] == "ready"
    with pytest.raises(NotLoggedIn):
        world.runtime.extend_wrap_up("1002")
