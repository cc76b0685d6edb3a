"""The status record of a plugin: what became of it, what it costs, what it did wrong."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from jackfield.permissions import Permission

SAMPLES = 200
"""Durations of a hook that are kept for its percentile."""
KEPT_NOTES = 20


class State(StrEnum):
    """What became of a plugin."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    FAILED = "failed to load"
    WRONG_API = "wrong API version"
    WAITING = "waits for another plugin"
    SHUT_OFF = "shut off after repeated errors"


class Figures:
    """What the calls of one hook cost: number, sum and maximum in seconds, and the last SAMPLES of them."""

    __slots__ = ("calls", "last", "longest", "seconds")

    def __init__(self) -> None:
        self.calls, self.seconds, self.longest = 0, 0.0, 0.0
        self.last: deque[float] = deque(maxlen=SAMPLES)

    def add(self, seconds: float) -> None:
        """One more call."""
        self.calls += 1
        self.seconds += seconds
        self.last.append(seconds)
        if seconds > self.longest:
            self.longest = seconds

    def describe(self) -> dict[str, float]:
        """In milliseconds; `p95_ms` is of the last calls alone."""
        return {
            "calls": self.calls,
            "ms": round(self.seconds * 1e3, 3),
            "p95_ms": round(percentile(list(self.last), 0.95) * 1e3, 3),
            "max_ms": round(self.longest * 1e3, 3),
        }


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that `share` of them do not exceed (nearest rank); 0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    rank = -int(-share * len(ordered) // 1)  # rounded up
    return ordered[max(0, rank - 1)]


@dataclass(slots=True)
class Status:
    """One plugin's status record."""

    name: str
    distribution: str = ""
    version: str = ""
    package: str = ""
    """Its top-level Python package: code of that is the plugin's."""
    state: State = State.ENABLED
    reason: str = ""
    api: str = ""
    """The API version that it declares; '' when it declares none."""
    requires: tuple[str, ...] = ()
    """Other plugins that must be at work before it is loaded."""
    faults: list[float] = field(default_factory=list)
    notes: deque[tuple[datetime, str]] = field(default_factory=lambda: deque(maxlen=KEPT_NOTES))
    """The last faults, in words."""
    hooks: dict[str, Figures] = field(default_factory=dict)
    declared: dict[str, list[Any]] = field(default_factory=dict)
    settings: Any = None
    permissions: frozenset[Permission] = frozenset()
    instance: Any = None
    stale: bool = False
    """The version on disk is another one than this process runs; only a restart takes it up."""
    stuck: list[str] = field(default_factory=list)
    """Threads of its that do not come back, or that it left behind."""
    calls: dict[str, int] = field(default_factory=dict)
    """What became of the calls in its destinations when it was taken out: so many to the fallback, so many finish."""
    load_seconds: float = 0.0
    load_kilobytes: int = 0
    """By how much the process grew while it was loaded."""

    def note(self, what: str) -> None:
        """Keep a fault in words."""
        self.notes.append((datetime.now(UTC), what))

    def figures(self, hook: str) -> Figures:
        """A hook's figures."""
        found = self.hooks.get(hook)
        return found if found is not None else self.hooks.setdefault(hook, Figures())

    def describe(self) -> dict[str, Any]:
        """For `jackfield plugins list`."""
        return {
            "name": self.name,
            "version": self.version,
            "api": self.api,
            "state": str(self.state),
            "reason": self.reason,
            "faults": len(self.faults),
            "stuck": len(self.stuck),
            "stale": self.stale,
            "permissions": sorted(self.permissions),
            "hooks": {hook: figures.describe() for hook, figures in sorted(self.hooks.items())},
            "destinations": [k.kind for k in self.declared.get("jackfield_destinations", [])],
        }
