"""Which of a queue's free agents is rung first: a rank for each strategy, the smallest first.

A rank is worked out when the agent becomes free, and holds until it is free no longer.
"""

from __future__ import annotations

from collections.abc import Callable

from jackfield_acd.model import Agent, QueueRules

Rank = tuple[float, str]
"""The last part is the agent's name: it settles ties, and does so alike after a restart."""


def longest_idle(agent: Agent, queue: QueueRules) -> Rank:
    """Who has been ready longest."""
    return agent.idle_since, agent.name


STRATEGIES: dict[str, Callable[[Agent, QueueRules], Rank]] = {"longest-idle": longest_idle}
