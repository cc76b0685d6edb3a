"""What became of each plugin."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """What became of a plugin."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    FAILED = "failed to load"
    WRONG_API = "wrong API version"
    SHUT_OFF = "shut off after repeated errors"


@dataclass(slots=True)
class Status:
    """One plugin's status record."""

    name: str
    distribution: str = ""
    version: str = ""
    state: State = State.ENABLED
    reason: str = ""
    faults: list[float] = field(default_factory=list)
    hooks: dict[str, list[float]] = field(default_factory=dict)
    """Hook → [calls, seconds in all, seconds at most]."""
    declared: dict[str, list[Any]] = field(default_factory=dict)
    settings: Any = None
    instance: Any = None
    stale: bool = False
    """The version on disk is another one than this process runs; only a restart takes it up."""

    def describe(self) -> dict[str, Any]:
        """For `jackfield plugins`."""
        return {
            "name": self.name,
            "version": self.version,
            "state": str(self.state),
            "reason": self.reason,
            "faults": len(self.faults),
            "stale": self.stale,
            "hooks": {k: {"calls": int(v[0]), "ms": v[1] * 1e3, "max_ms": v[2] * 1e3} for k, v in self.hooks.items()},
            "destinations": [k.kind for k in self.declared.get("jackfield_destinations", [])],
        }
