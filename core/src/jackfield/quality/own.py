"""Whose fault bad sound is: a leg's own network, or the one on the other side of the call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from jackfield.quality.emodel import mos
from jackfield.records.models import LegRecord


class Own(NamedTuple):
    """What is a leg's own: the mean opinion score of its worse direction, the packets lost in the worse one (in %)."""

    mos: float
    loss: float


def own(leg: LegRecord, others: Iterable[LegRecord]) -> Own | None:
    """A leg without what came to it from the call's other legs; None when nothing is known of it.

    Asterisk hands packets on with their sequence numbers and at their own pace, so that a far end reports gaps and
    jitter as well that came from the other leg. Loss is compared with packets sent on: of 100 expected, `p` are missing
    there and 100 - p are sent on here. With several other legs, the worst one is taken off.
    """
    gaps = jitter = 0.0
    for other in others:
        missing = other.loss_in or 0.0
        gaps = max(gaps, 100 * missing / (100 - missing) if missing < 100 else 100.0)
        jitter = max(jitter, other.jitter_in or 0.0)
    directions = []
    if leg.loss_in is not None:
        directions.append((leg.loss_in, leg.jitter_in or 0.0))
    if leg.loss_out is not None:
        directions.append((max(0.0, leg.loss_out - gaps), max(0.0, (leg.jitter_out or 0.0) - jitter)))
    if not directions:
        return None
    scores = [mos(leg.codec, loss, shaky, leg.round_trip or 0.0) for loss, shaky in directions]
    return Own(round(min(scores), 2), round(max(loss for loss, _ in directions), 2))
