"""Sound before the answer: a carrier's own ringback or announcement (183 with SDP) is what the caller hears."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from journeys.faults import wait_both_ways
from journeys.line import Line
from journeys.pbx import Pbx
from journeys.softphone import Softphone
from rig import wait_for
from rig.audio import TONES

RINGBACK = (440, 480)
"""What Asterisk plays itself to a caller who was answered already (ITU-T E.180, North America)."""


@pytest.fixture
def carrier(pbx: Pbx) -> Iterator[Softphone]:
    """A carrier that rings with sound of its own, and answers when told."""
    phone = Softphone(pbx.run.network.parties["early"], pbx.node.address, "carrier", "", TONES[-8], 5060)
    phone.early_media, phone.answer_after = True, None
    yield phone
    phone.close()


def test_a_phone_hears_the_carriers_sound(pbx: Pbx, carrier: Softphone, handsets: dict[str, Softphone]) -> None:
    """251 calls out: it is sent 183 and hears the carrier before the answer, and nothing else; then they talk."""
    line = handsets["251"].call("99301")
    far: Line = carrier.wait_line()
    heard_at = line.wait_hears(carrier.tone)
    assert line.state == "calling" and 183 in line.early_codes
    assert not any(line.heard.heard_tone(tone) for tone in RINGBACK)
    far.answer()
    line.wait("up")
    assert heard_at < line.answered_at
    far.wait_hears(handsets["251"].tone), line.wait_hears(carrier.tone, line.answered_at)
    line.hang_up()
    far.wait_ended()


def test_a_refusal_after_an_announcement(pbx: Pbx, carrier: Softphone, handsets: dict[str, Softphone]) -> None:
    """The carrier announces something and says 486: the phone has heard it, and is told busy, not answered."""
    line = handsets["251"].call("99303")
    far = carrier.wait_line()
    line.wait_hears(carrier.tone)
    far.refuse("486 Busy Here")
    line.wait_ended()
    assert line.code == 486


def test_an_answered_caller_hears_it_instead_of_our_ringback(pbx: Pbx, carrier: Softphone) -> None:
    """Out of a menu: our ringback gives way to the carrier's sound, both never sound together."""
    number = pbx.number()
    call = pbx.call("5550703", number)
    pbx.wait_hears(call, "main-menu")
    call.press("1")
    far = carrier.wait_line()
    begun = wait_for(lambda: call.heard.heard_tone(carrier.tone), 10, "the carrier's sound", every=0.2)[0][0]
    wait_for(lambda: call.heard.end > begun + 2, 10, "two seconds of it", every=0.2)
    later = call.heard.between(begun + 0.3, call.heard.end)
    assert not any(later.heard_tone(tone) for tone in RINGBACK)
    far.answer()
    wait_both_ways(call, far)
    call.hang_up()
    assert pbx.record(number)["result"] == "answered"
