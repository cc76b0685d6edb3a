"""When bad calls are a trend: a share of the last legs, with some distance between alarm and all-clear."""

from __future__ import annotations

from collections import deque
from enum import StrEnum

BAD_MOS = 3.6
"""Below that, many listeners are dissatisfied (ITU-T G.107 Annex B, R under 70)."""
WINDOW = 20
ENOUGH = 5
RAISE_SHARE, CLEAR_SHARE = 0.3, 0.1


class Turn(StrEnum):
    """What has changed."""

    BAD = "bad"
    GOOD = "good"


class Trend:
    """The last legs of a trunk or a phone."""

    __slots__ = ("_last", "bad")

    def __init__(self) -> None:
        """Nothing is known: the first verdict is always told, for an alarm of before a restart may stand."""
        self._last: deque[bool] = deque(maxlen=WINDOW)
        self.bad: bool | None = None

    @property
    def share(self) -> float:
        """Share of bad legs among the last ones."""
        return sum(self._last) / len(self._last) if self._last else 0.0

    @property
    def legs(self) -> int:
        """How many legs are looked at."""
        return len(self._last)

    def add(self, mos: float) -> Turn | None:
        """Take in a leg; tells when the trend turns."""
        self._last.append(mos < BAD_MOS)
        if len(self._last) < ENOUGH:
            return None
        if self.share >= RAISE_SHARE and self.bad is not True:
            self.bad = True
            return Turn.BAD
        if self.share <= CLEAR_SHARE and self.bad is not False:
            self.bad = False
            return Turn.GOOD
        return None
