"""Who was in line when Asterisk died is called back, with the whole daemon over a simulated Asterisk."""

from __future__ import annotations

import pytest
from jackfield.testing import Simulator
from jackfield_acd.plugin import AcdPlugin
from test_callbacks import SITE, states, waiting


@pytest.fixture
def site():
    return SITE


@pytest.fixture
def pbx(site):
    with Simulator({"acd": AcdPlugin}, site=site) as made:
        made.phone("201").dials("*11").is_over()
        made.phone("201").dials("*13").is_over()
        yield made


def in_line(pbx, *numbers):
    callers = []
    for number in numbers:
        callers.append(pbx.caller(number))
        callers[-1].hears("acd-position-before")
        pbx.clock.advance(1)
    return callers


def asterisk_dies(pbx, callers, meanwhile=lambda: None):
    """With all that are in line; `meanwhile`: what happens between its return and the call-backs."""
    pbx.daemon.events.publish("asterisk", what="down")
    for caller in callers:
        caller.hangs_up()
    assert pbx.until(lambda: pbx.ask("calls") == [])
    pbx.clock.advance(1)
    pbx.daemon.events.publish("asterisk", what="up", started=pbx.clock.now().isoformat())
    pbx.clock.advance(1)
    meanwhile()
    pbx.clock.advance(8)


def lost(pbx):
    return [(row["caller"], row["callback"]) for row in pbx.ask("acd.lost", since="2020-01-01T00:00:00Z")]


def listed(pbx, *wanted):
    """Waits until the list of the lost is so."""
    assert pbx.until(lambda: lost(pbx) == list(wanted)), lost(pbx)


def test_each_is_called_back_in_turn_before_who_came_later(pbx):
    asterisk_dies(pbx, in_line(pbx, "5550142", "5550143"), lambda: in_line(pbx, "5550199"))
    listed(pbx, ("5550142", "waiting"), ("5550143", "waiting"))
    assert waiting(pbx) == [("5550142", True), ("5550143", True), ("5550199", False)]
    phone, far = pbx.phone("201"), pbx.phone("trunk")
    phone.dials("*14").is_over()
    phone.rings()
    assert phone.shows == "5550142"
    phone.answers()
    far.rings()
    far.answers()
    far.hangs_up()
    listed(pbx, ("5550142", "done"), ("5550143", "waiting"))


def test_nobody_twice(pbx):
    """Not a number from which two called, nor who has called again, nor who had asked, nor after a restart."""
    two = in_line(pbx, "5550142", "5550142", "5550143")
    asterisk_dies(pbx, two, lambda: in_line(pbx, "5550143"))
    listed(pbx, ("5550142", "waiting"), ("5550142", ""), ("5550143", ""))
    pbx.restart()
    pbx.clock.advance(5)
    listed(pbx, ("5550142", "waiting"), ("5550142", ""), ("5550143", ""))
    assert [number for number, *_ in states(pbx)] == ["5550142"]
    (row,) = pbx.ask("acd.callbacks")
    pbx.ask("acd.callback.cancel", callback=row["id"])
    pbx.restart()
    pbx.clock.advance(5)
    listed(pbx, ("5550142", "cancelled"), ("5550142", ""), ("5550143", ""))


def test_who_calls_again_has_the_old_place(pbx):
    asterisk_dies(pbx, in_line(pbx, "5550142"), lambda: in_line(pbx, "5550199"))
    listed(pbx, ("5550142", "waiting"))
    again = pbx.caller("5550142")
    again.hears("acd-position-before", "number:1")
    assert waiting(pbx) == [("5550142", False), ("5550199", False)]
    listed(pbx, ("5550142", "cancelled"))
    assert states(pbx) == [("5550142", "cancelled", 0, "called again")]


def test_a_daemon_that_died_as_well_calls_back_after_its_start(pbx):
    """On record as lost, and the daemon is gone before it could promise."""
    callers = in_line(pbx, "5550142")
    promised = pbx.daemon.host.statuses["acd"].instance.runtime.callbacks
    promised.promise = lambda *_, **__: False
    asterisk_dies(pbx, callers)
    listed(pbx, ("5550142", ""))
    pbx.restart()
    listed(pbx, ("5550142", "waiting"))


@pytest.mark.parametrize("site", [SITE + "callback_lost = false\n", SITE.replace('callback_key = "1"\n', "")])
def test_a_queue_that_says_no(pbx):
    asterisk_dies(pbx, in_line(pbx, "5550142"))
    listed(pbx, ("5550142", ""))
    assert states(pbx) == []


def test_who_may_not_be_called_is_only_listed(pbx):
    asterisk_dies(pbx, in_line(pbx, "09001234", "anonymous", "5550143"))
    listed(pbx, ("09001234", ""), ("", ""), ("5550143", "waiting"))
    assert [number for number, *_ in states(pbx)] == ["5550143"]
