"""A caller's time in a queue."""

import pytest
from jackfield.calls.call import Wake
from jackfield.errors import CallerHungUp, CommandFailed
from jackfield.routing.destinations import End, Goto, Result
from jackfield_acd.kinds import Agent, Queue


def test_with_an_agent_free_the_phone_rings_after_checkpoint_and_answer(world):
    world.start().runtime.login("1001", "201")
    call = world.call("c1", priority=50)
    result = world.serve(call)
    ring = world.ring()
    assert call.did == [("checkpoint",), ("answer",), ("dial", "PJSIP/201")]
    assert call.memo == {"joined": world.epoch + world.now, "priority": 50, "sequence": 1}
    assert (ring.options.seconds, ring.options.music) == (20, "default")
    assert (ring.options.agent, ring.options.queue) == ("1001", "sales")
    assert world.state("1001")["state"] == "offered"
    world.events.publish("call", id="c1", what="answered", endpoint="201")
    assert world.state("1001")["state"] == "talking"
    ring.end("ANSWER")
    assert result() == End(Result.ANSWERED, outcome="answered")
    assert world.state("1001")["state"] == "wrap-up"
    world.advance(10)
    assert world.state("1001")["state"] == "ready"


def test_who_must_wait_hears_the_position_and_then_music(world):
    world.queue(music="jazz").start()
    calls = [world.call(f"c{n}") for n in (1, 2)]
    for call in calls:
        world.serve(call)
        world.waits(call)
    assert calls[1].did == [
        ("checkpoint",),
        ("answer",),
        ("play", "acd-position-before", "number:2", "acd-position-after"),
        ("music", "jazz"),
        ("wait", 60.0),
    ]
    world.runtime.login("1001", "201")
    assert world.ring().call is calls[0]


def test_the_position_is_told_again_and_again(world):
    world.queue(announce_every=30).start()
    call = world.call("c1")
    world.serve(call)
    world.waits(call)
    world.advance(29.9)
    assert call.verbs().count("play") == 1
    world.advance(0.1)
    world.waits(call, 2)
    assert call.verbs() == ["checkpoint", "answer", "play", "music", "wait", "play", "music", "wait"]


def test_no_announcement_when_the_queue_wants_none(world):
    world.queue(announce_position=False).start()
    call = world.call("c1")
    world.serve(call)
    world.waits(call)
    assert call.did[2:] == [("music", "default"), ("wait", None)]


def test_an_offer_cuts_the_announcement_short(world):
    world.long_prompts = True
    world.start()
    call = world.call("c1")
    world.serve(call)
    assert world.playing.wait(10)
    world.runtime.login("1001", "201")
    assert world.ring().call is call
    assert call.channel in world.asterisk.interrupted


def test_an_announcement_that_fails_does_not_cost_the_place(world, monkeypatch):
    world.start()
    call = world.call("c1")

    def fail(*args, **kwargs):
        raise CommandFailed("no such file")

    monkeypatch.setattr(call, "play", fail)
    world.serve(call)
    world.waits(call)
    assert world.waiting() == ["c1"]


def test_no_answer_goes_to_the_next_agent_and_then_pauses(world):
    world.start()
    for agent in ("1001", "1002"):
        world.runtime.login(agent, f"20{agent[-1]}")
        world.advance(1)
    call = world.call("c1")
    world.serve(call)
    rung = []
    for _ in range(4):
        ring = world.ring()
        rung.append(ring.options.agent)
        world.advance(20)
        ring.end("NOANSWER")
    assert rung == ["1001", "1002", "1001", "1002"]
    world.waits(call)
    assert {world.state(a)["reason"] for a in ("1001", "1002")} == {"no answer"}
    assert call.verbs() == ["checkpoint", "answer", *["dial"] * 4, "play", "music", "wait"]
    world.runtime.ready("1002")
    assert world.ring().options.agent == "1002"


@pytest.mark.parametrize("status", ["BUSY", "CHANUNAVAIL", "CONGESTION", "SOMETHING"])
def test_a_phone_that_does_not_take_the_call_rests(world, status):
    world.start().runtime.login("1001", "201")
    call = world.call("c1")
    world.serve(call)
    world.ring().end(status)
    world.waits(call)
    assert world.waiting() == ["c1"] and world.rings.empty()
    world.advance(15)
    assert world.ring().call is call


def test_the_caller_keeps_the_place_after_an_unanswered_offer(world):
    world.start().runtime.login("1001", "201")
    first, second = world.call("c1"), world.call("c2")
    world.serve(first)
    ring = world.ring()
    world.advance(1)
    world.serve(second)
    world.waits(second)
    world.runtime.pause("1001")
    ring.end("NOANSWER")
    world.waits(first)
    assert world.waiting() == ["c1", "c2"]


def test_a_caller_who_hangs_up_while_waiting_leaves_the_line(world):
    world.start()
    call = world.call("c1")
    result = world.serve(call)
    world.waits(call)
    call.hang_up()
    assert isinstance(result(), CallerHungUp)
    assert world.waiting() == []


