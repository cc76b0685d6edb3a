"""Who is banned and for how long: sliding windows, without I/O."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K")


class Windows(Generic[K]):
    """Counts what happened to each key within the last so many seconds; remembers `most` keys."""

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._times: OrderedDict[K, deque[float]] = OrderedDict()

    def add(self, key: K, now: float, seconds: float) -> int:
        """Note that something happened; how often it has, now included. `now` is monotonic, in seconds."""
        times = self._times.setdefault(key, deque())
        self._times.move_to_end(key)
        times.append(now)
        while times[0] <= now - seconds:
            times.popleft()
        if len(self._times) > self._most:  # a flood from forged addresses: those silent for longest go
            self._times.popitem(last=False)
        return len(times)

    def forget(self, key: K) -> None:
        """Begin anew with a key."""
        self._times.pop(key, None)

    def __len__(self) -> int:
        return len(self._times)


@dataclass(frozen=True, slots=True)
class BanLimits:
    """When a source is banned, and for how long."""

    after: int = 10
    window_seconds: int = 60
    seconds: int = 600
    max_seconds: int = 86_400

    def ban_seconds(self, strikes: int) -> int:
        """Length of the `strikes`-th ban: twice that of the one before, up to the longest."""
        doubled = self.seconds << min(max(strikes, 1) - 1, 30)
        return max(1, min(doubled, self.max_seconds))
