"""Skills: who qualifies for what a queue demands. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jackfield_acd.model import AgentRules, Demand, QueueRules

Skills = tuple[tuple[str, int], ...]


def missing(agent: AgentRules, skills: Skills) -> str:
    """What an agent lacks, in words for people; '' when it qualifies."""
    lacking = [
        f"{skill} {agent.skills.get(skill, 0)} of {level}" for skill, level in skills if not _has(agent, skill, level)
    ]
    return ", ".join(lacking)


def qualifies(agent: AgentRules, skills: Skills) -> bool:
    """Whether an agent has every skill at its least level."""
    return all(_has(agent, skill, level) for skill, level in skills)


def level(agent: AgentRules, skills: Skills) -> int:
    """The sum of an agent's levels in some skills."""
    return sum(agent.skills.get(skill, 0) for skill, _ in skills)


def _has(agent: AgentRules, skill: str, least: int) -> bool:
    return agent.skills.get(skill, 0) >= least


def asked(rules: QueueRules, demand: Demand, queues: Mapping[str, QueueRules]) -> Iterator[str]:
    """Agents that a demand turns to, each once: the queue's own, then those of the queues that help."""
    seen: set[str] = set()
    for queue in (rules, *(queues[name] for name in demand.queues if name in queues)):
        for agent in queue.agents:
            if agent not in seen:
                seen.add(agent)
                yield agent
