"""The demo's measure of tones is the rig's."""

from __future__ import annotations

import pytest
from rig.audio import Sound, tone

from demo.tones import tone_seconds


def mixed(*parts):
    length = min(map(len, parts))
    return type(parts[0])("h", [sum(part[i] for part in parts) for i in range(length)])


@pytest.mark.parametrize(
    "samples",
    [
        tone(575, 2.0) + tone(3050, 1.0) + tone(575, 0.5),
        mixed(tone(575, 2.0), tone(3050, 1.5)),
        tone(575, 0.06) + tone(575, 1.0, amplitude=0) + tone(3050, 0.3),
        tone(575, 1.0, amplitude=30),
        tone(575, 0.0),
    ],
    ids=["one after the other", "mixed", "too short", "too quiet", "nothing"],
)
def test_it_measures_as_the_rig_does(samples):
    sound = Sound([(7.0, samples)])
    measured = tone_seconds(sound, [575, 800, 3050])
    for frequency, seconds in measured.items():
        assert seconds == pytest.approx(sum(end - start for start, end in sound.heard_tone(frequency)))
    assert measured[800] == 0.0
