"""What a site says of queues and agents, and what must be true of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

from jackfield.config.kinds import Destination, Extension, Kind, Name, SiteObject, Text
from pydantic import AfterValidator, Field, StringConstraints

if TYPE_CHECKING:
    from jackfield.config.site import Site

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
    agents: Annotated[list[Name], AfterValidator(_distinct)] = Field(
        default_factory=list, description="Names of the agents that serve it"
    )
    ring_seconds: int = Field(20, ge=3, le=300, description="How long an agent's phone rings for one offer")
    wrapup_seconds: int = Field(10, ge=0, le=3600, description="Time for an agent's notes after a talk; 0 = none")
    no_answer_pause: int = Field(
        2, ge=0, le=100, description="Pause an agent after so many unanswered offers in a row; 0 = never"
    )
    music: str = Field("default", pattern=MUSIC_CLASS_PATTERN, description="Music class while waiting")
    announce_position: bool = Field(True, description="Tell callers their place in line")
    announce_every: int = Field(60, ge=0, le=3600, description="Seconds between announcements; 0 = only on entry")
    max_wait: int = Field(0, ge=0, le=86400, description="Seconds until a caller overflows; 0 = no limit")
    max_length: int = Field(0, ge=0, le=100_000, description="Callers who may wait; more overflow; 0 = no limit")
    overflow: Destination | None = Field(
        None, description="Where callers go when max_wait or max_length is reached; needed with either"
    )
    empty: Destination | None = Field(
        None, description="Where callers go while no agent is logged in; left out, they wait"
    )
    after: Destination | None = Field(None, description="Where callers go after the talk; left out, the call ends")
    record: bool = Field(False, description="Record the talk (the recording plugin reads this)")
    announce_recording: bool = Field(True, description="With record: tell callers so before they wait")


class Agent(SiteObject):
    """An agent (A4): a person who logs in at a phone."""

    title: Text = Field("", description="The person's name")
    pin: Annotated[str, StringConstraints(pattern=r"^[0-9]{4,10}$")] | None = Field(
        None, description="Asked for at log-in when set"
    )
    extension: Name | None = Field(None, description="The agent's own phone; *11 dialled there needs no number")


def queue_kind() -> Kind:
    """The kind `queue`."""
    return Kind("queue", Queue, "Queues", _check_queues)


def agent_kind() -> Kind:
    """The kind `agent`."""
    return Kind("agent", Agent, "Agents", _check_agents)


def _check_queues(site: Site) -> list[str]:
    queues = site.all("queue", Queue)
    agents = set(site.names("agent"))
    findings = [
        f"queue:{queue.name} names the agent {agent!r}, which does not exist; add it, or take it out of the queue"
        for queue in queues
        for agent in queue.agents
        if agent not in agents
    ]
    for queue in queues:
        if (queue.max_wait or queue.max_length) and queue.overflow is None:
            findings.append(
                f"queue:{queue.name} has a max_wait or max_length but no overflow; say where its callers should go"
            )
    return findings + _same_in_dialplan(queues) + _loops(queues)


def _same_in_dialplan(queues: Iterable[Queue]) -> list[str]:
    """Asterisk leaves `-` out when it compares extensions; case makes two files of one name elsewhere."""
    seen: dict[str, str] = {}
    findings = []
    for queue in queues:
        other = seen.setdefault(queue.name.replace("-", "").lower(), queue.name)
        if other != queue.name:
            findings.append(
                f"queue:{queue.name} and queue:{other} differ only in '-' or in case, which Asterisk does not tell "
                "apart; rename one"
            )
    return findings


def _loops(queues: list[Queue]) -> list[str]:
    """Find queues that hand callers round in a circle: each next one would find the same reason to hand on."""
    findings = []
    for field in ("overflow", "empty"):
        following = {f"queue:{q.name}": getattr(q, field) for q in queues}
        reported: set[str] = set()
        for start in following:
            path: list[str] = []
            at: str | None = start
            while at in following and at not in path:
                path.append(at)
                at = following[at]
            if at is not None and at in path and at not in reported:
                circle = path[path.index(at) :]
                reported.update(circle)
                findings.append(
                    f"{at}: its {field} leads back to itself ({' -> '.join([*circle, at])}); "
                    f"let one of them lead elsewhere"
                )
    return findings


def _check_agents(site: Site) -> list[str]:
    extensions = set(site.names("extension"))
    findings = []
    owner: dict[str, str] = {}
    for agent in site.all("agent", Agent):
        if agent.extension is None:
            continue
        if agent.extension not in extensions:
            findings.append(
                f"agent:{agent.name} has the phone {agent.extension!r}, which is no extension; "
                f"add the extension, or take it out"
            )
        other = owner.setdefault(agent.extension, agent.name)
        if other != agent.name:
            findings.append(
                f"agent:{agent.name} and agent:{other} have the same phone {agent.extension!r}; "
                f"leave `extension` out for one of them"
            )
    return findings


def extension_of(site: Site, agent: str) -> str | None:
    """The agent's own phone, or None when the agent or its phone does not exist (any more)."""
    found = site.get("agent", agent, Agent)
    if found is None or found.extension is None:
        return None
    return found.extension if site.get("extension", found.extension, Extension) else None
