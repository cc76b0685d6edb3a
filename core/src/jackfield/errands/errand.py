"""One errand: what a phone is rung for, and how far it has come."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What for."""

    LISTEN = "listen"
    RECORD = "record"
    TEST_CALL = "test-call"


class State(StrEnum):
    """How far. The last two are final."""

    RINGING = "ringing"
    PLAYING = "playing"
    RECORDING = "recording"
    REVIEW = "review"
    KEEPING = "keeping"
    CONNECTED = "connected"
    DONE = "done"
    FAILED = "failed"


OVER = frozenset({State.DONE, State.FAILED})


@dataclass(slots=True)
class Errand:
    """A phone that is rung. `id` is the id of its call too."""

    id: str
    kind: Kind
    phone: str
    """The extension."""
    by: str
    """Who asked for it."""
    prompt: str = ""
    language: str = ""
    files: list[str] = field(default_factory=list)
    """What is played: sounds as Asterisk names them, without extension."""
    number: str = ""
    """Of a test call: the number or the destination that it goes to."""
    caller: str = ""
    """Of a test call: the number that calls; '' is the phone's own."""
    trunk: str = ""
    """Of a test call: the trunk that it comes over as far as routes look at that."""
    state: State = State.RINGING
    reason: str = ""
    """Why it failed, and what to do."""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in OVER

    def task(self) -> dict[str, Any]:
        """What must outlive the daemon, as a call's data."""
        return {key: value for key, value in asdict(self).items() if key not in ("state", "reason", "started")}

    @classmethod
    def from_task(cls, task: dict[str, Any]) -> Errand:
        """What `task` gave, back from a call."""
        return cls(**task | {"kind": Kind(task["kind"])})

    def describe(self) -> dict[str, Any]:
        """For the control API."""
        return {
            "id": self.id,
            "kind": str(self.kind),
            "phone": self.phone,
            "by": self.by,
            "prompt": self.prompt,
            "language": self.language,
            "number": self.number,
            "caller": self.caller,
            "state": str(self.state),
            "reason": str(self.reason),
            "started": self.started.isoformat(),
        }
