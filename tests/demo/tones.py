"""Which tones are in a sound, for how long: the rig's own measure, done for many tones at once."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from rig.audio import FRAME, SILENCE_RMS, TONE_SHARE, Sound, join_spans

GAP, LEAST = 0.1, 0.08
"""As in `Sound.heard_tone`: gaps up to this are bridged, shorter spans do not count (seconds)."""


def tone_seconds(sound: Sound, tones: Iterable[int]) -> dict[int, float]:
    """Seconds of each tone (Hz), alone or mixed with other sound."""
    size = round(FRAME * sound.rate)
    samples = np.frombuffer(sound.samples, dtype=np.int16).astype(np.float64)
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    energy = (frames**2).sum(axis=1)
    audible = energy >= SILENCE_RMS**2 * size
    clock = 2j * np.pi * np.arange(size) / sound.rate
    seconds = {}
    for tone in tones:
        # The part of a frame's power at a frequency: a pure sine of N samples with energy E has |X|² = N·E/2.
        share = 2 * np.abs(frames @ np.exp(-clock * tone)) ** 2 / (size * np.maximum(energy, 1.0))
        hits = [(i * FRAME, (i + 1) * FRAME) for i in np.flatnonzero(audible & (share >= TONE_SHARE))]
        spans = join_spans(hits, GAP)
        seconds[tone] = float(sum(end - start for start, end in spans if end - start >= LEAST - 1e-9))
    return seconds
