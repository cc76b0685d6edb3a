"""What a site says of queues and agents."""

from __future__ import annotations

from typing import Annotated, Literal

from jackfield.config.kinds import Destination, IsSecret, Name, NamesMusic, Onward, Refers, SiteObject, Text
from pydantic import AfterValidator, Field, StringConstraints

MUSIC_CLASS_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
_RESERVED = frozenset({"general", "h", "i", "t", "e", "s", "fax", "failed"})
"""Words that mean something else to Asterisk where a queue's name is written (queues.conf, the dialplan)."""


def _queue_name(value: str) -> str:
    if value.lower() in _RESERVED:
        raise ValueError(f"{value!r} has a meaning of its own in Asterisk; choose another name")
    return value


def _distinct(values: list[str]) -> list[str]:
    twice = sorted({v for v in values if values.count(v) > 1})
    if twice:
        raise ValueError(f"named more than once: {', '.join(twice)}")
    return values


class Queue(SiteObject):
    """A queue (A1, A5): callers wait in line for one of its agents."""

    name: Annotated[Name, AfterValidator(_queue_name)]
    title: Text = Field("", description="What people call it")
    strategy: Literal["longest-idle"] = Field("longest-idle", description="Which free agent is rung")
    agents: Annotated[list[Annotated[Name, Refers("agent")]], AfterValidator(_distinct)] = Field(
        default_factory=list, description="Names of the agents that serve it"
    )
    ring_seconds: int = Field(20, ge=3, le=300, description="How long an agent's phone rings for one offer")
    wrapup_seconds: int = Field(10, ge=0, le=3600, description="Time for an agent's notes after a talk; 0 = none")
    no_answer_pause: int = Field(
        2, ge=0, le=100, description="Pause an agent after so many unanswered offers in a row; 0 = never"
    )
    music: Annotated[str, NamesMusic()] = Field(
        "default", pattern=MUSIC_CLASS_PATTERN, description="Music class while waiting"
    )
    announce_position: bool = Field(True, description="Tell callers their place in line")
    announce_every: int = Field(60, ge=0, le=3600, description="Seconds between announcements; 0 = only on entry")
    max_wait: int = Field(0, ge=0, le=86400, description="Seconds until a caller overflows; 0 = no limit")
    max_length: int = Field(0, ge=0, le=100_000, description="Callers who may wait; more overflow; 0 = no limit")
    overflow: Annotated[Destination | None, Onward()] = Field(
        None, description="Where callers go when max_wait or max_length is reached; needed with either"
    )
    empty: Annotated[Destination | None, Onward()] = Field(
        None, description="Where callers go while no agent is logged in; left out, they wait"
    )
    after: Destination | None = Field(None, description="Where callers go after the talk; left out, the call ends")
    record: bool = Field(False, description="Record the talk (the recording plugin reads this)")
    announce_recording: bool = Field(True, description="With record: tell callers so before they wait")


class Agent(SiteObject):
    """An agent (A4): a person who logs in at a phone."""

    title: Text = Field("", description="The person's name")
    pin: Annotated[str, StringConstraints(pattern=r"^[0-9]{4,10}$"), IsSecret()] | None = Field(
        None, description="Asked for at log-in when set"
    )
    extension: Annotated[Name, Refers("extension")] | None = Field(
        None, description="The agent's own phone; *11 dialled there needs no number"
    )
