"""Finds a prompt in what was heard, by normalised cross-correlation (numpy).

The prompt is looked for in pieces that may each be up to SLIP samples off their place: on
a busy machine a player skips or stretches by a packet or two, which would spoil the
correlation of the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .hostsys import RigError

PIECE = 4000  # samples: half a second holds a syllable or two
SLIP = 4000
PIECE_LEAST = 0.5  # likeness below which a piece counts as not found
QUIET = 0.1  # a piece with less than this part of the mean power is a pause: no evidence


def find_prompt(heard: Sequence[int], reference: Sequence[int], least: float = 0.7) -> list[tuple[int, float]]:
    """Where `reference` is in `heard` (both at one rate): (sample, likeness 0 to 1).

    The likeness is the mean over the pieces. Places nearer to each other than half the
    reference count as one, the best. Raises RigError if numpy is missing or the reference is
    shorter than 800 samples.
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
    line = np.asarray(heard, dtype=np.float64)
    pieces = _pieces(np.asarray(reference, dtype=np.float64))
    starts = [[(at - offset, score) for at, score in _peaks(np, line, piece)] for offset, piece in pieces]
    return _agreeing(starts, len(reference) // 2, least)


def _pieces(reference: Any) -> list[tuple[int, Any]]:
    count = max(1, len(reference) // PIECE)
    size = len(reference) // count
    power = (reference**2).mean()
    parts = [(i * size, reference[i * size : (i + 1) * size]) for i in range(count)]
    return [(offset, part) for offset, part in parts if (part**2).mean() >= QUIET * power]


def _peaks(np: Any, line: Any, piece: Any) -> list[tuple[int, float]]:
    """The best places of one piece, at least half its length apart."""
    n = len(piece)
    piece = piece - piece.mean()
    if len(line) < n or not piece.any():
        return []
    size = 1 << (len(line) + n - 1).bit_length()
    product = np.fft.rfft(line, size) * np.conj(np.fft.rfft(piece, size))
    dots = np.fft.irfft(product, size)[: len(line) - n + 1]
    total = np.concatenate(([0.0], np.cumsum(line)))
    square = np.concatenate(([0.0], np.cumsum(line * line)))
    power = (square[n:] - square[:-n]) - (total[n:] - total[:-n]) ** 2 / n
    # Near-silence must not divide up to a likeness.
    scores = dots / np.sqrt(np.maximum(power, n * 100.0) * np.sum(piece * piece))
    found: list[tuple[int, float]] = []
    while True:
        best = int(np.argmax(scores))
        if scores[best] < PIECE_LEAST:
            return found
        found.append((best, float(scores[best])))
        scores[max(0, best - n // 2) : best + n // 2] = -1.0


def _agreeing(starts: list[list[tuple[int, float]]], apart: int, least: float) -> list[tuple[int, float]]:
    """The starts of the whole on which the pieces agree."""
    found: list[tuple[int, float]] = []
    for start, _ in sorted((s for piece in starts for s in piece), key=lambda s: -s[1]):
        if any(abs(start - other) < apart for other, _ in found):
            continue
        best = [max((score for at, score in piece if abs(at - start) <= SLIP), default=0.0) for piece in starts]
        likeness = sum(best) / len(best)
        if likeness >= least:
            found.append((start, likeness))
    return sorted(found)
