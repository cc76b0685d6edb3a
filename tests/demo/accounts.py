"""What is compared: a call as its telephone sides saw it, and a recording as it was measured.

Plain values without I/O. Times are seconds since 1970, durations are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Offer:
    """One ringing of an agent's phone for a call, as the phone saw it."""

    agent: str
    extension: str
    rang_at: float
    ended_at: float
    answered_at: float | None = None
    heard_caller: float = 0.0
    """How long the phone heard this caller's tone."""

    @property
    def talk(self) -> float:
        """Length of the talk."""
        return self.ended_at - self.answered_at if self.answered_at is not None else 0.0


@dataclass(frozen=True)
class Account:
    """A call as the carrier and the agents' phones saw it on the wire."""

    number: str
    name: str
    did: str
    code: int
    started_at: float
    ended_at: float
    by: str
    """Who ended it: "caller" or "pbx" (which hangs up for an agent too)."""
    tone: int
    keys: str = ""
    last_key_at: float | None = None
    """When the last key was let go."""
    offers: tuple[Offer, ...] = ()
    heard_agents: dict[str, float] = field(default_factory=dict)
    """Seconds of each agent's tone that the caller heard, above 0.2."""
    prompts: tuple[tuple[str, str], ...] = ()
    """(language, name) of the prompts that it heard whole, of those looked for."""
    music: bool = False
    """Whether music on hold was recognised while it waited."""

    @property
    def taken(self) -> Offer | None:
        """The offer that an agent answered."""
        return next((offer for offer in self.offers if offer.answered_at is not None), None)

    @property
    def queued_at(self) -> float:
        """When it was sent to wait for a person: with its last key, or at once."""
        return self.last_key_at if self.last_key_at is not None else self.started_at

    @property
    def waited(self) -> float:
        """Until the agent answered, or the call was over."""
        taken = self.taken
        end = taken.answered_at if taken is not None and taken.answered_at is not None else self.ended_at
        return end - self.queued_at

    @property
    def both_ways(self) -> bool:
        """Whether caller and agent heard each other."""
        taken = self.taken
        return taken is not None and taken.heard_caller >= 0.2 and self.heard_agents.get(taken.agent, 0.0) >= 0.2


@dataclass(frozen=True)
class Recording:
    """A recording: its row, and what is really in its file."""

    call_id: str
    path: str
    state: str
    row_seconds: float
    intact: bool = False
    """Whether the file's SHA-256 is the row's."""
    form: str = ""
    channels: int = 0
    seconds: float = 0.0
    left: dict[int, float] = field(default_factory=dict)
    """Seconds of each tone looked for, on the left."""
    right: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class LogIn:
    """An agent's log-in by feature code, as the phone saw it."""

    agent: str
    extension: str
    dialled: str
    heard: tuple[tuple[str, str], ...] = ()
    """(language, name) of the prompts that the phone heard."""
