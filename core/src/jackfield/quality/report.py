"""What Asterisk knows of a leg's sound at its end: its own counts, and what the far end said by RTCP."""

from __future__ import annotations

import math
from dataclasses import dataclass

from jackfield.quality.emodel import mos

LONGEST_MS = 10_000.0
"""A time that is longer is not measured. A far end that tells a delay (DLSR) longer than it was makes the round trip
less than nothing, which Asterisk gives as some 65,536 seconds (RFC 3550, 6.4.1: all in 32 bits)."""


@dataclass(frozen=True, slots=True)
class Quality:
    """A leg's sound. `in` is what came to us, `out` what the far end says of ours; `mos` is the worse direction's.

    Loss is in percent, jitter and round trip in ms; None: nobody said, or nonsense (over 10 s; a round trip of 0).
    Without a round trip the network's delay is unknown and taken as 0: `mos` is that of loss and jitter alone.
    Loss is that of Asterisk's last report (every 5 s): what went missing after it is not counted. `out` is what the far
    end hears, gaps that came from the call's other leg among it; `quality.own` takes them off.
    """

    codec: str
    loss_in: float | None
    loss_out: float | None
    jitter_in: float | None
    jitter_out: float | None
    round_trip: float | None
    mos: float | None


def read(codec: str, rtcp: str) -> Quality | None:
    """From `CHANNEL(audionativeformat)` and `CHANNEL(rtcp,all)`; None when no sound came or went.

    Asterisk 22 swaps two names: its own jitter is in `txjitter`, the far end's in `rxjitter` (res_rtp_asterisk.c).
    """
    found = dict(part.split("=", 1) for part in rtcp.split(";") if "=" in part)
    name = codec.strip("()").partition("|")[0][:16]
    received, sent = _number(found, "rxcount"), _number(found, "txcount")
    if not received and not sent:
        return None
    trip = _milliseconds(found, "rtt") or None
    loss_in = jitter_in = loss_out = jitter_out = None
    if received:
        lost = _number(found, "lp")
        loss_in, jitter_in = _share(lost, received + lost), _milliseconds(found, "txjitter")
    if sent and any(_number(found, told) for told in ("rtt", "rlp", "rxjitter")):  # else the far end sends no reports
        loss_out, jitter_out = _share(_number(found, "rlp"), sent), _milliseconds(found, "rxjitter")
    scores = [
        mos(name, loss, jitter or 0.0, trip or 0.0)
        for loss, jitter in ((loss_in, jitter_in), (loss_out, jitter_out))
        if loss is not None
    ]
    return Quality(name, loss_in, loss_out, jitter_in, jitter_out, trip, round(min(scores), 2) if scores else None)


def _number(found: dict[str, str], name: str) -> float:
    """A count that makes sense, else 0: a far end may report minus one packet as four billion."""
    try:
        value = float(found.get(name, ""))
    except ValueError:
        return 0.0
    return value if math.isfinite(value) and 0 <= value < 2**31 else 0.0


def _milliseconds(found: dict[str, str], name: str) -> float | None:
    value = round(_number(found, name) * 1000, 2)
    return value if value <= LONGEST_MS else None


def _share(part: float, whole: float) -> float:
    return round(100 * min(1.0, part / whole), 2)
