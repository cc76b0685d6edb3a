"""What phones see of agents."""

from jackfield.errors import NotConnected
from jackfield_acd.lamps import RETRY_SECONDS, fragment


def lamp(world, agent="1001"):
    world.settle()
    return [state for name, state in world.asterisk.lamps if name == f"acd-{agent}"]


def test_a_day_of_an_agent_on_a_lamp(world):
    world.start()
    assert lamp(world) == ["INVALID"]
    world.runtime.login("1001", "201")
    assert lamp(world)[-1] == "NOT_INUSE"
    result = world.serve(world.call("c1"))
    ring = world.ring()
    assert lamp(world)[-1] == "RINGING"
    world.events.publish("call", id="c1", what="answered", endpoint="201")
    assert lamp(world)[-1] == "INUSE"
    ring.end("ANSWER")
    result()
    assert lamp(world)[-1] == "BUSY"
    world.runtime.pause("1001", "lunch")
    assert lamp(world)[-1] == "ONHOLD"
    world.runtime.pause("1001", "tea")
    assert lamp(world)[-2:] == ["BUSY", "ONHOLD"], "the lamp shows no other state"
    world.runtime.logout("1001")
    assert lamp(world)[-1] == "INVALID"


def test_after_a_start_the_lamps_are_put_right(world):
    world.start()
    world.runtime.login("1001", "201")
    world.settle()
    world.start(recovered=False)
    assert lamp(world)[-1] == "NOT_INUSE"
    before = len(world.asterisk.lamps)
    world.runtime.recovered()
    world.settle()
    assert sorted(world.asterisk.lamps[before:]) == [("acd-1001", "NOT_INUSE"), ("acd-1002", "INVALID")]


def test_asterisk_away_costs_no_state_and_the_newest_is_shown(world):
    world.start()
    world.settle()
    world.asterisk.broken = NotConnected("away")
    world.runtime.login("1001", "201")
    world.settle()
    world.asterisk.broken = None
    world.runtime.pause("1001")
    assert lamp(world)[-1] == "ONHOLD"
    world.advance(RETRY_SECONDS)
    assert lamp(world)[-1] == "ONHOLD"
    world.asterisk.broken = NotConnected("away")
    world.runtime.ready("1001")
    world.settle()
    world.asterisk.broken = None
    world.advance(RETRY_SECONDS)
    assert lamp(world)[-1] == "NOT_INUSE"


def test_hints_of_agents_that_have_a_number(world):
    site = world.make_site([], [type(world.site.all("agent", object)[0])(name=n) for n in ("1001", "ann-b")])
    assert fragment(site).text.splitlines()[1:] == [
        "exten => *111001,hint,Custom:acd-1001",
        "exten => *151001,hint,Custom:acd-1001",
    ]
    assert fragment(type(site)({})) is None
