"""The words of the engine: contacts, agents, queues, and the decisions that it takes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Activity(StrEnum):
    """What an agent is doing for the queues, apart from being logged in or paused."""

    IDLE = "idle"
    OFFERED = "offered"
    TALKING = "talking"
    WRAP_UP = "wrap-up"


class AgentState(StrEnum):
    """An agent's state as people see it."""

    LOGGED_OUT = "logged-out"
    READY = "ready"
    OFFERED = "offered"
    TALKING = "talking"
    WRAP_UP = "wrap-up"
    PAUSED = "paused"


class Failure(StrEnum):
    """Why an offer did not become a talk."""

    NO_ANSWER = "no-answer"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    CANCELLED = "cancelled"
    """Not the agent's doing: the caller left, or the offer never reached the phone."""


class TimerKind(StrEnum):
    """What a timer of an agent ends."""

    WRAP_UP = "wrap-up"
    REST = "rest"


class Place(NamedTuple):
    """A contact's place in line; the smallest is first. Times are monotonic seconds."""

    rank: int
    """Priority, negated: a higher priority goes first."""
    joined: float
    sequence: int
    """Order of joining, for contacts that joined at the same time."""


@dataclass(slots=True)
class Contact:
    """A person in line, on the phone or by other means."""

    id: str
    queue: str
    place: Place
    agent: str | None = None
    """The agent that it is offered to or talks with; None while it waits."""


@dataclass(frozen=True, slots=True)
class QueueRules:
    """What the engine needs to know of a queue."""

    name: str
    agents: tuple[str, ...]
    strategy: str = "longest-idle"
    wrapup_seconds: float = 0.0
    no_answer_pause: int = 0


@dataclass(slots=True)
class Agent:
    """An agent as the engine sees it. Times are monotonic seconds."""

    name: str
    phone: str | None = None
    """Extension logged in at; None when logged out."""
    pause: str | None = None
    """Reason of the pause (may be empty); None when not paused."""
    activity: Activity = Activity.IDLE
    contact: str | None = None
    queue: str | None = None
    """Queue of the contact, or of the last one during wrap-up."""
    phone_busy: bool = False
    reachable: bool = True
    resting: bool = False
    """A phone that just refused or was not there is left alone for a while."""
    unanswered: int = 0
    """Unanswered offers in a row."""
    idle_since: float = 0.0
    since: float = 0.0
    """When `state` last changed."""
    until: float | None = None
    """When wrap-up ends."""
    turn: int = 0
    """Counts timers, so that one that was overtaken is told apart."""
    shown: AgentState = AgentState.LOGGED_OUT
    """`state` as last reported."""

    @property
    def state(self) -> AgentState:
        """State as people see it: talk before log-out, pause before wrap-up."""
        if self.activity is Activity.TALKING:
            return AgentState.TALKING
        if self.activity is Activity.OFFERED:
            return AgentState.OFFERED
        if self.phone is None:
            return AgentState.LOGGED_OUT
        if self.pause is not None:
            return AgentState.PAUSED
        return AgentState.WRAP_UP if self.activity is Activity.WRAP_UP else AgentState.READY

    @property
    def available(self) -> bool:
        """Whether a contact may be offered now."""
        return (
            self.activity is Activity.IDLE
            and self.phone is not None
            and self.pause is None
            and not self.phone_busy
            and self.reachable
            and not self.resting
        )


@dataclass(frozen=True, slots=True)
class Offer:
    """Ring `agent` at `phone` for `contact`."""

    contact: str
    agent: str
    phone: str
    queue: str


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Call `timer_ended(agent, turn)` after `seconds`."""

    agent: str
    kind: TimerKind
    seconds: float
    turn: int


@dataclass(frozen=True, slots=True)
class AgentChanged:
    """An agent's state, phone or reason of pause changed."""

    agent: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """The contact's queue exists no more."""

    contact: str
    queue: str


@dataclass(frozen=True, slots=True)
class Unstaffed:
    """The last agent of the queue has logged out."""

    queue: str


Decision = Offer | StartTimer | AgentChanged | Dropped | Unstaffed


@dataclass(frozen=True, slots=True)
class AgentMemory:
    """What of an agent outlives the daemon. Times are monotonic seconds of whoever holds it."""

    name: str
    phone: str | None
    pause: str | None
    activity: Activity
    contact: str | None
    queue: str | None
    unanswered: int
    idle_since: float
    since: float
    until: float | None
