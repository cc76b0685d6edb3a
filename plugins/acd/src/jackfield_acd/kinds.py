"""What a site says of queues and agents."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from jackfield.config.kinds import Destination, IsSecret, Name, NamesMusic, Onward, Refers, SiteObject, Text
from jackfield.config.objects.outbound import CallClass, usual_classes
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from jackfield_acd.strategies import STRATEGIES

MUSIC_CLASS_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
RESERVED = frozenset({"general", "h", "i", "t", "e", "s", "fax", "failed"})
"""Words that mean something else to Asterisk where a queue's name is written (queues.conf, the dialplan)."""


def _queue_name(value: str) -> str:
    if value.lower() in RESERVED:
        raise ValueError(f"{value!r} has a meaning of its own in Asterisk; choose another name")
    return value


def _distinct(values: list[str]) -> list[str]:
    twice = sorted({v for v in values if values.count(v) > 1})
    if twice:
        raise ValueError(f"named more than once: {', '.join(twice)}")
    return values


def _strategy(value: str) -> str:
    if value not in STRATEGIES:
        raise ValueError(f"not a strategy; choose one of {', '.join(STRATEGIES)}")
    return value


def _rising(steps: list[Widen]) -> list[Widen]:
    times = [step.after for step in steps]
    if times != sorted(set(times)):
        raise ValueError("the steps must be in the order of `after`, each later than the one before")
    return steps


Key = Annotated[str, StringConstraints(pattern=r"^[0-9*#]$")]
Skill = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
Level = Annotated[int, Field(ge=1, le=10)]
Skills = Annotated[dict[Skill, Level], Field(max_length=20)]


