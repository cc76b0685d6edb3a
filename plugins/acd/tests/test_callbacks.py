"""Callers who would rather be called back, with the whole daemon over a simulated Asterisk."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from jackfield.config.objects.outbound import OutboundRoute
from jackfield.config.site import Site
from jackfield.testing import Simulator
from jackfield_acd.callback_numbers import dialled
from jackfield_acd.kinds import Queue
from jackfield_acd.plugin import AcdPlugin

SITE = """
[general]
emergency = ["112"]

[[did]]
name = "main"
number = "5550100"
destination = "queue:sales"

[[extension]]
name = "201"
may_call = ["internal"]

[[extension]]
name = "202"

[[agent]]
name = "1001"
extension = "201"

[[agent]]
name = "1002"
extension = "202"

[[outbound-route]]
name = "local"
patterns = ["_555XXXX"]
permission = "local"
trunks = ["trunk"]

[[outbound-route]]
name = "premium"
patterns = ["_0900."]
permission = "premium"
trunks = ["trunk"]

[[outbound-route]]
name = "help"
patterns = ["112"]
permission = "local"
trunks = ["trunk"]

[[queue]]
name = "sales"
agents = ["1001", "1002"]
wrapup_seconds = 5
callback_key = "1"
callback_tries = 2
callback_minutes = 10
strategy = "ring-all"
"""


@pytest.fixture
def pbx():
    with Simulator({"acd": AcdPlugin}, site=SITE) as made:
        made.phone("201").dials("*11").is_over()
        made.phone("201").dials("*13").is_over()
        yield made


def ask(pbx, number="5550142"):
    """A caller asks to be called back."""
    caller = pbx.caller(number)
    caller.hears("acd-position-before", "acd-callback-offer", "digits:1")
    caller.presses("1")
    caller.hears("acd-callback-at", f"digits:{number}", "acd-callback-right")
    caller.presses("1")
    caller.hears("acd-callback-promised")
    caller.is_over()
    return caller


def waiting(pbx):
    return [(row["caller"], row["callback"] is not None) for row in pbx.ask("queues")[0]["waiting"]]


def states(pbx):
    return [(row["number"], row["state"], row["tries"], row["result"]) for row in pbx.ask("acd.callbacks")]


def agent_state(pbx, name="1001"):
    return next(a["state"] for a in pbx.ask("agents") if a["name"] == name)


def test_called_back_when_the_turn_comes(pbx):
    asked = ask(pbx)
    later = pbx.caller("5550143")
    later.hears("acd-position-before", "number:2")
    assert waiting(pbx) == [("5550142", True), ("5550143", False)]
    assert asked.record().result == "completed" and asked.record().steps[-1].outcome == "call-back"
    phone, far = pbx.phone("201"), pbx.phone("trunk")
    phone.dials("*14").is_over()
    phone.rings()
    assert phone.shows == "5550142" and agent_state(pbx) == "offered"
    phone.answers()
    far.rings()
    assert far.dialled == "5550142" and agent_state(pbx) == "talking"
    assert [sound.name for sound in phone.leg.heard] == ["acd-callback-for", *(f"digit-{c}" for c in "5550142")]
    far.answers()
    assert waiting(pbx) == [("5550143", False)]
    call = phone.leg.id
    far.hangs_up()
    assert pbx.until(lambda: states(pbx) == [("5550142", "done", 1, "answered")])
    assert agent_state(pbx) == "wrap-up"
    record = pbx.record(call)
    assert (record.agent, record.queue, record.direction, record.result) == ("1001", "sales", "outbound", "answered")
    pbx.clock.advance(5)
    phone.rings()
    phone.answers()
    later.talks_to(phone)


def test_a_customer_who_is_not_reached_is_called_again_and_then_no_more(pbx):
    ask(pbx)
    phone, far = pbx.phone("201"), pbx.phone("trunk")
    phone.dials("*14").is_over()
    for tries, state in ((1, "later"), (2, "failed")):
        phone.rings()
        phone.answers()
        far.rings()
        far.refuses()
        assert pbx.until(lambda tries=tries, state=state: states(pbx) == [("5550142", state, tries, "unanswered")])
        assert waiting(pbx) == []
        pbx.clock.advance(60)
        phone.does_not_ring()
        assert agent_state(pbx) == "ready"
        pbx.clock.advance(541)
    phone.does_not_ring()


def test_another_number_and_what_may_not_be_called(pbx):
    caller = pbx.caller("anonymous")
    caller.hears("acd-callback-offer")
    for number in ("09001234", "112"):
        caller.presses("1" if number.startswith("0") else "")
        caller.hears("acd-callback-enter")
        caller.presses(number + "#")
        caller.hears("acd-callback-not-allowed")
    caller.hears("acd-callback-enter")
    caller.presses("5550177#")
    caller.hears("acd-callback-promised")
    caller.is_over()
    assert states(pbx) == [("5550177", "waiting", 0, "")]
    second = pbx.caller("5550177")
    second.hears("acd-callback-offer", "digits:1")
    second.presses("1")
    second.hears("acd-callback-right")
    second.presses("1")
    second.hears("acd-callback-twice")
    second.is_over()
    assert len(states(pbx)) == 1


def test_who_changes_their_mind_is_still_in_line(pbx):
    caller = pbx.caller("5550142")
    caller.hears("acd-callback-offer", "digits:1")
    pbx.caller("5550143").hears("number:2")
    caller.presses("1")
    caller.hears("acd-callback-right")
    assert waiting(pbx) == [("5550143", False)], "no agent waits for who speaks to the machine"
    for _ in range(3):
        pbx.settle()
        caller.waits(10)
    caller.hears("acd-callback-none")
    assert waiting(pbx) == [("5550142", False), ("5550143", False)]


def test_the_agent_does_not_take_it(pbx):
    ask(pbx)
    first, second = pbx.phone("201"), pbx.phone("202")
    first.dials("*14").is_over()
    second.dials("*11").is_over()
    first.rings()
    second.does_not_ring()
    pbx.clock.advance(20)
    first.stops_ringing()
    second.rings()
    second.refuses()
    first.rings()
    first.answers()
    pbx.phone("trunk").rings()
    pbx.phone("trunk").answers()
    assert states(pbx) == [("5550142", "calling", 1, "")]


@pytest.mark.parametrize("killed", [False, True])
def test_an_agent_outside_calls_back(pbx, killed):
    """Rung there, longer, since a key must be pressed; who does not take it counts as unanswered at once."""
    pbx.apply(SITE.replace('may_call = ["internal"]', ""))
    pbx.phone("201").dials("*12").is_over()
    pbx.phone("201").dials("*11*5550188").is_over()
    pbx.phone("201").dials("*13").is_over()
    ask(pbx)
    pbx.phone("201").dials("*14").is_over()
    away, far = pbx.phone("201*5550188"), pbx.phone("trunk")
    away.rings()
    pbx.clock.advance(39)
    assert agent_state(pbx) == "offered"
    away.refuses()
    assert pbx.until(lambda: states(pbx) == [("5550142", "waiting", 0, "")]) and agent_state(pbx) == "ready"
    pbx.clock.advance(6)
    away.rings()
    away.answers()
    far.rings()
    assert far.dialled == "5550142" and agent_state(pbx) == "talking"
    if killed:
        pbx.restart()
        pbx.clock.advance(4)  # longer than calls are waited for that have not come back
        assert pbx.until(lambda: pbx.ask("status")["recovered"])
    far.answers()
    assert states(pbx) == [("5550142", "calling", 1, "")] and agent_state(pbx) == "talking"
    call = away.leg.id
    far.hangs_up()
    assert pbx.until(lambda: states(pbx) == [("5550142", "done", 1, "answered")])
    assert pbx.until(lambda: agent_state(pbx) == "wrap-up")
    assert (pbx.record(call).agent, pbx.record(call).queue) == ("1001", "sales")


@pytest.mark.parametrize("when", ["waiting", "ringing", "calling", "later"])
def test_a_restart_of_the_daemon(pbx, when):
    ask(pbx)
    phone, far = pbx.phone("201"), pbx.phone("trunk")
    if when != "waiting":
        phone.dials("*14").is_over()
        phone.rings()
    if when in ("calling", "later"):
        phone.answers()
        far.rings()
    if when == "later":
        far.refuses()
        assert pbx.until(lambda: states(pbx)[0][1] == "later")
    pbx.restart()
    if when == "waiting":
        phone.dials("*14").is_over()
        phone.rings()
        phone.answers()
        far.rings()
    elif when == "ringing":
        phone.answers()
        far.rings()
    elif when == "later":
        pbx.clock.advance(600)
        phone.rings()
        phone.answers()
        far.rings()
    far.answers()
    far.hangs_up()
    assert pbx.until(lambda: states(pbx)[0][1] == "done"), states(pbx)
    phone.does_not_ring()


def test_the_code_is_not_to_be_dialled(pbx):
    ask(pbx)
    stranger = pbx.phone("202").dials("*201")
    stranger.hears("acd-callback-over")
    stranger.is_over()
    assert states(pbx) == [("5550142", "waiting", 0, "")]


def test_cancelled_and_a_queue_that_goes(pbx):
    ask(pbx)
    identity = pbx.ask("acd.callbacks")[0]["id"]
    pbx.ask("acd.callback.cancel", callback=identity)
    assert states(pbx) == [("5550142", "cancelled", 0, "cancelled")] and waiting(pbx) == []
    ask(pbx)
    pbx.ask("acd.contact.prioritise", call="callback-2", priority=7)
    assert pbx.ask("acd.callbacks")[0]["priority"] == 7
    pbx.ask("acd.contact.drop", call="callback-2")
    assert states(pbx)[0][1] == "cancelled" and waiting(pbx) == []
    ask(pbx)
    pbx.apply(SITE.partition("[[queue]]")[0].replace("queue:sales", "hangup:busy"))
    assert pbx.until(lambda: states(pbx)[0] == ("5550142", "failed", 0, "no such queue"))


def test_numbers_that_are_called_back():
    routes = [
        OutboundRoute(name="n", patterns=["_0Z."], permission="national", trunks=["t"]),
        OutboundRoute(name="i", patterns=["_00."], permission="international", trunks=["t"]),
    ]
    site = Site({"outbound-route": routes, "trunk": []})
    queue, now = Queue(name="q"), datetime(2026, 1, 5, 12, tzinfo=UTC)
    for number, told in {
        "": "", "0049301234": "", "201": "", "anonymous": "", "+": "", "0123;a": "", "٠١٢٣": "", "0" * 40: "",
    }.items():  # fmt: skip
        assert dialled(site, queue, number, now) == told, number
