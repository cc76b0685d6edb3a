"""Agents at a number outside."""

import pytest
from jackfield.config.site import Site
from jackfield.errors import UnsafeValue
from jackfield.routing.destinations import Result
from jackfield_acd import outside
from jackfield_acd.errors import NoSuchAgent, NotLoggedIn
from jackfield_acd.kinds import Agent

MOBILE = "201*07700900123"


def dial(world, action, rest="", extension="201", keys=()):
    call = world.call("a1", extension=extension, rest=rest)
    call.keys = list(keys)
    return call, world.desk.handle(call, action)


@pytest.mark.parametrize("rest", ["*07700900123", "1001*07700900123"])
def test_rung_there_counted_there_and_logged_out_at_the_own_phone(world, rest):
    world.start()
    assert dial(world, "login", rest)[1].outcome == "logged in"
    assert world.state("1001")["phone"] == MOBILE
    result = world.serve(world.call("c1"))
    ring = world.ring()
    assert ring.options.seconds == 20 + outside.CONFIRM_SECONDS
    assert ring.targets == [f"PJSIP/{MOBILE}"], "what `phones` makes of it is core's"
    world.events.publish("call", id="c1", what="answered", endpoint=MOBILE)
    assert world.state("1001")["state"] == "talking"
    ring.end("ANSWER")
    result()
    assert world.state("1001")["state"] == "wrap-up"
    assert dial(world, "logout")[1].outcome == "logged out"


def test_ring_all_rings_inside_and_outside_and_who_answers_has_it(world):
    world.queue(strategy="ring-all").start()
    dial(world, "login", "*07700900123")
    world.runtime.login("1002", "202")
    result = world.serve(world.call("c1"))
    ring = world.ring()
    assert sorted(ring.targets) == [f"PJSIP/{MOBILE}", "PJSIP/202"]
    assert ring.options.agent == {MOBILE: "1001", "202": "1002"}
    assert ring.options.seconds == 20 + outside.CONFIRM_SECONDS, "who is outside needs time to press the key"
    world.events.publish("call", id="c1", what="answered", endpoint=MOBILE)
    assert (world.state("1001")["state"], world.state("1002")["state"]) == ("talking", "ready")
    other = world.serve(world.call("c2"))
    world.ring().end("ANSWER")
    other(), ring.end("ANSWER"), result()
    assert (world.state("1001")["state"], world.state("1002")["state"]) == ("wrap-up", "wrap-up")


def test_an_answer_that_is_not_confirmed_counts_as_unanswered(world):
    world.queue(no_answer_pause=1).start()
    dial(world, "login", "*07700900123")
    world.serve(world.call("c1"))
    world.ring().end("BUSY")
    world.settle()
    assert world.state("1001")["reason"] == "no answer" and world.waiting() == ["c1"]


def test_there_again_after_a_restart_and_out_when_the_extension_is_gone(world):
    world.start()
    dial(world, "login", "*07700900123")
    world.settle()
    world.start()
    assert (world.state("1001")["phone"], world.state("1001")["state"]) == (MOBILE, "ready")
    assert world.runtime.at_phone("201") == "1001"
    site = world.site
    world.runtime.site_changed(Site({"queue": site.all("queue", object), "agent": site.all("agent", object)}))
    assert world.state("1001")["state"] == "logged-out"


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_talk_over_a_restart(world, goes_on):
    """Nothing tells that a phone outside is free; so the talk lasts until its call ends, if anybody is there."""
    world.start()
    dial(world, "login", "*07700900123")
    world.serve(world.call("c1"))
    world.ring()
    world.events.publish("call", id="c1", what="answered", endpoint=MOBILE)
    world.settle()
    if goes_on:
        world.busy_phones.add(MOBILE)
    world.start()
    assert world.state("1001")["state"] == ("talking" if goes_on else "wrap-up")
    waiting = world.call("c2")
    world.serve(waiting)
    world.waits(waiting)
    world.busy_phones.clear()
    world.events.publish("call", id="c1", what="ended", interrupted=True)
    assert world.state("1001")["state"] == "wrap-up"
    world.advance(10)
    assert world.ring().call is waiting


def test_the_plain_queue_rings_nobody_outside(world):
    world.start()
    dial(world, "login", "*07700900123")
    world.runtime.login("1002", "202")
    world.settle()
    assert world.asterisk.stored["jackfield-agents", "sales+1"] == "PJSIP/202"


@pytest.mark.parametrize("number", ["0900123", "07112", "07*1", "12", "07" * 11, "+"])
def test_where_the_agent_may_not_call_nobody_logs_in(world, number):
    world.start()
    call, end = dial(world, "login", f"*{number}")
    assert (call.did[-1], end.result) == (("play", "acd-not-there"), Result.REJECTED)
    assert world.state("1001")["state"] == "logged-out"


def test_the_pin_is_asked_for_there_too(world):
    world.start()
    _, end = dial(world, "login", "1002*07700900123", keys=["1", "2", "3"])
    assert end.result is Result.REJECTED and world.state("1002")["phone"] is None
    world.start()
    _, end = dial(world, "login", "1002*07700900123", keys=["4711"])
    assert world.state("1002")["phone"] == "202*07700900123", "on the agent's own account, whoever's phone it is"


def test_whose_account():
    site = Site({"agent": [Agent(name="1"), Agent(name="2", extension="202")]})
    assert outside.at(site, "2", "+44770090") == "202*+44770090"
    for agent, number, error in (("1", "077", NotLoggedIn), ("9", "077", NoSuchAgent), ("2", "x", UnsafeValue)):
        with pytest.raises(error):
            outside.at(site, agent, number)
