"""The engine: who is offered to whom. Pure rules: no I/O, no threads, no clock.

Every method takes the time (`now`, monotonic seconds) and returns the decisions that follow, in order. Between two
calls this holds: no available agent stays beside a waiting contact of one of its queues (unless offers are held back).

An agent takes, among the first in line of each of its queues, the one with the best place: priority, then time of
joining. A contact takes the best-ranked free agent of its queue.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from jackfield_acd.desk import Desk
from jackfield_acd.errors import NoSuchQueue
from jackfield_acd.lines import Line
from jackfield_acd.model import (
    Activity,
    Agent,
    Contact,
    Decision,
    Dropped,
    Failure,
    Offer,
    Place,
    QueueRules,
)


class Engine(Desk):
    """Queues, contacts and agents."""

    def __init__(self) -> None:
        super().__init__()
        self._sequence = 0
        self._held = False

    # -- the site --------------------------------------------------------------------------------------------------

    def configure(self, queues: Iterable[QueueRules], agents: Iterable[str], now: float) -> list[Decision]:
        """Take over the queues and agents of a site. Waiting contacts keep their places; talks go on."""
        lines = {rules.name: Line(rules) for rules in queues}
        self._set_agents(set(agents), now)
        self._set_lines(lines)
        for contact in [c for c in self._contacts.values() if c.agent is None]:
            if contact.queue in lines:
                lines[contact.queue].add(contact)
            else:
                self._drop(contact)
        self._match(self._lines, now)
        return self._decided()

    def _drop(self, contact: Contact) -> None:
        del self._contacts[contact.id]
        self._decide(Dropped(contact.id, contact.queue))

    # -- holding back, after a start -------------------------------------------------------------------------------

    def hold(self) -> None:
        """Make no offers until `release`: after a start, the first in line may not be back yet."""
        self._held = True

    def release(self, now: float) -> list[Decision]:
        """Offer again, in the order of the line. Agents whose contact did not come back are done with it."""
        for agent in list(self._agents.values()):
            if not self._is_away(agent) or agent.phone_busy:
                continue
            if agent.activity is Activity.TALKING:
                self._end_away(agent, now)
            else:
                self._engaged.pop(agent.contact or "", None)
                self._let_go(agent, Failure.CANCELLED, now)
        self._held = False
        self._match(self._lines, now)
        return self._decided()

    # -- contacts --------------------------------------------------------------------------------------------------

    def place(self, priority: int, joined: float, sequence: int | None = None) -> Place:
        """A place in line: a new one, or with `sequence` that of one who comes back."""
        if sequence is None:
            sequence = self._sequence + 1
        self._sequence = max(self._sequence, sequence)
        return Place(-priority, joined, sequence)

    def join(self, contact: str, queue: str, place: Place, now: float) -> list[Decision]:
        """A contact gets in line.

        Raises:
            NoSuchQueue: the site has no such queue.
        """
        self._line_of(queue)
        self._line_up(self._admit(contact, queue, place), now)
        return self._decided()

    def resume(self, contact: str, queue: str, place: Place, failure: Failure, now: float) -> list[Decision]:
        """A contact comes back after a restart; an offer that was under way came to nothing for `failure`.

        Raises:
            NoSuchQueue: the site has no such queue.
        """
        self._line_of(queue)
        agent = self._agent_of(contact)
        self._part(self._admit(contact, queue, place), agent, failure, now)
        return self._decided()

    def leave(self, contact: str, now: float) -> list[Decision]:
        """A contact is gone, whatever it did; its agent, if any, is free (or in wrap-up, if they talked)."""
        gone = self._contacts.pop(contact, None)
        if gone is not None and gone.agent is None:
            self._lines[gone.queue].remove(gone)
        elif contact in self._engaged:
            agent = self._agents[self._engaged.pop(contact)]
            if agent.activity is Activity.TALKING:
                self._wrap_up(agent, now)
            elif agent.activity is Activity.OFFERED:
                self._let_go(agent, Failure.CANCELLED, now)
            else:
                agent.contact = None
        return self._decided()

    def answered(self, contact: str, phone: str, now: float) -> list[Decision]:
        """The agent has taken the contact, at `phone`. May be left out: `talk_ended` implies it."""
        agent = self._agent_of(contact)
        if agent is not None and agent.activity is Activity.OFFERED and agent.phone in (phone, None):
            agent.activity, agent.unanswered = Activity.TALKING, 0
            self._settle(agent, now)
        return self._decided()

    def talk_ended(self, contact: str, now: float) -> list[Decision]:
        """The talk is over; the contact is gone from the engine and its agent wraps up."""
        self._contacts.pop(contact, None)
        agent = self._agent_of(contact)
        if agent is not None:
            del self._engaged[contact]
            agent.unanswered, agent.contact = 0, None
            if agent.activity is not Activity.WRAP_UP:
                self._wrap_up(agent, now)
        return self._decided()

    def failed(self, contact: str, failure: Failure, now: float) -> list[Decision]:
        """An offer came to nothing: the contact goes back to its old place, and may be offered to another at once."""
        self._part(self._contacts[contact], self._agents[self._engaged[contact]], failure, now)
        return self._decided()

    def _part(self, contact: Contact, agent: Agent | None, failure: Failure, now: float) -> None:
        """Contact and agent are both back where they were; only then do they, and others, look for each other."""
        held, self._held = self._held, True
        contact.agent = None
        self._line_up(contact, now)
        lines = {contact.queue}
        if agent is not None:
            del self._engaged[contact.id]
            self._let_go(agent, failure, now)
            lines.update(line.rules.name for line in self._lines_of.get(agent.name, ()))
        self._held = held
        self._match(lines, now)

    def _admit(self, contact: str, queue: str, place: Place) -> Contact:
        if contact in self._contacts:
            raise ValueError(f"contact {contact} is in line already")
        new = self._contacts[contact] = Contact(contact, queue, place)
        return new

    # -- what queues tell ------------------------------------------------------------------------------------------

    def is_waiting(self, contact: str) -> bool:
        """Whether it is in line, with no offer under way."""
        found = self._contacts.get(contact)
        return found is not None and found.agent is None

    def position(self, contact: str) -> int | None:
        """Place in line, from 1; None when it does not wait."""
        found = self._contacts.get(contact)
        if found is None or found.agent is not None:
            return None
        return self._lines[found.queue].position(found)

    def waiting(self, queue: str) -> list[Contact]:
        """Who waits, first in line first; nobody in a queue that does not exist."""
        line = self._lines.get(queue)
        return [self._contacts[name] for _, name in line.waiting] if line is not None else []

    def length(self, queue: str) -> int:
        """How many wait.

        Raises:
            NoSuchQueue: the site has no such queue.
        """
        return len(self._line_of(queue).waiting)

    def staffed(self, queue: str) -> bool:
        """Whether at least one of the queue's agents is logged in.

        Raises:
            NoSuchQueue: the site has no such queue.
        """
        return self._line_of(queue).logged_in > 0

    def queues(self) -> list[str]:
        """Names of all queues."""
        return list(self._lines)

    def rules(self, queue: str) -> QueueRules:
        """A queue's rules.

        Raises:
            NoSuchQueue: the site has no such queue.
        """
        return self._line_of(queue).rules

    def present(self, queue: str) -> list[str]:
        """Phones of the queue's agents who are logged in and not paused, whatever they do."""
        agents = (self._agents.get(name) for name in self._line_of(queue).rules.agents)
        return [a.phone for a in agents if a is not None and a.phone is not None and a.pause is None]

    def _line_of(self, queue: str) -> Line:
        if queue not in self._lines:
            raise NoSuchQueue(f"queue:{queue} is not on the applied site; add it, or lead the calls elsewhere")
        return self._lines[queue]

    # -- matching --------------------------------------------------------------------------------------------------

    def _line_up(self, contact: Contact, now: float) -> None:
        """A contact looks for an agent, and waits if there is none."""
        line = self._lines.get(contact.queue)
        if line is None:
            self._drop(contact)
        elif line.free and not self._held:
            self._offer(contact, self._agents[line.next_agent], now)
        else:
            line.add(contact)

    def _find_contact(self, agent: Agent, now: float) -> bool:
        """An agent that has become available looks for a contact."""
        if self._held:
            return False
        lines = [line for line in self._lines_of.get(agent.name, ()) if line.waiting]
        if not lines:
            return False
        line = min(lines, key=lambda one: one.waiting[0])
        self._offer(self._contacts[line.waiting.pop(0)[1]], agent, now)
        return True

    def _match(self, queues: Iterable[str], now: float) -> None:
        """Bring together who waits in these queues and who is free: best place first, over all of them."""
        if self._held:
            return
        lines = ((name, self._lines[name]) for name in queues if name in self._lines)
        heads = [(line.waiting[0], name) for name, line in lines if line.waiting and line.free]
        heapq.heapify(heads)
        while heads:
            (_, contact), name = heapq.heappop(heads)
            line = self._lines[name]
            if not line.free:
                continue
            line.waiting.pop(0)
            self._offer(self._contacts[contact], self._agents[line.next_agent], now)
            if line.waiting and line.free:
                heapq.heappush(heads, (line.waiting[0], name))

    def _offer(self, contact: Contact, agent: Agent, now: float) -> None:
        self._unlist(agent)
        contact.agent = agent.name
        self._engaged[contact.id] = agent.name
        agent.activity, agent.contact, agent.queue = Activity.OFFERED, contact.id, contact.queue
        self._decide(Offer(contact.id, agent.name, agent.phone or "", contact.queue))
        self._settle(agent, now)
