"""A site with pools of middle numbers, and a clock that tests move."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from jackfield.config.objects.general import General
from jackfield.config.objects.inbound import Did
from jackfield.config.objects.privacy import PrivacyPool
from jackfield.config.objects.trunk import Trunk
from jackfield.config.site import Site

SITE = Site(
    {
        "general": [General(name="site", country_code="44")],
        "trunk": [Trunk(name="t", host="192.0.2.1")],
        "privacy": [
            PrivacyPool(name="small", trunk="t", max_hours=2),
            PrivacyPool(name="wide", trunk="t", record=True),
        ],
        "did": [
            Did(name="small", number="5550800-5550802", destination="privacy:small"),
            Did(name="wide", number="+445550900", destination="privacy:wide"),
            Did(name="open", number="_7777!", destination="privacy:wide"),
            Did(name="else", number="5550100", destination="prompt:sorry"),
        ],
    }
)


class Clock:
    """A clock and its timers, which tests move."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 12, tzinfo=UTC)
        self._due: list[tuple[datetime, int, list[Callable[[], None]]]] = []

    def __call__(self) -> datetime:
        return self.now

    def after(self, seconds: float, function: Callable[[], None]):
        cell = [function]
        heapq.heappush(self._due, (self.now + timedelta(seconds=seconds), id(cell), cell))

        class Timer:
            def cancel(self) -> None:
                cell.clear()

        return Timer()

    def waiting(self) -> int:
        return sum(bool(cell) for _, _, cell in self._due)

    def move(self, seconds: float) -> None:
        end = self.now + timedelta(seconds=seconds)
        while self._due and self._due[0][0] <= end:
            when, _, cell = heapq.heappop(self._due)
            self.now = max(self.now, when)
            for function in cell:
                function()
        self.now = end
