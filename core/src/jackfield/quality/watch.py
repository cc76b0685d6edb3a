"""Watches the quality of trunks and phones, and raises an alarm when it is bad for a while."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from jackfield.quality.report import Quality
from jackfield.quality.trend import BAD_MOS, Trend, Turn

if TYPE_CHECKING:
    from jackfield.alarms.service import Alarms


class QualityWatch:
    """A trend for each trunk and phone. Methods may be called from any thread."""

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms
        self._lock = threading.Lock()
        self._trends: dict[str, Trend] = {}

    def serve(self, subjects: set[str]) -> None:
        """Forget trunks and phones that are no more; `subjects` are `trunk:carrier`, `extension:201`."""
        with self._lock:
            old = self._trends.keys() - subjects
            self._trends = {s: trend for s, trend in self._trends.items() if s in subjects}
        for gone in old:
            self._alarms.clear(f"quality:{gone}", "it is not on the site any more")

    def leg_ended(self, subject: str, quality: Quality) -> None:
        """Take in a leg of a trunk or phone."""
        if quality.mos is None:
            return
        with self._lock:
            trend = self._trends.setdefault(subject, Trend())
            turn = trend.add(quality.mos)
        if turn is Turn.BAD:
            kind, _, name = subject.partition(":")
            text = (
                f"{kind} {name}: {trend.share:.0%} of the last {trend.legs} calls sound bad (MOS below {BAD_MOS}); the "
                f"last lost {max(quality.loss_in or 0, quality.loss_out or 0):g} % of its packets. Look at the network "
                "between it and this machine"
            )
            self._alarms.raise_(f"quality:{subject}", text, share=round(trend.share, 2), mos=quality.mos)
        elif turn is Turn.GOOD:
            self._alarms.clear(f"quality:{subject}", "calls sound well again")
