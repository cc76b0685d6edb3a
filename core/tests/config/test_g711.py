"""G.711 by table: exact in A-law, within a step of the segment in both, silence stays silence."""

from __future__ import annotations

from array import array

import pytest
from jackfield.prompts.g711 import FORMS, encode


def decode(code: int, form: str) -> int:
    """As receivers do (ITU-T G.711, tables 1a and 2a)."""
    if form == "ulaw":
        code = ~code & 0xFF
        magnitude = ((code & 0x0F) << 3) + 0x84 << (code >> 4 & 7)
        return 0x84 - magnitude if code & 0x80 else magnitude - 0x84
    code ^= 0x55
    segment, base = code >> 4 & 7, (code & 0x0F) << 4
    magnitude = base + 8 if segment == 0 else base + 0x108 << segment - 1
    return magnitude if code & 0x80 else -magnitude


@pytest.mark.parametrize("form", FORMS)
def test_every_sample_comes_back_within_half_a_step(form: str) -> None:
    samples = array("h", range(-32768, 32768))
    codes = encode(samples.tobytes(), form)
    assert len(codes) == len(samples)
    for sample, code in zip(samples, codes, strict=True):
        assert abs(decode(code, form) - sample) <= max(16, abs(sample) + 132 >> 5) + (644 if abs(sample) > 32000 else 0)


def test_silence() -> None:
    assert encode(b"\0" * 320, "ulaw") == b"\xff" * 160
    assert encode(b"\0" * 320, "alaw") == b"\xd5" * 160
