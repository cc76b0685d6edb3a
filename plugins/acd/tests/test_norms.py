"""Notices while it lasts: before a norm is exceeded, when it is, and no more when it is over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield_acd.errors import NotTalking
from jackfield_acd.kinds import Agent, Queue
from jackfield_acd.norms import Watch
from jackfield_acd.pausing import PauseReason


@given(since=st.floats(0, 1e6), limit=st.floats(1, 1e4), share=st.floats(0.1, 1), seconds=st.floats(0, 2e4))
def test_the_level_rises_only_at_the_moments_that_are_told(since, limit, share, seconds):
    watch, now = Watch("talk", since, limit, share), since + seconds
    order = ["", "soon", "over"]
    due = watch.next(now)
    if due is None:
        assert watch.level(now + 1e9) == watch.level(now) == "over"
    else:
        assert due > now
        assert watch.level((now + due) / 2) == watch.level(now) or (now + due) / 2 >= due
        assert order.index(watch.level(due)) > order.index(watch.level(now))


class Ears:
    def __init__(self, world):
        self.world, self.heard = world, []
        world.events.subscribe(
            "acd.notices", lambda e: self.heard.append((e["what"], e["notice"]["key"], e["notice"]["level"]))
        )

    def new(self):
        self.world.settle()
        heard, self.heard = self.heard, []
        return heard


@pytest.fixture
def ears(world):
    world.site = world.make_site(
        [
            Queue(
                name="sales", agents=["1001"], norm_answer_seconds=100, norm_ring_seconds=10, norm_talk_seconds=300,
                norm_hold_seconds=50, norm_notice_percent=80, wrapup_seconds=0,
            )
        ],
        [Agent(name="1001", extension="201")],
    )  # fmt: skip
    world.start()
    return Ears(world)


def talk(world):
    """c1 waits 90 s, rings 9 s, and talks."""
    call = world.call("c1")
    result = world.serve(call)
    world.waits(call)
    world.advance(90)
    world.runtime.login("1001", "201")
    ring = world.ring()
    world.advance(9)
    world.events.publish("call", id="c1", what="answered", endpoint="201")
    return ring, result


def test_a_call_from_its_wait_to_its_talk(world, ears):
    ring, result = talk(world)
    assert ears.new() == [
        ("raised", "answer:c1", "soon"),
        ("raised", "ring:1001", "soon"),
        ("cleared", "answer:c1", ""),
        ("cleared", "ring:1001", ""),
    ]
    world.advance(239)
    assert ears.new() == []
    world.advance(1)
    assert ears.new() == [("raised", "talk:1001", "soon")]
    (notice,) = world.runtime.supervision.notices()
    assert (notice["call"], notice["queue"], notice["limit_seconds"]) == ("c1", "sales", 300)
    assert notice["text"] == "talk of agent 1001 out of queue sales nears the norm of 300 s"
    world.advance(60)
    assert ears.new() == [("raised", "talk:1001", "over")]
    ring.end("ANSWER")
    result()
    assert ears.new() == [("cleared", "talk:1001", "")]
    assert world.runtime.supervision.notices() == []
    world.advance(1000)
    assert ears.new() == []


def test_a_caller_on_hold(world, ears):
    ring, result = talk(world)
    ears.new()
    world.events.publish("call", id="c1", what="held", endpoint="201")
    world.advance(40)
    assert ears.new() == [("raised", "hold:1001", "soon")]
    world.events.publish("call", id="c1", what="resumed", endpoint="201")
    assert ears.new() == [("cleared", "hold:1001", "")]
    world.events.publish("call", id="c1", what="held", endpoint="201")
    world.advance(60)
    assert [h for h in ears.new() if "hold" in h[1]] == [
        ("raised", "hold:1001", "soon"),
        ("raised", "hold:1001", "over"),
    ]
    ring.end("ANSWER")
    result()
    assert ("cleared", "hold:1001", "") in ears.new()


def test_personal_service_has_no_norm_and_is_on_record(world, ears):
    with pytest.raises(NotTalking):
        world.runtime.supervision.mark_personal("1001")
    ring, result = talk(world)
    world.advance(250)
    assert ears.new()[-1] == ("raised", "talk:1001", "soon")
    call = world.call("a1", extension="201")
    assert world.desk.handle(call, "personal").outcome == "personal"
    assert ears.new() == [("cleared", "talk:1001", "")]
    world.advance(1000)
    assert ears.new() == []
    ring.end("ANSWER")
    result()


@pytest.mark.parametrize("marked", [True, False])
def test_a_mark_outlives_a_restart(world, ears, marked):
    """The talk goes on without us; marked, it has no norm afterwards either."""
    talk(world)
    if marked:
        world.runtime.supervision.mark_personal("1001")
    world.settle()
    world.phone("201", busy=True)
    world.start()
    late = Ears(world)
    world.advance(1000)
    assert bool(late.new()) is not marked


def test_a_pause_that_is_too_long(world, ears):
    site = world.site
    lunch = PauseReason(name="lunch", code="2", text={"en": "Lunch"}, notice_minutes=30)
    world.site = type(site)(
        {**{k: site.all(k, object) for k in ("queue", "agent", "extension")}, "pause-reason": [lunch]}
    )
    world.runtime.site_changed(world.site)
    world.runtime.login("1001", "201")
    world.runtime.pause("1001", "lunch")
    world.advance(1799)
    assert ears.new() == []
    world.advance(1)
    assert ears.new() == [("raised", "pause:1001", "over")]
    world.runtime.ready("1001")
    assert ears.new() == [("cleared", "pause:1001", "")]


def test_after_a_restart_and_with_other_norms(world, ears):
    ring, _ = talk(world)
    world.settle()
    world.advance(280)
    world.start(recovered=False)
    assert [n["key"] for n in world.runtime.supervision.notices()] == ["talk:1001"]
    world.site = world.make_site(
        [Queue(name="sales", agents=["1001"], norm_talk_seconds=3000)], [Agent(name="1001", extension="201")]
    )
    world.runtime.site_changed(world.site)
    assert world.runtime.supervision.notices() == []
    ring.end("ANSWER")
