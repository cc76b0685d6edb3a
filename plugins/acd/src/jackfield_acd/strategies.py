"""Which of a tier's free agents is rung first.

A strategy ranks each agent when it becomes free (the smallest first), and chooses among those ranked. Both are
O(log n). The last part of a rank is the agent's name: it settles ties, and does so alike after a restart.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jackfield_acd.model import Agent, Contact

if TYPE_CHECKING:
    from jackfield_acd.lines import Tier

Rank = tuple[float, float, str]
ROUND_ROBIN = "round-robin"
RING_ALL = "ring-all"
RING_AT_MOST = 20
"""Phones that ring-all rings for one contact; each costs Asterisk a channel."""


def _longest_idle(agent: Agent, tier: Tier) -> Rank:
    """Who has been ready longest."""
    return 0.0, agent.idle_since, agent.name


def _fewest_calls(agent: Agent, tier: Tier) -> Rank:
    """Who has taken the fewest contacts since the log-in; of equals, who has been ready longest."""
    return agent.taken, agent.idle_since, agent.name


def _most_skilled(agent: Agent, tier: Tier) -> Rank:
    """Whose levels in the skills demanded add up to the most; of equals, who has been ready longest."""
    return -tier.levels.get(agent.name, 0), agent.idle_since, agent.name


def _as_listed(agent: Agent, tier: Tier) -> Rank:
    """In the order in which the site names them."""
    return tier.members[agent.name], 0.0, agent.name


def _first(tier: Tier, contact: Contact, seed: int) -> str:
    return tier.free[0][-1]


def _after_the_last(tier: Tier, contact: Contact, seed: int) -> str:
    """The next one after the agent who was rung last, going round."""
    last = tier.members.get(tier.line.last or "", -1)
    at = bisect_right(tier.free, (last, float("inf"), ""))
    return tier.free[at % len(tier.free)][-1]


def _any(tier: Tier, contact: Contact, seed: int) -> str:
    """By lot. The lot hangs on seed, contact and attempt alone, so that it can be told again (CRC-32 as hash)."""
    lot = zlib.crc32(f"{seed} {contact.id} {contact.offers}".encode())
    return tier.free[lot % len(tier.free)][-1]


@dataclass(frozen=True, slots=True)
class Strategy:
    """How agents are ranked, and one chosen among the ranked."""

    rank: Callable[[Agent, Tier], Rank]
    choose: Callable[[Tier, Contact, int], str]


STRATEGIES = {
    "longest-idle": Strategy(_longest_idle, _first),
    ROUND_ROBIN: Strategy(_as_listed, _after_the_last),
    "fewest-calls": Strategy(_fewest_calls, _first),
    "random": Strategy(_as_listed, _any),
    RING_ALL: Strategy(_longest_idle, _first),
    "linear": Strategy(_as_listed, _first),
    "most-skilled": Strategy(_most_skilled, _first),
}
