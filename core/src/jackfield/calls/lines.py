"""Lines: which calls hold a place on which trunk, so that `max_calls` holds in a burst too."""

from __future__ import annotations

import threading
from collections import defaultdict

IN, OUT = "in", "out"


class Lines:
    """Places on trunks, counted and taken in one step. Methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)

    def take(self, trunk: str, call: str, limit: int, leg: str = IN) -> bool:
        """Take a place for a leg of a call; False when the trunk has all its calls.

        Args:
            trunk: name of the trunk.
            call: id of the call; a leg that holds a place already keeps it.
            limit: places that there are; 0 means no limit.
            leg: `in` for the caller's own, `out` for one that is dialled (a call may hold both).
        """
        with self._lock:
            held = self._held[trunk]
            if (call, leg) not in held and limit and len(held) >= limit:
                return False
            held.add((call, leg))
            return True

    def leave(self, trunk: str, call: str, leg: str = IN) -> None:
        """Give a place back; nothing happens when the leg holds none."""
        with self._lock:
            self._held[trunk].discard((call, leg))

    def release(self, call: str) -> None:
        """The call is over: give all its places back."""
        with self._lock:
            for held in self._held.values():
                held.difference_update([(call, IN), (call, OUT)])

    def held(self, trunk: str) -> int:
        """Places that are taken now."""
        with self._lock:
            return len(self._held[trunk])
