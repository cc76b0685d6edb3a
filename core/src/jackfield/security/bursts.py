"""What a thief's calls look like: many, to many numbers, costly ones, at night, several at once. No I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from jackfield.config.objects.security import Security

COSTLY = frozenset({"international", "premium"})
"""Classes of outbound calls that fraud is paid for."""
NIGHT = (22, 6)
"""Hours of the day from and to which it is night when the site names no business hours."""
MOST = 500
"""Calls remembered of an extension: none makes more of them before it is blocked."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An outbound call, or a try. `at` is monotonic, in seconds."""

    at: float
    number: str
    costly: bool


def is_night(local: datetime) -> bool:
    """Whether a local time is between 22:00 and 06:00."""
    return local.hour >= NIGHT[0] or local.hour < NIGHT[1]


class Bursts:
    """Counts outbound calls of each extension, and costly ones of all."""

    def __init__(self) -> None:
        self._own: dict[str, deque[Attempt]] = {}
        self._costly: deque[Attempt] = deque(maxlen=10_000)

    def forget(self, extension: str) -> None:
        """Begin anew with an extension."""
        self._own.pop(extension, None)

    def attempt(self, limits: Security, extension: str, attempt: Attempt, *, night: bool, at_once: int) -> str:
        """Note a call; why the extension is to be blocked, or ''.

        Args:
            limits: the site's.
            extension: whose call it is.
            attempt: the call.
            night: whether nobody should be there.
            at_once: its outbound calls now, this one included.
        """
        since = attempt.at - 60.0 * limits.burst_minutes
        own = self._own.setdefault(extension, deque(maxlen=MOST))
        _add(own, attempt, since)
        if attempt.costly:
            _add(self._costly, attempt, since)
        costly = _count_costly(own)
        within = f"within {limits.burst_minutes} min"
        if at_once > limits.burst_at_once:
            return f"{at_once} outbound calls at once"
        if night and attempt.costly and costly > limits.burst_night:
            return f"{costly} costly calls {within}, out of hours"
        if attempt.costly and costly > limits.burst_costly:
            return f"{costly} costly calls {within}"
        if len(own) > limits.burst_calls:
            return f"{len(own)} outbound calls {within}"
        if (numbers := len({one.number for one in own})) > limits.burst_numbers:
            return f"calls to {numbers} different numbers {within}"
        if attempt.costly and len(self._costly) > limits.burst_site:
            return f"{len(self._costly)} costly calls of all extensions {within}, and one of them is its own"
        return ""


def _add(kept: deque[Attempt], attempt: Attempt, since: float) -> None:
    kept.append(attempt)
    while kept and kept[0].at <= since:
        kept.popleft()


def _count_costly(attempts: Iterable[Attempt]) -> int:
    return sum(one.costly for one in attempts)
