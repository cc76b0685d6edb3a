"""Music on hold by class: a queue's, a parking lot's, a phone's; changed under a call, and kept without the daemon."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from journeys.faults import kill_daemon, wait_back
from journeys.pbx import MUSIC, Pbx
from journeys.softphone import Softphone
from rig import Call, wait_for

LOW, HIGH = MUSIC["low"], MUSIC["high"]


@pytest.fixture(scope="module")
def registered(shared_pbx: Pbx) -> Iterator[Softphone]:
    """283, whose class is `high`."""
    found = Softphone(shared_pbx.run.party("music"), shared_pbx.node.address, "283", "secret-283-abc", 500)
    found.register()
    yield found
    found.close()


@pytest.fixture
def phone(pbx: Pbx, registered: Softphone) -> Softphone:
    """283, idle."""
    registered.reset()
    return registered


def wait_tone(call: Call, tone: int, after: float) -> float:
    """Waits until a call hears a class's tone after a moment; returns when."""

    def look() -> float | None:
        spans = [max(begin, after) for begin, end in call.heard.heard_tone(tone) if end > after + 0.4]
        return spans[0] if spans else None

    found: float = wait_for(look, 10, f"{tone} Hz", every=0.1)
    return found


def test_music_changes_with_the_queue(pbx: Pbx) -> None:
    """A caller overflows into a queue with another class and hears that; also while the daemon is away and after."""
    number = pbx.number()
    call = pbx.call("5550484", number)
    wait_tone(call, LOW, 0.0)
    pbx.wait_at(number, "queue:high")
    changed = wait_tone(call, HIGH, 0.0)
    wait_for(lambda: call.heard.end > changed + 1.0, 5, "another second", every=0.1)
    assert not call.heard.between(changed + 0.2, changed + 1.0).hears(LOW)
    kill = kill_daemon(pbx)
    wait_tone(call, HIGH, kill.at + 0.5)
    wait_back(pbx, kill)
    back = time.monotonic()
    wait_tone(call, HIGH, back + 0.5)
    assert not call.heard.between(changed + 0.5, time.monotonic()).hears(LOW)
    call.hang_up()


def test_music_of_a_phone_and_of_a_parking_lot(pbx: Pbx, phone: Softphone) -> None:
    """On hold: the class of the phone that holds; parked: the lot's; then whoever takes the call."""
    call = pbx.call("5550483", pbx.number())
    line = phone.wait_line().wait("up")
    line.wait_hears(call.tone)
    held = time.monotonic()
    line.hold()
    wait_tone(call, HIGH, held)
    line.hold(False)
    talking = time.monotonic()
    line.wait_hears(call.tone, talking + 0.3)
    line.transfer("711")
    parked = wait_tone(call, LOW, talking)
    line.wait("ended")
    back = phone.call("711").wait("up")
    back.wait_hears(call.tone, parked)
    call.hang_up()
    back.wait("ended")
