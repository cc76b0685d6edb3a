"""The words of the engine: contacts, agents, queues, and the decisions that it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from jackfield_acd.lines import Tier
    from jackfield_acd.story import Story


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


class Standing(IntEnum):
    """Why an agent can or cannot be offered a contact now; one byte in the account of a decision."""

    FREE = 0
    LOGGED_OUT = 1
    OFFERED = 2
    TALKING = 3
    PAUSED = 4
    WRAP_UP = 5
    PHONE_BUSY = 6
    UNREACHABLE = 7
    RESTING = 8


class Stage(StrEnum):
    """What becomes of a contact now."""

    WAITING = "waiting"
    OFFERED = "offered"
    TALKING = "talking"


class Need(StrEnum):
    """What a queue asks of its agents before it takes (or keeps) callers."""

    NOBODY = "nobody"
    LOGGED_IN = "logged-in"
    NOT_PAUSED = "not-paused"
    FREE = "free"


class Refusal(StrEnum):
    """Why a contact cannot wait in a queue."""

    FULL = "full"
    EMPTY = "empty"
    CLOSED = "closed"
    GONE = "gone"


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


class Wish(NamedTuple):
    """A contact would rather have this agent, and waits for it up to a time while it is logged in.

    The time is in monotonic seconds, and may be infinite.
    """

    agent: str
    until: float
    why: str = "last agent"


@dataclass(slots=True)
class Contact:
    """A person in line, on the phone or by other means. Times are monotonic seconds."""

    id: str
    queue: str
    place: Place
    entered: float
    """When it came into this queue: its demands widen from then on. `place.joined` may be earlier."""
    wish: Wish | None = None
    agents: tuple[str, ...] = ()
    """The agents that it is offered to, or the one it talks with; empty while it waits."""
    tier: Tier | None = None
    """Where it waits."""
    turn: int = 0
    """Counts its moves in the line, so that a time that was overtaken is told apart."""
    offers: int = 0
    alone: bool = False
    """Offered to one agent at a time, also by strategies that ring several."""
    came_at: int = 0
    """Its position when it came into the line; 0 when it did not wait, or that is not known."""
    story: Story | None = None


@dataclass(frozen=True, slots=True)
class Demand:
    """What a queue demands of agents for a contact that has waited `after` seconds in it."""

    after: float = 0.0
    skills: tuple[tuple[str, int], ...] = ()
    """Skills, each with its least level."""
    queues: tuple[str, ...] = ()
    """Queues whose agents help."""


@dataclass(frozen=True, slots=True)
class QueueRules:
    """What the engine needs to know of a queue."""

    name: str
    agents: tuple[str, ...]
    strategy: str = "longest-idle"
    wrapup_seconds: float = 0.0
    wrapup_max_seconds: float = 0.0
    """How long wrap-up may become when the agent asks for more time."""
    no_answer_pause: int = 0
    demands: tuple[Demand, ...] = (Demand(),)
    """In the order of `after`; the first holds at once."""
    priority: int = 0
    """Added to that of each contact."""
    point_seconds: float = 0.0
    """What a point of priority is worth, in seconds of waiting; 0 = a higher one always goes first."""
    max_length: int = 0
    """How many may wait; 0 = no limit."""
    join_needs: Need = Need.NOBODY
    stay_needs: Need = Need.NOBODY


@dataclass(frozen=True, slots=True)
class AgentRules:
    """What the engine needs to know of an agent."""

    name: str
    skills: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    weights: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Queue → how much a second of waiting there counts for this agent; 1 where nothing is said."""
    no_answer_pause: int | None = None
    """In place of the queue's, if it is said."""


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
    taken: int = 0
    """Contacts taken since the log-in."""
    standing: Standing = Standing.LOGGED_OUT
    """As last noted in the tiers."""

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
        return self.stands() is Standing.FREE

    def stands(self) -> Standing:
        """Why it is available or not."""
        if self.activity is not Activity.IDLE:
            return _BUSY_WITH[self.activity]
        if self.phone is None:
            return Standing.LOGGED_OUT
        if self.pause is not None:
            return Standing.PAUSED
        if self.phone_busy:
            return Standing.PHONE_BUSY
        if not self.reachable:
            return Standing.UNREACHABLE
        return Standing.RESTING if self.resting else Standing.FREE


_BUSY_WITH = {
    Activity.OFFERED: Standing.OFFERED,
    Activity.TALKING: Standing.TALKING,
    Activity.WRAP_UP: Standing.WRAP_UP,
}


@dataclass(frozen=True, slots=True)
class Offer:
    """Ring `agents` at their `phones` (same order) for `contact`. Only ring-all names more than one."""

    contact: str
    agents: tuple[str, ...]
    phones: tuple[str, ...]
    queue: str


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Call `timer_ended(agent, turn)` after `seconds`."""

    agent: str
    kind: TimerKind
    seconds: float
    turn: int


@dataclass(frozen=True, slots=True)
class CallBack:
    """Call `advance` after `seconds`: somebody's demands widen, or a wish runs out."""

    seconds: float


@dataclass(frozen=True, slots=True)
class TurnChanged:
    """Whose turn it was last in a queue that goes round (to be kept over a restart)."""

    queue: str


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
    """The queue has lost the last agent that its callers need to stay."""

    queue: str


Decision = Offer | StartTimer | CallBack | TurnChanged | AgentChanged | Dropped | Unstaffed


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
    taken: int = 0
