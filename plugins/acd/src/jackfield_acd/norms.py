"""Norms: how long a wait, ringing, a talk, a hold and a pause should last, and when notices are due. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jackfield_acd.model import AgentState, Stage

if TYPE_CHECKING:
    from jackfield_acd.kinds import Queue
    from jackfield_acd.model import Agent, Contact

PAUSE_SHARE = 1.0
"""Of a pause that is too long a notice comes when it is, not before."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Something that should not last longer than `limit` seconds. Times are monotonic seconds."""

    kind: str
    """answer, ring, talk, hold or pause."""
    since: float
    limit: float
    share: float
    """At this share of the limit the first notice comes, while there is time to act."""
    queue: str = ""
    call: str = ""
    agent: str = ""

    @property
    def key(self) -> str:
        """One at a time of each kind and person."""
        return f"{self.kind}:{self.agent or self.call}"

    def level(self, now: float) -> str:
        """'' while all is well, `soon` from the share on, `over` from the limit on."""
        if now >= self.since + self.limit:
            return "over"
        return "soon" if now >= self.since + self.share * self.limit else ""

    def next(self, now: float) -> float | None:
        """When the level changes next; None after the last time."""
        moments = (self.since + self.share * self.limit, self.since + self.limit)
        return next((moment for moment in moments if moment > now), None)


def of_contact(contact: Contact, stage: Stage, queue: Queue | None) -> Watch | None:
    """The speed of answer, as long as nobody has answered."""
    if queue is None or not queue.norm_answer_seconds or stage is Stage.TALKING:
        return None
    share = queue.norm_notice_percent / 100
    return Watch("answer", contact.entered, queue.norm_answer_seconds, share, contact.queue, contact.id)


def of_agent(agent: Agent, queue: Queue | None, pause_seconds: float, *, personal: bool = False) -> list[Watch]:
    """What an agent is about: ringing, a talk that is not personal, a pause.

    Args:
        agent: who.
        queue: of the agent's contact.
        pause_seconds: how long a pause for the agent's reason may last; 0 = for ever.
        personal: whether the talk is marked as personal service.
    """
    if agent.state is AgentState.PAUSED:
        return [Watch("pause", agent.since, pause_seconds, PAUSE_SHARE, agent=agent.name)] if pause_seconds else []
    if queue is None or personal:
        return []
    share, call = queue.norm_notice_percent / 100, agent.contact or ""
    if agent.state is AgentState.OFFERED and queue.norm_ring_seconds:
        return [Watch("ring", agent.since, queue.norm_ring_seconds, share, queue.name, call, agent.name)]
    if agent.state is AgentState.TALKING and queue.norm_talk_seconds:
        return [Watch("talk", agent.since, queue.norm_talk_seconds, share, queue.name, call, agent.name)]
    return []


def of_hold(agent: Agent, queue: Queue | None, since: float) -> Watch | None:
    """A caller on hold in an agent's talk."""
    if queue is None or not queue.norm_hold_seconds or agent.state is not AgentState.TALKING:
        return None
    share = queue.norm_notice_percent / 100
    return Watch("hold", since, queue.norm_hold_seconds, share, queue.name, agent.contact or "", agent.name)
