"""What the whole engine shares: agents, contacts, lines, and who is listed as free where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jackfield_acd.lines import Line, Tier
from jackfield_acd.model import Agent, AgentRules, Contact, Decision, Need, QueueRules, Standing, Unstaffed
from jackfield_acd.strategies import Rank


class Floor:
    """The state, and its bookkeeping."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._agents: dict[str, Agent] = {}
        self._contacts: dict[str, Contact] = {}
        self._lines: dict[str, Line] = {}
        self._lines_of: dict[str, list[Line]] = {}
        self._tiers_of: dict[str, list[Tier]] = {}
        self._weights: dict[str, Mapping[str, float]] = {}
        """Agents to whom queues are not all the same."""
        self._no_answer_pause: dict[str, int] = {}
        """Agents with a number of their own."""
        self._phones: dict[str, str] = {}
        """Extension → agent logged in there."""
        self._engaged: dict[str, list[str]] = {}
        """Contact → agents, from the offer on."""
        self._listed: dict[str, list[tuple[Tier, Rank]]] = {}
        """Agents that are in the lists of free agents, and where."""
        self._decisions: list[Decision] = []
        self._watched = False
        self._changed_agents: dict[str, None] = {}
        self._changed_contacts: dict[str, None] = {}
        self._changed_queues: dict[str, None] = {}

    # -- who follows -----------------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Note from now on who changes; `changed` tells, and must be called now and then."""
        self._watched = True

    def changed(self) -> tuple[list[str], list[str], list[str]]:
        """Agents, contacts and queues that may have changed since the last time, in the order of their first change."""
        if not (self._changed_agents or self._changed_contacts or self._changed_queues):
            return [], [], []
        found = list(self._changed_agents), list(self._changed_contacts), list(self._changed_queues)
        self._changed_agents.clear()
        self._changed_contacts.clear()
        self._changed_queues.clear()
        return found

    def line_state(self, queue: str) -> dict[str, int]:
        """How many wait in a queue, and how many of its agents are logged in, and not paused; empty when it is gone."""
        line = self._lines.get(queue)
        if line is None:
            return {}
        return {"waiting": len(line.order), "logged_in": line.logged_in, "present": line.present}

    def _touch(self, agent: Agent) -> None:
        if self._watched:
            self._changed_agents[agent.name] = None

    def _touch_contact(self, contact: Contact) -> None:
        if self._watched:
            self._changed_contacts[contact.id] = self._changed_queues[contact.queue] = None

    # -- the site --------------------------------------------------------------------------------------------------

    def _set_lines(self, queues: Iterable[QueueRules], agents: Mapping[str, AgentRules]) -> None:
        """New lines, without contacts; whose turn it was stays."""
        rules = {one.name: one for one in queues}
        turns = {name: line.last for name, line in self._lines.items()}
        self._lines = {name: Line(one, rules, agents) for name, one in rules.items()}
        self._weights = {a.name: a.weights for a in agents.values() if a.weights}
        self._no_answer_pause = {a.name: n for a in agents.values() if (n := a.no_answer_pause) is not None}
        self._lines_of, self._tiers_of = {}, {}
        self._listed.clear()
        for name, line in self._lines.items():
            line.last = turns.get(name)
            for tier in line.tiers:
                for member in tier.members:
                    self._tiers_of.setdefault(member, []).append(tier)
            for member in line.members:
                self._lines_of.setdefault(member, []).append(line)
        for agent in self._agents.values():
            for line in self._lines_of.get(agent.name, ()):
                line.logged_in += agent.phone is not None
                line.present += agent.phone is not None and agent.pause is None
            self._stand(agent, afresh=True)
            if agent.available:
                self._list(agent)

    # -- bookkeeping -----------------------------------------------------------------------------------------------

    def _stand(self, agent: Agent, *, afresh: bool = False) -> Standing:
        """Note in the agent's tiers how it stands."""
        standing = agent.stands()
        if standing is not agent.standing or afresh:
            agent.standing = standing
            for tier in self._tiers_of.get(agent.name, ()):
                tier.standings[tier.members[agent.name]] = standing
        return standing

    def _count(self, agent: Agent, logged_in: int, present: int) -> None:
        """An agent has come or gone (+1, -1), or its pause has begun or ended."""
        for line in self._lines_of.get(agent.name, ()):
            line.logged_in += logged_in
            line.present += present
            if self._watched:
                self._changed_queues[line.rules.name] = None
            if (logged_in < 0 and line.rules.stay_needs is Need.LOGGED_IN and not line.logged_in) or (
                present < 0 and line.rules.stay_needs is Need.NOT_PAUSED and not line.present
            ):
                self._decide(Unstaffed(line.rules.name))

    def _set_pause(self, agent: Agent, reason: str | None) -> None:
        before, agent.pause = agent.pause, reason
        if agent.phone is not None and (before is None) is not (reason is None):
            self._count(agent, 0, 1 if reason is None else -1)

    def _list(self, agent: Agent) -> None:
        self._listed[agent.name] = [(tier, tier.add_free(agent)) for tier in self._tiers_of.get(agent.name, ())]

    def _unlist(self, agent: Agent) -> None:
        for tier, rank in self._listed.pop(agent.name, ()):
            tier.remove_free(rank)

    def _agents_of(self, contact: str) -> list[Agent]:
        """The agents that it is offered to, or the one it talks with."""
        return [self._agents[name] for name in self._engaged.get(contact, ())]

    def _disengage(self, agent: Agent) -> None:
        """The agent has nothing to do with its contact any more."""
        self._touch(agent)
        engaged = self._engaged.get(agent.contact or "")
        if engaged is not None and agent.name in engaged:
            engaged.remove(agent.name)
            if not engaged:
                del self._engaged[agent.contact or ""]
        agent.contact = None

    def _decide(self, decision: Decision) -> None:
        self._decisions.append(decision)

    def _decided(self) -> list[Decision]:
        decisions, self._decisions = self._decisions, []
        return decisions
