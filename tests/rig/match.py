"""Finds a prompt in what was heard, by normalised cross-correlation (numpy)."""

from __future__ import annotations

from collections.abc import Sequence

from .hostsys import RigError


def find_prompt(
    heard: Sequence[int], reference: Sequence[int], least: float = 0.7
) -> list[tuple[int, float]]:
    """Where `reference` is in `heard` (both at one rate): (sample, likeness 0 to 1).

    Places nearer to each other than half the reference count as one, the best.
    Raises RigError if numpy is missing or the reference is shorter than 800 samples.
    """
    try:
        import numpy as np
    except ImportError:
        raise RigError(
            "Matching a prompt needs numpy, which this Python lacks. Run the tests in the "
            "project's test environment (make test makes it)."
        ) from None
    if len(reference) < 800:
        raise RigError(f"A reference of {len(reference)} samples is too short to match.")
    x = np.asarray(heard, dtype=np.float64)
    r = np.asarray(reference, dtype=np.float64)
    r = r - r.mean()
    if len(x) < len(r) or not r.any():
        return []
    size = 1 << (len(x) + len(r) - 1).bit_length()
    spectrum = np.fft.rfft(x, size) * np.conj(np.fft.rfft(r, size))
    dots = np.fft.irfft(spectrum, size)[: len(x) - len(r) + 1]
    total = np.concatenate(([0.0], np.cumsum(x)))
    square = np.concatenate(([0.0], np.cumsum(x * x)))
    n = len(r)
    power = (square[n:] - square[:-n]) - (total[n:] - total[:-n]) ** 2 / n
    # Near-silence must not divide up to a likeness.
    floor = n * 100.0
    scores = dots / np.sqrt(np.maximum(power, floor) * np.sum(r * r))
    found: list[tuple[int, float]] = []
    while True:
        best = int(np.argmax(scores))
        if scores[best] < least:
            return sorted(found)
        found.append((best, float(scores[best])))
        scores[max(0, best - n // 2) : best + n // 2] = -1.0
