"""What agents dial at their phones."""

import pytest
from jackfield.routing.destinations import Result
from jackfield_acd.pins import LOCKED_SECONDS


def dial(world, action, *, extension="201", rest="", keys=()):
    call = world.call("a1", extension=extension, rest=rest)
    call.keys = list(keys)
    end = world.desk.handle(call, action)
    return call, end


def test_a_day_at_the_own_phone(world):
    world.start()
    said = []
    for action, state in (("login", "ready"), ("pause", "paused"), ("ready", "ready"), ("logout", "logged-out")):
        call, end = dial(world, action)
        said.append(call.did[-1][1])
        assert (world.state("1001")["state"], end.result) == (state, Result.COMPLETED)
        assert call.verbs()[0] == "answer"
    assert said == ["acd-logged-in", "acd-paused", "acd-ready", "acd-logged-out"]


def test_log_in_by_number_at_another_phone_asks_for_the_pin_and_moves(world):
    world.start()
    _call, end = dial(world, "login", extension="204", rest="1002", keys=["4711"])
    assert end.outcome == "logged in"
    assert world.state("1002")["phone"] == "204"
    dial(world, "login", extension="205", rest="1002", keys=["4711"])
    assert world.state("1002")["phone"] == "205"
    assert world.runtime.at_phone("204") is None


def test_an_agent_is_rung_at_the_phone_of_the_log_in_when_the_log_in_call_is_over(world):
    world.start()
    world.busy_phones.add("204")
    dial(world, "login", extension="204", rest="1001")
    call = world.call("c1")
    world.serve(call)
    world.waits(call)
    world.phone("204", busy=False)
    assert world.ring().targets == ["PJSIP/204"]


def test_ready_ends_wrap_up(world):
    world.start()
    dial(world, "login")
    result = world.serve(world.call("c1"))
    world.ring().end("ANSWER")
    result()
    dial(world, "ready")
    assert world.state("1001")["state"] == "ready"


@pytest.mark.parametrize(("rest", "extension"), [("9999", "201"), ("", "205")])
def test_nobody_known(world, rest, extension):
    world.start()
    call, end = dial(world, "login", extension=extension, rest=rest)
    assert (call.did[-1], end.result) == (("play", "acd-unknown-agent"), Result.REJECTED)


@pytest.mark.parametrize("action", ["logout", "pause", "ready"])
def test_nobody_logged_in(world, action):
    world.start()
    call, end = dial(world, action)
    assert (call.did[-1], end.result) == (("play", "acd-not-logged-in"), Result.REJECTED)


def test_not_from_outside(world):
    world.start()
    call, end = dial(world, "login", extension=None, rest="1001")
    assert (call.did[-1], end.result) == (("play", "acd-not-a-phone"), Result.REJECTED)
    assert world.state("1001")["state"] == "logged-out"


def test_three_wrong_pins_lock_out_for_a_minute_over_all_calls(world):
    world.start()
    call, end = dial(world, "login", rest="1002", keys=["1", "2"])  # the third time nothing is typed
    assert (call.did[-1], end.result) == (("play", "acd-wrong-pin"), Result.REJECTED)
    assert call.verbs().count("ask") == 3
    call, _ = dial(world, "login", rest="1002", keys=["3", "4711"])
    assert (call.verbs().count("ask"), call.did[-1]) == (1, ("play", "acd-locked-out"))
    world.advance(LOCKED_SECONDS - 1)
    call, _ = dial(world, "login", rest="1002", keys=["4711"])
    assert "ask" not in call.verbs()
    world.advance(1)
    _, end = dial(world, "login", rest="1002", keys=["4711"])
    assert end.outcome == "logged in"


def test_the_right_pin_forgets_the_wrong_ones(world):
    world.start()
    for _ in range(3):
        _, end = dial(world, "login", rest="1002", keys=["1", "2", "4711"])
        assert end.outcome == "logged in"


def test_an_agent_who_is_not_applied_yet(world):
    world.start()
    old = world.site
    world.runtime.site_changed(world.make_site([], [type(old.all("agent", object)[0])(name="7")]))
    call, end = dial(world, "login", rest="1001")
    assert (call.did[-1], end.result) == (("play", "acd-unknown-agent"), Result.REJECTED)


def test_events_tell_what_agents_do(world):
    world.start()
    dial(world, "login")
    world.runtime.pause("1001", "lunch")
    world.settle()
    agents = [e for topic, e in world.seen if topic == "agent"]
    assert agents[-1] == {"agent": "1001", "state": "paused", "reason": "lunch"}
    assert next(e["state"] for e in agents if e["agent"] == "1001") == "ready"
