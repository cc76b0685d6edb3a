"""What a site says of queues and agents, in the engine's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from jackfield.routing.inbound import CallerLists

from jackfield_acd.kinds import Agent, Queue
from jackfield_acd.model import AgentRules, Demand, Need, QueueRules

if TYPE_CHECKING:
    from jackfield.config.site import Site


def queue_rules(site: Site) -> list[QueueRules]:
    """All queues."""
    return [_queue(queue) for queue in site.all("queue", Queue)]


def _queue(queue: Queue) -> QueueRules:
    somewhere = queue.empty is not None
    return QueueRules(
        name=queue.name,
        agents=tuple(queue.agents),
        strategy=queue.strategy,
        wrapup_seconds=float(queue.wrapup_seconds),
        wrapup_max_seconds=float(queue.wrapup_max_seconds),
        no_answer_pause=queue.no_answer_pause,
        demands=(
            Demand(0.0, _skills(queue.skills)),
            *(Demand(float(step.after), _skills(step.skills), tuple(step.queues)) for step in queue.widen),
        ),
        priority=queue.priority,
        point_seconds=float(queue.priority_seconds),
        max_length=queue.max_length,
        join_needs=Need(queue.join_needs) if somewhere else Need.NOBODY,
        stay_needs=Need(queue.stay_needs) if somewhere else Need.NOBODY,
    )


def agent_rules(site: Site) -> list[AgentRules]:
    """All agents."""
    return [AgentRules(a.name, a.skills, a.weights, a.no_answer_pause) for a in site.all("agent", Agent)]


def _skills(skills: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(skills.items()))


class OwnAgents:
    """Named agents of named customers."""

    def __init__(self, site: Site) -> None:
        self._lists = CallerLists(site)
        self._agents = {a.own_callers: a.name for a in reversed(site.all("agent", Agent)) if a.own_callers is not None}

    def of(self, caller: str) -> str | None:
        """The agent whose own customer a caller is."""
        if not self._agents or not caller:
            return None
        lists = (one.name for one in self._lists.of(caller))
        return next((self._agents[name] for name in lists if name in self._agents), None)
