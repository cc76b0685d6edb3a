"""The site changes while callers wait: nobody is lost, the order is kept, a queue that goes hands its callers on."""

from __future__ import annotations

import pytest
from jackfield.testing import Simulator
from jackfield_acd.plugin import AcdPlugin

SITE = """
[[did]]
name = "main"
number = "5550100"
destination = "queue:sales"
fallback = "extension:209"

[[extension]]
name = "201"

[[extension]]
name = "202"

[[extension]]
name = "209"

[[agent]]
name = "1001"
extension = "201"

[[agent]]
name = "1002"
extension = "202"

[[hours]]
name = "never"
open = []

[[queue]]
name = "other"
"""
SALES = """
[[queue]]
name = "sales"
wrapup_seconds = 0
"""
NUMBERS = ["5550141", "5550142", "5550143"]


@pytest.fixture
def pbx():
    with Simulator({"acd": AcdPlugin}, site=SITE + SALES + 'agents = ["1002"]') as made:
        made.phone("201").dials("*11").is_over()
        yield made


def line_up(pbx):
    callers = []
    for count, number in enumerate(NUMBERS, 1):
        callers.append(pbx.caller(number))
        callers[-1].hears(f"number:{count}")
    return callers


def waiting(pbx):
    return [row["caller"] for queue in pbx.ask("queues") if queue["name"] == "sales" for row in queue["waiting"]]


@pytest.mark.parametrize(
    "fields",
    [
        'agents = ["1001"]',
        'agents = ["1001"]\nstrategy = "ring-all"',
        'agents = ["1002", "1001"]\nstrategy = "round-robin"\nhours = "never"\nclosed = "hangup:busy"',
        'agents = ["1001"]\npriority = 50\nannounce_wait = true\nkeys = { 1 = "queue:other" }',
    ],
)
def test_members_strategies_and_hours(pbx, fields):
    """Who waits goes on waiting, in order, and is served by the new rules; closing is for those who come."""
    callers = line_up(pbx)
    pbx.apply(SITE + SALES + fields)
    phone = pbx.phone("201")
    for number, caller in zip(NUMBERS, callers, strict=True):
        phone.rings()
        assert phone.shows == number
        phone.answers()
        caller.talks_to(phone)
        phone.hangs_up()
        caller.is_over()
        assert caller.record().result == "answered"


@pytest.mark.parametrize("when", ["ringing", "talking"])
@pytest.mark.parametrize(
    "fields", ['agents = ["1002"]', 'agents = ["1001"]\nskills = { german = 5 }\nwiden = [{ after = 3600 }]', None]
)
def test_what_is_under_way_goes_on(pbx, when, fields):
    """The phone rings on and the talk goes on, though the agent serves the queue no more, or the queue is gone."""
    pbx.apply(SITE + SALES + 'agents = ["1001"]')
    caller, phone = pbx.caller(), pbx.phone("201")
    phone.rings()
    if when == "talking":
        phone.answers()
        caller.talks_to(phone)
    pbx.apply(SITE + SALES + fields if fields is not None else SITE.replace("queue:sales", "queue:other"))
    if when == "ringing":
        phone.answers()
    caller.talks_to(phone)
    later = pbx.caller("5550142")
    phone.hangs_up()
    caller.is_over()
    assert caller.record().result == "answered" and caller.record().agent == "1001"
    phone.does_not_ring()
    later.hears_music()


@pytest.mark.parametrize("closes", [True, False])
def test_hours_that_change_while_callers_wait(pbx, closes):
    """They are asked when a caller comes: who waits is not sent away, and who comes finds the new ones."""
    callers = line_up(pbx)
    pbx.apply(SITE + SALES + 'agents = ["1001"]\nhours = "never"\nclosed = "hangup:busy"' if closes else SITE + SALES)
    if closes:
        pbx.caller("5550149").is_refused(17)
        assert pbx.until(lambda: waiting(pbx) == NUMBERS[1:]), "1001 is rung for the first"
        pbx.phone("201").rings()
        pbx.phone("201").answers()
        callers[0].talks_to(pbx.phone("201"))
    else:
        pbx.caller("5550149").hears("number:4")
        assert waiting(pbx) == [*NUMBERS, "5550149"]


def test_a_queue_that_is_removed(pbx):
    """Its callers go to the fallback of their route, each of them."""
    callers = line_up(pbx)
    pbx.apply(SITE.replace("queue:sales", "queue:other"))
    for caller in callers:
        caller.call.goes_to("extension:209")
    assert pbx.until(lambda: waiting(pbx) == [])


def test_a_change_and_a_restart(pbx):
    callers = line_up(pbx)
    pbx.apply(SITE + SALES + 'agents = ["1002"]\nmax_length = 1\noverflow = "hangup:busy"')
    assert waiting(pbx) == NUMBERS, "a limit is for those who come"
    pbx.restart()
    assert pbx.until(lambda: waiting(pbx) == NUMBERS)
    pbx.caller("5550149").is_refused(17)
    pbx.phone("202").dials("*11").is_over()
    pbx.phone("202").rings()
    assert pbx.phone("202").shows == NUMBERS[0]
    pbx.phone("202").answers()
    callers[0].talks_to(pbx.phone("202"))
