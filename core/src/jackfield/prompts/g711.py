"""G.711: 16-bit samples to μ-law and A-law, by table, after ITU-T Recommendation G.711; no dither, unlike sox."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from functools import cache

_BIAS, _CLIP = 0x84, 32635


def _ulaw(sample: int) -> int:
    magnitude = min(abs(sample), _CLIP) + _BIAS
    segment = magnitude.bit_length() - 8
    code = (0x80 if sample < 0 else 0) | segment << 4 | magnitude >> segment + 3 & 0x0F
    return ~code & 0xFF


def _alaw(sample: int) -> int:
    magnitude, mask = (sample >> 3, 0xD5) if sample >= 0 else (-(sample >> 3) - 1, 0x55)
    segment = max(0, magnitude.bit_length() - 5)
    return (segment << 4 | magnitude >> max(1, segment) & 0x0F) ^ mask


_LAWS: dict[str, Callable[[int], int]] = {"ulaw": _ulaw, "alaw": _alaw}

FORMS = tuple(_LAWS)


@cache
def _table(form: str) -> bytes:
    """Code of each sample, at the sample's value as an unsigned 16-bit number."""
    law = _LAWS[form]
    return bytes(law(value - 65536 if value > 32767 else value) for value in range(65536))


def encode(sound: bytes, form: str) -> bytes:
    """Little-endian 16-bit samples as `ulaw` or `alaw`, one byte each; half a sample at the end is dropped."""
    return bytes(map(_table(form).__getitem__, array("H", sound[: len(sound) & ~1])))
