"""Who is offered to whom, and where a contact waits meanwhile.

An agent takes the best of the first in line of its tiers; a contact takes the agent that its queue's strategy chooses
among the free ones of its tier. Each costs O(log n), and as many looks as the agent has tiers of its own.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from jackfield_acd.floor import Floor
from jackfield_acd.lines import Key, Line, Tier
from jackfield_acd.model import (
    Activity,
    Agent,
    AgentChanged,
    AgentState,
    CallBack,
    Contact,
    Decision,
    Dropped,
    Offer,
    Standing,
    TurnChanged,
)
from jackfield_acd.story import Event
from jackfield_acd.strategies import ROUND_ROBIN

NEVER = float("inf")


class Matching(Floor):
    """Lines up contacts, and brings them together with agents."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        self._held = False
        self._due: list[tuple[float, int, str, int]] = []
        """When whose tier changes: moment, sequence, contact, its turn then."""
        self._asked = NEVER
        """The moment for which `advance` has been asked to be called."""

    def advance(self, now: float) -> list[Decision]:
        """Move those whose demands widen, or whose wish has run out, by now."""
        self._asked = NEVER
        lines = set()
        while self._due and self._due[0][0] <= now:
            _, _, name, turn = heapq.heappop(self._due)
            contact = self._contacts.get(name)
            if contact is not None and contact.turn == turn and contact.tier is not None:
                self._move_on(contact, now)
                lines.add(contact.queue)
        self._match(lines, now)
        self._ask_back(now)
        return self._decided()

    # -- where a contact waits -------------------------------------------------------------------------------------

    def _line_up(self, contact: Contact, now: float) -> None:
        """A contact looks for an agent, and waits if there is none."""
        self._touch_contact(contact)
        line = self._lines.get(contact.queue)
        if line is None:
            self._drop(contact)
            return
        tier = self._tier_for(contact, line, now)
        if tier.free and not self._held:
            self._offer(contact, tier, tier.choose(contact, self._seed), now)
            self._forget_if_empty(tier)
        else:
            line.add(contact, tier)
            self._wait_in(contact, tier, now)

    def _tier_for(self, contact: Contact, line: Line, now: float) -> Tier:
        wish = contact.wish
        if wish is not None and (
            wish.until <= now or wish.agent not in line.members or self._agents[wish.agent].phone is None
        ):
            wish = contact.wish = None
        if wish is None:
            return line.tiers[line.step(now - contact.entered)]
        known = wish.agent in line.personal
        tier = line.wish_tier(wish.agent, wish.why)
        if not known:
            self._tiers_of.setdefault(wish.agent, []).append(tier)
            agent = self._agents[wish.agent]
            tier.standings[0] = agent.standing
            if wish.agent in self._listed:
                self._listed[wish.agent].append((tier, tier.add_free(agent)))
        return tier

    def _forget_if_empty(self, tier: Tier | None) -> None:
        """The tier of a wish goes with the last who had it."""
        if tier is None or not tier.face.wish or tier.waiting:
            return
        (agent,) = tier.members
        del tier.line.personal[agent]
        self._tiers_of[agent].remove(tier)
        if agent in self._listed:
            self._listed[agent] = [entry for entry in self._listed[agent] if entry[0] is not tier]

    def _move_on(self, contact: Contact, now: float) -> None:
        """To the tier where it belongs now."""
        line, before = self._lines[contact.queue], contact.tier
        tier = self._tier_for(contact, line, now)
        if tier is not before:
            line.move(contact, tier)
            self._forget_if_empty(before)
        self._wait_in(contact, tier, now)

    def _wait_in(self, contact: Contact, tier: Tier, now: float) -> None:
        contact.turn += 1
        if contact.story is not None:
            contact.story.add(now, Event.WAITS, tier.face, bytes(tier.standings))
        line = tier.line
        moment = NEVER
        if tier.face.wish and contact.wish is not None:
            moment = contact.wish.until
        elif (step := line.step(now - contact.entered) + 1) < len(line.tiers):
            moment = contact.entered + line.rules.demands[step].after
        if moment < NEVER:
            heapq.heappush(self._due, (moment, contact.place.sequence, contact.id, contact.turn))
            self._ask_back(now)

    def _ask_back(self, now: float) -> None:
        """See to it that `advance` is called in time; drop what is overtaken before it outgrows the rest."""
        if len(self._due) > 2 * len(self._contacts) + 64:
            self._due = [e for e in self._due if (c := self._contacts.get(e[2])) is not None and c.turn == e[3]]
            heapq.heapify(self._due)
        if self._due and self._due[0][0] < self._asked:
            self._asked = self._due[0][0]
            self._decide(CallBack(max(0.0, self._asked - now)))

    def _take_out(self, contact: Contact) -> None:
        """Out of the line, to be offered or to leave."""
        self._touch_contact(contact)
        tier = contact.tier
        if tier is not None:
            tier.line.remove(contact)
            contact.turn += 1
            self._forget_if_empty(tier)

    def _drop(self, contact: Contact) -> None:
        del self._contacts[contact.id]
        self._touch_contact(contact)
        self._decide(Dropped(contact.id, contact.queue))

    def _give_up_wishes(self, agent: Agent, now: float) -> None:
        """Nobody waits for an agent who is not there."""
        for tier in [tier for tier in self._tiers_of.get(agent.name, ()) if tier.face.wish]:
            for _, name in list(tier.waiting):
                self._move_on(self._contacts[name], now)
            self._match({tier.line.rules.name}, now)

    # -- matching --------------------------------------------------------------------------------------------------

    def _settle(self, agent: Agent, now: float) -> None:
        """After any change of an agent: report its state, and offer or take it back."""
        self._touch(agent)
        state = agent.state
        if state is not agent.shown:
            if state is AgentState.READY and agent.shown is not AgentState.OFFERED:
                agent.idle_since = now
            agent.shown, agent.since = state, now
            self._decide(AgentChanged(agent.name))
        if self._stand(agent) is Standing.FREE:
            if agent.name not in self._listed and not self._find_contact(agent, now):
                self._list(agent)
        else:
            self._unlist(agent)

    def _find_contact(self, agent: Agent, now: float) -> bool:
        """An agent that has become available takes a contact if one waits."""
        if self._held:
            return False
        tier = self._best_tier(agent, now)
        if tier is None:
            return False
        self._offer(self._contacts[tier.waiting[0][1]], tier, agent.name, now)
        return True

    def _best_tier(self, agent: Agent, now: float) -> Tier | None:
        """Where the contact waits that an agent would take now, the first of its tier."""
        tiers = [tier for tier in self._tiers_of.get(agent.name, ()) if tier.waiting]
        if len(tiers) < 2:
            return tiers[0] if tiers else None
        weights = self._weights.get(agent.name)
        if weights is None:
            return min(tiers, key=lambda one: one.waiting[0][0])
        return min(tiers, key=lambda one: weigh(one.waiting[0][0], weights.get(one.face.queue, 1.0), now))

    def _match(self, queues: Iterable[str], now: float) -> None:
        """Bring together who waits in these queues and who is free: best place first, over all of them."""
        if self._held:
            return
        tiers = [
            tier
            for name in queues
            if (line := self._lines.get(name)) is not None and line.order
            for tier in (*line.tiers, *line.personal.values())
        ]
        heads = [(tier.waiting[0], number) for number, tier in enumerate(tiers) if tier.waiting and tier.free]
        heapq.heapify(heads)
        while heads:
            head, number = heapq.heappop(heads)
            tier = tiers[number]
            if not tier.waiting or not tier.free:
                continue
            if tier.waiting[0] == head:
                contact = self._contacts[head[1]]
                agent = self._agents[tier.choose(contact, self._seed)]
                taken = self._best_tier(agent, now) if agent.name in self._weights else tier
                if taken is not None:
                    self._offer(self._contacts[taken.waiting[0][1]], taken, agent.name, now)
            if tier.waiting and tier.free:
                heapq.heappush(heads, (tier.waiting[0], number))

    def _offer(self, contact: Contact, tier: Tier, chosen: str, now: float) -> None:
        names = (chosen,) if contact.alone else tier.to_ring(chosen)
        if contact.story is not None:
            contact.story.add(now, Event.OFFERED, tier.face, bytes(tier.standings), *names)
        self._take_out(contact)
        contact.agents, contact.offers = names, contact.offers + 1
        self._engaged[contact.id] = list(names)
        agents = [self._agents[name] for name in names]
        for agent in agents:
            self._unlist(agent)
            agent.activity, agent.contact, agent.queue = Activity.OFFERED, contact.id, contact.queue
        self._decide(Offer(contact.id, names, tuple(agent.phone or "" for agent in agents), contact.queue))
        if tier.face.strategy == ROUND_ROBIN:
            tier.line.last = chosen
            self._decide(TurnChanged(contact.queue))
        for agent in agents:
            self._settle(agent, now)


def weigh(key: Key, weight: float, now: float) -> tuple[int, float, float, int]:
    """A spot in the order as one agent sees it: time in line counts `weight` times."""
    rank, joined, sequence = key
    return rank, -weight * max(0.0, now - joined), joined, sequence