@pytest.mark.parametrize(("talked", "state"), [(True, "wrap-up"), (False, "ready")])
def test_a_caller_who_hangs_up_while_it_rings_or_in_the_talk(world, talked, state):
    world.start().runtime.login("1001", "201")
    result = world.serve(world.call("c1"))
    world.ring().caller_leaves(talked)
    assert isinstance(result(), CallerHungUp)
    assert world.state("1001")["state"] == state


def test_a_caller_who_is_gone_before_the_answer_frees_the_agent(world):
    world.start().runtime.login("1001", "201")
    call = world.call("c1")
    call.hang_up()
    assert isinstance(world.serve(call)(), CallerHungUp)
    assert world.state("1001")["state"] == "ready"


def test_maximum_wait_leads_to_the_overflow(world):
    world.queue(max_wait=90, overflow="prompt:later").start()
    call = world.call("c1")
    result = world.serve(call)
    world.waits(call)
    world.advance(60)
    world.waits(call, 2)
    assert call.did[-1] == ("wait", 30.0)
    world.advance(30)
    assert result() == Goto("prompt:later", "timed out")
    assert world.waiting() == []


def test_an_offer_on_its_way_wins_over_the_maximum_wait(world, monkeypatch):
    world.queue(max_wait=90, overflow="prompt:later", announce_every=0).start()
    call = world.call("c1")
    wait = call.wait

    def wait_just_too_long(seconds, *, keys=""):
        monkeypatch.setattr(call, "wait", wait)
        world.now += 90
        world.runtime.login("1001", "201")
        return Wake(timed_out=True)

    monkeypatch.setattr(call, "wait", wait_just_too_long)
    result = world.serve(call)
    world.ring().end("ANSWER")
    assert result() == End(Result.ANSWERED, outcome="answered")


def test_a_full_queue_overflows_before_it_answers(world):
    world.queue(max_length=1, overflow="prompt:later").start()
    first, second = world.call("c1"), world.call("c2")
    world.serve(first)
    world.waits(first)
    assert world.serve(second)() == Goto("prompt:later", "full")
    assert second.did == []


def test_an_empty_queue_sends_callers_on_and_so_does_the_last_log_out(world):
    world.queue(empty="prompt:closed").start()
    early = world.call("c1")
    assert world.serve(early)() == Goto("prompt:closed", "empty")
    assert early.did == []
    world.runtime.login("1001", "201")
    world.runtime.pause("1001")
    call = world.call("c2")
    result = world.serve(call)
    world.waits(call)
    world.runtime.logout("1001")
    assert result() == Goto("prompt:closed", "empty")


def test_without_empty_callers_wait_for_a_first_log_in(world):
    world.start().runtime.login("1001", "201")
    world.runtime.pause("1001")
    call = world.call("c1")
    world.serve(call)
    world.waits(call)
    world.runtime.logout("1001")
    world.runtime.login("1002", "202")
    assert world.ring().options.agent == "1002"


def test_a_recording_is_announced_before_the_wait_once_a_call(world):
    world.queue(record=True).start().runtime.login("1001", "201")
    call = world.call("c1")
    result = world.serve(call)
    world.ring().end("ANSWER")
    result()
    assert call.did == [("checkpoint",), ("answer",), ("play", "acd-recorded"), ("answer",), ("dial", "PJSIP/201")]
    world.runtime.ready("1001")
    call.did.clear()
    call.memo = {}
    world.serve(call)
    world.ring()
    assert ("play", "acd-recorded") not in call.did


@pytest.mark.parametrize("fields", [{"record": True, "announce_recording": False}, {"record": False}])
def test_no_recording_no_announcement(world, fields):
    world.queue(**fields).start().runtime.login("1001", "201")
    call = world.call("c1")
    world.serve(call)
    world.ring()
    assert ("play", "acd-recorded") not in call.did


def test_after_the_talk(world):
    world.queue(after="prompt:bye").start().runtime.login("1001", "201")
    result = world.serve(world.call("c1"))
    world.ring().end("ANSWER")
    assert result() == Goto("prompt:bye", "answered")


def test_a_queue_that_is_gone(world):
    world.start()
    assert world.serve(world.call("c1"), "nope")() == Goto("prompt:sorry", "no such queue")
    call = world.call("c2")
    result = world.serve(call)
    world.waits(call)
    world.runtime.site_changed(world.make_site([Queue(name="other")]))
    assert result() == Goto("prompt:sorry", "no such queue")
    stale = world.call("c3")
    assert world.serve(stale)() == Goto("prompt:sorry", "no such queue")


def test_callers_go_elsewhere_when_the_plugin_is_removed_but_not_when_the_daemon_stops(world):
    world.start().runtime.login("1001", "201")
    world.runtime.pause("1001")
    call = world.call("c1")
    result = world.serve(call)
    world.waits(call)
    world.runtime.stop()
    world.advance(1)
    assert world.waiting() == ["c1"]
    world.advance(1)
    assert result() == Goto("prompt:sorry", "no such queue")
    world.start()
    assert world.state("1001")["state"] == "paused", "the removal logs nobody out"


def test_agents_of_phones_that_are_gone_are_logged_out(world):
    world.start().runtime.login("1001", "205")
    site = world.make_site([Queue(name="sales", agents=["1001"])], [Agent(name="1001")])
    del site._objects["extension"]["205"]
    world.runtime.site_changed(site)
    assert world.state("1001")["state"] == "logged-out"