class Widen(BaseModel):
    """From when on a queue takes whom else."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    after: int = Field(ge=1, le=86400, description="Seconds in the queue")
    skills: Skills = Field(default_factory=dict, description="What is demanded from then on, in place of before")
    queues: list[Annotated[Name, Refers("queue")]] = Field(
        default_factory=list, max_length=20, description="Queues whose agents help from then on"
    )


class Queue(SiteObject):
    """A queue (A1, A5): callers wait in line for one of its agents."""

    name: Annotated[Name, AfterValidator(_queue_name)] = Field(description="Unique among the queues")
    title: Text = Field("", description="What people call it")
    strategy: Annotated[str, AfterValidator(_strategy)] = Field(
        "longest-idle",
        description="Which free agent is rung: longest-idle, round-robin, fewest-calls, random, ring-all, linear or "
        "most-skilled",
    )
    skills: Skills = Field(
        default_factory=dict,
        description="Skills that agents must have, as in { german = 3 }: the least level, 1-10",
    )
    widen: Annotated[list[Widen], AfterValidator(_rising)] = Field(
        default_factory=list,
        max_length=8,
        description="Whom to take after a while, as in { after = 30, skills = { german = 1 }, queues = ['service'] }",
    )
    priority: int = Field(0, ge=0, le=100, description="Added to that of its callers")
    priority_seconds: int = Field(
        60,
        ge=0,
        le=86400,
        description="What a point of priority is worth, in seconds of waiting, so that nobody waits for ever; "
        "0 = a higher priority always goes first",
    )
    last_agent: bool = Field(False, description="Prefer the agent with whom the caller spoke last")
    own_agent_seconds: int = Field(
        0, ge=0, le=3600, description="How long a caller waits for the last or own agent; 0 = only if free at once"
    )
    keep_waited: bool = Field(
        True,
        description="Callers from another queue, by overflow or transfer, bring the time that they waited there",
    )
    agents: Annotated[list[Annotated[Name, Refers("agent")]], AfterValidator(_distinct)] = Field(
        default_factory=list, description="Names of the agents that serve it"
    )
    ring_seconds: int = Field(20, ge=3, le=300, description="How long an agent's phone rings for one offer")
    wrapup_seconds: int = Field(10, ge=0, le=3600, description="Time for an agent's notes after a talk; 0 = none")
    norm_answer_seconds: int = Field(
        0, ge=0, le=86400, description="Norm: within so long callers are answered; 0 = none"
    )
    norm_ring_seconds: int = Field(0, ge=0, le=300, description="Norm: within so long an agent's phone is answered")
    norm_talk_seconds: int = Field(0, ge=0, le=86400, description="Norm: how long a talk lasts at most")
    norm_hold_seconds: int = Field(
        0, ge=0, le=86400, description="Norm: how long a caller is on hold at most in a talk"
    )
    norm_notice_percent: int = Field(
        80, ge=10, le=100, description="At this share of a norm supervisors get the first notice, while there is time"
    )
    wrapup_max_seconds: int = Field(
        0, ge=0, le=3600, description="How long notes may take when an agent asks for more time; 0 = no longer"
    )
    no_answer_pause: int = Field(
        2, ge=0, le=100, description="Pause an agent after so many unanswered offers in a row; 0 = never"
    )
    answer: Literal["first", "agent"] = Field(
        "first",
        description="When callers are answered: first, before they wait; or by the agent, with music and announcements "
        "before that as early media, which costs the caller nothing",
    )
    callback_key: Annotated[str, StringConstraints(pattern=r"^[0-9]$")] | None = Field(
        None, description="Key by which a waiting caller asks to be called back, keeping the place in line"
    )
    callback_may_call: list[CallClass] = Field(
        default_factory=usual_classes, description="Classes of numbers that are called back, by the outbound routes"
    )
    callback_tries: int = Field(3, ge=1, le=10, description="How often a customer is called who cannot be reached")
    callback_minutes: int = Field(10, ge=1, le=1440, description="Minutes between these tries")
    callback_lost: bool = Field(
        True, description="With callback_key: call back who was in line when Asterisk died, at the old place"
    )
    music: Annotated[str, NamesMusic()] = Field(
        "default", pattern=MUSIC_CLASS_PATTERN, description="Music class while waiting"
    )
    announce_position: bool = Field(True, description="Tell callers their place in line")
    announce_wait: bool = Field(False, description="Tell callers how long they will probably wait, once that is known")
    announce_every: int = Field(60, ge=0, le=3600, description="Seconds between announcements; 0 = only on entry")
    announcements: list[Annotated[Name, Refers("prompt")]] = Field(
        default_factory=list, max_length=20, description="Prompts between the music, one after the other, then again"
    )
    announcements_every: int = Field(45, ge=5, le=3600, description="Seconds of music before each of `announcements`")
    keys: dict[Key, Destination] = Field(
        default_factory=dict, description="Keys by which a waiting caller goes elsewhere, as in { 2 = 'ivr:main' }"
    )
    max_wait: int = Field(0, ge=0, le=86400, description="Seconds until a caller overflows; 0 = no limit")
    max_length: int = Field(0, ge=0, le=100_000, description="Callers who may wait; more overflow; 0 = no limit")
    overflow: Annotated[Destination | None, Onward()] = Field(
        None, description="Where callers go when max_wait or max_length is reached; needed with either"
    )
    empty: Annotated[Destination | None, Onward()] = Field(
        None, description="Where callers go while no agent is logged in; left out, they wait"
    )
    after: Destination | None = Field(None, description="Where callers go after the talk; left out, the call ends")
    join_needs: Literal["logged-in", "not-paused", "free"] = Field(
        "logged-in", description="With empty: new callers wait only while an agent is so"
    )
    stay_needs: Literal["logged-in", "not-paused"] = Field(
        "logged-in", description="With empty: callers go on waiting only while an agent is so"
    )
    hours: Annotated[Name, Refers("hours")] | None = Field(None, description="Business hours in which it takes callers")
    closed: Annotated[Destination, Onward()] = Field("prompt:closed", description="Where callers go outside the hours")
    service_level_seconds: int = Field(
        20, ge=1, le=3600, description="Callers should be answered within so many seconds; for the figures"
    )
    record: bool = Field(False, description="Record the talk (the recording plugin reads this)")
    announce_recording: bool = Field(True, description="With record: tell callers so before they wait")

    @model_validator(mode="after")
    def _one_use_a_key(self) -> Self:
        if self.callback_key is not None and self.callback_key in self.keys:
            raise ValueError(f"key {self.callback_key} has two uses, in keys and as callback_key; give each its own")
        return self


class Agent(SiteObject):
    """An agent (A4): a person who logs in at a phone."""

    title: Text = Field("", description="The person's name")
    pin: Annotated[str, StringConstraints(pattern=r"^[0-9]{4,10}$"), IsSecret()] | None = Field(
        None, description="Asked for at log-in when set"
    )
    extension: Annotated[Name, Refers("extension")] | None = Field(
        None, description="The agent's own phone; *11 dialled there needs no number"
    )
    ring_seconds: int | None = Field(
        None, ge=3, le=300, description="How long the phone rings for one offer; left out, as the queue says"
    )
    no_answer_pause: int | None = Field(
        None, ge=0, le=100, description="Pause after so many unanswered offers in a row; left out, as the queue says"
    )
    skills: Skills = Field(default_factory=dict, description="What the agent can do, as in { german = 5 }: levels 1-10")
    weights: Annotated[dict[Name, Annotated[float, Field(gt=0, le=100)]], Field(max_length=200)] = Field(
        default_factory=dict,
        description="How much a second of waiting counts for this agent, as in { sales = 2 }; 1 for other queues",
    )
    supervises: list[Annotated[Name, Refers("queue")]] = Field(
        default_factory=list,
        max_length=200,
        description="Queues in whose agents' talks this person may listen and join",
    )
    own_callers: Annotated[Name, Refers("caller-list")] | None = Field(
        None, description="Callers on this list are the agent's own, in queues that the agent serves"
    )
