"""The simulator: a conversation with the real daemon, and its verbs fail when what they say is not so."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from jackfield.api import DestinationKind, End, Goto, Result, SoundRequest, hookimpl
from jackfield.errors import CallerHungUp, SiteError
from jackfield.testing import Simulator
from jackfield.testing.people import NotSo

SITE = """
[[did]]
name = "main"
number = "5550100"
destination = "door:front"

[[did]]
name = "straight"
number = "5550101"
destination = "extension:201"

[[extension]]
name = "201"
ring_seconds = 15

[[extension]]
name = "202"
"""


class Door:
    """A plugin that asks for a key, and waits for somebody to open."""

    def __init__(self):
        self.core, self.waiting, self.ended = None, [], []

    @hookimpl
    def jackfield_start(self, core):
        self.core = core

    @hookimpl
    def jackfield_destinations(self):
        return [DestinationKind("door", "A door", self.handle)]

    @hookimpl
    def jackfield_sounds(self, site):
        return [SoundRequest("door-knock", {"en": "Press one to knock.", "zh": "按一敲门。"})]

    @hookimpl
    def jackfield_call_ended(self, call, record):
        self.ended.append(record.result)

    def handle(self, call, name):
        call.answer()
        if name == "back" or call.resumed:
            call.checkpoint(place="back")
            self.waiting.append(call)
            call.music()
            self.core.timers.after(30, lambda: call.wake("wind"))
            found = call.wait(60)
            return End(Result.COMPLETED, outcome="nobody" if found.timed_out else str(found.value))
        key = call.ask("door-knock", seconds=5)
        if key == "1":
            return Goto("extension:201", key)
        return Goto("door:back", key) if key == "2" else End(Result.COMPLETED, outcome="silent")


@pytest.fixture
def pbx():
    with Simulator({"door": Door}, site=SITE) as made:
        yield made


def test_a_conversation(pbx):
    caller = pbx.caller("7001", dials="5550100")
    caller.hears("door-knock")
    caller.presses("1")
    caller.call.goes_to("extension:201")
    agent = pbx.phone("201")
    agent.rings()
    assert agent.shows == "7001"
    agent.answers()
    caller.talks_to(agent)
    caller.hangs_up()
    record = caller.record()
    assert (record.result, record.caller_number) == (Result.ANSWERED, "7001")
    assert next((s.destination, s.outcome) for s in record.steps) == ("door:front", "1")
    assert [leg.number for leg in record.legs if leg.role == "phone"] == ["201"]


def test_silence_is_told_by_the_clock(pbx):
    caller = pbx.caller()
    caller.hears("door-knock")
    caller.waits(4.9)
    assert not caller.channel.gone
    caller.waits(0.2)
    assert caller.record().steps[-1].outcome == "silent"


def test_a_phone_that_nobody_answers_and_one_that_is_busy(pbx):
    caller = pbx.caller(dials="5550101")
    phone = pbx.phone("201")
    phone.rings()
    caller.waits(14)
    assert not phone.leg.gone
    caller.waits(2)
    phone.stops_ringing()
    assert caller.record().result is Result.UNANSWERED
    caller = pbx.caller(dials="5550101")
    phone.rings()
    phone.refuses()
    assert caller.record().result is Result.UNANSWERED
    phone.goes_away()
    assert pbx.caller(dials="5550101").record().result is Result.UNANSWERED


def test_waits_and_timers_end_by_the_clock(pbx):
    caller = pbx.caller()
    caller.hears("door-knock")
    caller.presses("2")
    caller.call.goes_to("door:back")
    caller.hears_music()
    caller.waits(29)
    assert not caller.channel.gone
    caller.waits(1)
    assert caller.record().steps[-1].outcome == "wind"


def test_a_wait_lasts_as_long_as_was_said_to_the_last_digit():
    """Who waits until a moment would wait again and again for the rest, if a wait fell short of it."""
    waited = []

    class Patient(Door):
        def handle(self, call, name):
            began = self.core.clock.monotonic()
            assert call.wait(30).timed_out
            waited.append(self.core.clock.monotonic() - began)
            return End(Result.COMPLETED)

    with Simulator({"door": Patient}, site=SITE) as pbx:
        caller = pbx.caller()
        caller.waits(31)
        caller.is_over()
    assert waited == [30.0]


def test_a_call_outlives_its_daemon(pbx):
    caller = pbx.caller()
    caller.hears("door-knock")
    caller.presses("2")
    caller.hears_music()
    pbx.restart()
    caller.waits(31)
    record = caller.record()
    assert record.interrupted
    assert [(s.destination, s.outcome) for s in record.steps] == [("door:front", "2"), ("door:back", "wind")]


def test_who_hangs_up_leaves_nothing(pbx):
    caller = pbx.caller()
    caller.hears("door-knock")
    caller.presses("2")
    caller.hears_music()
    caller.hangs_up()
    assert pbx.daemon.host.statuses["door"].instance.ended == [Result.HUNG_UP]
    assert pbx.daemon.agi.sessions() == []
    assert pbx.daemon.calls.count() == 0


def test_what_is_not_so_fails(pbx):
    pbx.asterisk.patience = 0.2
    caller = pbx.caller()
    with pytest.raises(NotSo, match="did not hear 'door-bell'"):
        caller.hears("door-bell")
    with pytest.raises(NotSo, match="does not ring"):
        pbx.phone("201").rings()
    pbx.asterisk.patience = 10.0
    pbx.phone("201").does_not_ring()
    caller.hears("door-knock")
    caller.hears_nothing_more()
    caller.presses("1")
    pbx.phone("202").does_not_ring()
    with pytest.raises(NotSo, match="rings"):
        pbx.phone("201").does_not_ring()


def test_keys_that_nobody_reads_are_lost(pbx):
    caller = pbx.caller(dials="5550101")
    pbx.phone("201").rings()
    caller.presses("7")
    assert not caller.channel.keys


def test_a_prompt_that_lasts_may_be_cut_short(pbx):
    pbx.asterisk.prompt_seconds = 4.0
    caller = pbx.caller()
    caller.hears("door-knock")
    caller.waits(2)
    caller.presses("1")
    pbx.phone("201").rings()
    caller.hangs_up()


def test_it_is_the_hour_that_the_test_says():
    class Hours(Door):
        def handle(self, call, name):
            return End(Result.COMPLETED, outcome=f"{self.core.clock.now():%H:%M}")

    with Simulator({"door": Hours}, site=SITE, now=datetime(2026, 1, 1, 23, 30, tzinfo=UTC)) as pbx:
        pbx.clock.advance(3600)
        assert pbx.caller().record().steps[-1].outcome == "00:30"


def test_a_wrong_site_is_refused():
    with pytest.raises(SiteError, match="nowhere"):
        Simulator({"door": Door}, site=SITE.replace("extension:201", "nowhere:x"))


def test_dialling_at_a_phone_and_an_unknown_number(pbx):
    caller = pbx.phone("202").dials("201")
    pbx.phone("201").rings()
    pbx.phone("201").answers()
    caller.hangs_up()
    assert caller.record().direction == "internal"
    pbx.caller(dials="999000111").is_refused(1)


def test_a_hang_up_reaches_a_handler_in_any_verb(pbx):
    seen = []
    status = pbx.daemon.host.statuses["door"]
    plugin = status.instance
    handle = plugin.handle

    def watch(call, name):
        try:
            return handle(call, name)
        except CallerHungUp:
            seen.append(name)
            raise

    plugin.handle = watch
    status.declared["jackfield_destinations"] = plugin.jackfield_destinations()
    pbx.daemon.host.put(status)
    caller = pbx.caller()
    caller.hears("door-knock")
    caller.hangs_up()
    assert seen == ["front"]
