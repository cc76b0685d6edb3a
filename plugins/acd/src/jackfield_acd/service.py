"""The engine: who is offered to whom. Pure rules: no I/O, no threads, no clock.

Every method takes the time (`now`, monotonic seconds) and returns the decisions that follow, in order. Between two
calls this holds: no available agent stays beside a waiting contact that it qualifies for (unless offers are held back).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from jackfield_acd.errors import NoSuchQueue
from jackfield_acd.forecast import Forecast
from jackfield_acd.lines import Key, Line
from jackfield_acd.model import (
    Activity,
    Agent,
    AgentRules,
    Contact,
    Decision,
    Failure,
    Need,
    Place,
    QueueRules,
    Refusal,
    Stage,
    Unstaffed,
    Wish,
)
from jackfield_acd.moves import Moves
from jackfield_acd.story import Event, Story


class Engine(Moves):
    """Queues, contacts and agents."""

    def __init__(self, seed: int = 0) -> None:
        """`seed` is for the strategy `random`."""
        super().__init__(seed)
        self._sequence = 0
        self._forecasts: dict[str, Forecast] = {}
        self.stories = True
        """Whether to keep account of each decision about a contact (`why`)."""

    # -- the site --------------------------------------------------------------------------------------------------

    def configure(self, queues: Iterable[QueueRules], agents: Iterable[AgentRules], now: float) -> list[Decision]:
        """Take over the queues and agents of a site. Waiting contacts keep their places; talks go on."""
        rules = {agent.name: agent for agent in agents}
        self._set_agents(rules, now)
        waiting = [contact for contact in self._contacts.values() if not contact.agents]
        self._set_lines(queues, rules)
        self._due.clear()
        for contact in waiting:
            contact.tier = None
            line = self._lines.get(contact.queue)
            if line is None:
                self._drop(contact)
            else:
                tier = self._tier_for(contact, line, now)
                line.add(contact, tier)
                self._wait_in(contact, tier, now)
        self._match(self._lines, now)
        for name, line in self._lines.items():
            if line.order and not line.meets(line.rules.stay_needs):
                self._decide(Unstaffed(name))
        return self._decided()

    # -- holding back, after a start -------------------------------------------------------------------------------

    def hold(self) -> None:
        """Make no offers until `release`: after a start, the first in line may not be back yet."""
        self._held = True

    def release(self, now: float, in_use: Collection[str] = ()) -> list[Decision]:
        """Offer again, in the order of the line. Agents whose contact did not come back are done with it.

        Args:
            now: the time.
            in_use: where agents are who are called outside, and may talk: `phone_busy` is not known of those.
        """
        for agent in list(self._agents.values()):
            if not self._is_away(agent) or agent.phone_busy or agent.phone in in_use:
                continue
            if agent.activity is Activity.TALKING:
                self._end_away(agent, now)
            else:
                self._let_go(agent, Failure.CANCELLED, now)
        self._held = False
        self._match(self._lines, now)
        return self._decided()

    def turns(self) -> dict[str, str]:
        """Whose turn it was last, in each queue where that matters; to be remembered over a restart."""
        return {name: line.last for name, line in self._lines.items() if line.last is not None}

    def remember_turn(self, queue: str, agent: str) -> None:
        """Take over whose turn it was. Queues that the site has no more are passed over."""
        if queue in self._lines:
            self._lines[queue].last = agent

    # -- contacts --------------------------------------------------------------------------------------------------

    def place(self, priority: int, joined: float, sequence: int | None = None) -> Place:
        """A place in line: a new one, or with `sequence` that of one who comes back."""
        if sequence is None:
            sequence = self._sequence + 1
        self._sequence = max(self._sequence, sequence)
        return Place(-priority, joined, sequence)

    def refusal(self, queue: str) -> Refusal | None:
        """Whether the queue would take one more contact now."""
        line = self._lines.get(queue)
        if line is None:
            return Refusal.GONE
        if not line.meets(line.rules.join_needs):
            return Refusal.EMPTY
        full = line.rules.max_length and len(line.order) >= line.rules.max_length
        return Refusal.FULL if full else None

    def join(self, contact: str, queue: str, place: Place, now: float, wish: Wish | None = None) -> list[Decision]:
        """A contact gets in line; `place.joined` may be earlier, if it has waited elsewhere.

        Raises:
            NoSuchQueue: the site has no such queue.
        """
        new = self._admit(contact, queue, place, now, wish)
        self._note(new, now, Event.JOINED, -place.rank, len(self._lines[queue].order))
        self._line_up(new, now)
        new.came_at = self.position(contact) or 0
        return self._decided()

    def rejoin(
        self,
        contact: str,
        queue: str,
        place: Place,
        entered: float,
        now: float,
        wish: Wish | None = None,
        *,
        alone: bool = True,
    ) -> list[Decision]:
        """A contact gets in line again at a place that it had; `alone`: it is offered to one agent at a time.

        Raises:
            NoSuchQueue: the site has no such queue.
        """
        new = self._admit(contact, queue, place, entered, wish)
        new.alone = alone
        self._note(new, now, Event.JOINED, -place.rank, len(self._lines[queue].order))
        self._line_up(new, now)
        return self._decided()

    def resume(
        self,
        contact: str,
        queue: str,
        place: Place,
        failure: Failure,
        now: float,
        entered: float | None = None,
        wish: Wish | None = None,
        *,
        alone: bool = False,
    ) -> list[Decision]:
        """A contact comes back after a restart; an offer that was under way came to nothing for `failure`.

        Raises:
            NoSuchQueue: the site has no such queue.
        """
        agents = self._agents_of(contact)
        back = self._admit(contact, queue, place, place.joined if entered is None else entered, wish)
        back.alone = alone
        self._note(back, now, Event.BACK, -place.rank)
        self._part(back, agents, failure, now)
        return self._decided()

    def leave(self, contact: str, now: float) -> list[Decision]:
        """A contact is gone, whatever it did; its agents, if any, are free (or in wrap-up, if they talked)."""
        gone = self._contacts.pop(contact, None)
        if gone is not None:
            self._note(gone, now, Event.LEFT)
            self._take_out(gone)
        for agent in self._agents_of(contact):
            if agent.activity is Activity.TALKING:
                self._disengage(agent)
                self._wrap_up(agent, now)
            elif agent.activity is not Activity.OFFERED:
                self._disengage(agent)
        self._spare([agent for agent in self._agents_of(contact) if agent.activity is Activity.OFFERED], now)
        return self._decided()

    def answered(self, contact: str, phone: str, now: float) -> list[Decision]:
        """An agent has taken the contact, at `phone`; others who were rung are free.

        May be left out: `talk_ended` implies it, of the first who was rung.
        """
        ringing = [agent for agent in self._agents_of(contact) if agent.activity is Activity.OFFERED]
        took = next((agent for agent in ringing if agent.phone in (phone, None)), None)
        if took is not None:
            took.activity, took.unanswered, took.taken = Activity.TALKING, 0, took.taken + 1
            known = self._contacts.get(contact)
            if known is not None:
                known.agents = (took.name,)
                self._learn(known, now)
                self._touch_contact(known)
                self._note(known, now, Event.ANSWERED, took.name)
            self._settle(took, now)
            self._spare([agent for agent in ringing if agent is not took], now)
        return self._decided()

    def talk_ended(self, contact: str, now: float) -> list[Decision]:
        """The talk is over; the contact is gone from the engine and its agent wraps up."""
        gone = self._contacts.pop(contact, None)
        if gone is not None:
            self._note(gone, now, Event.ENDED)
            self._touch_contact(gone)
        agents = self._agents_of(contact)
        for talked in agents[:1]:
            talked.unanswered, talked.taken = 0, talked.taken + (talked.activity is Activity.OFFERED)
            self._disengage(talked)
            if talked.activity is not Activity.WRAP_UP:
                self._wrap_up(talked, now)
        self._spare(agents[1:], now)
        return self._decided()

    def failed(self, contact: str, failure: Failure, now: float) -> list[Decision]:
        """An offer came to nothing: the contact goes back to its old place, and may be offered to another at once."""
        known = self._contacts[contact]
        self._note(known, now, Event.FAILED, str(failure), *known.agents)
        self._part(known, self._agents_of(contact), failure, now)
        return self._decided()

    def _part(self, contact: Contact, agents: list[Agent], failure: Failure, now: float) -> None:
        """Contact and agents are both back where they were; only then do they, and others, look for each other."""
        held, self._held = self._held, True
        contact.agents = ()
        self._line_up(contact, now)
        for agent in agents:
            self._let_go(agent, failure, now)
        self._held = held
        self._match({contact.queue, *self._queues_of(agents)}, now)

    def _spare(self, agents: list[Agent], now: float) -> None:
        """Agents who were rung in vain, through no fault of theirs, are all free before one of them is rung again."""
        if len(agents) == 1:
            self._let_go(agents[0], Failure.CANCELLED, now)
        elif agents:
            held, self._held = self._held, True
            for agent in agents:
                self._let_go(agent, Failure.CANCELLED, now)
            self._held = held
            self._match(self._queues_of(agents), now)

    def _queues_of(self, agents: list[Agent]) -> set[str]:
        return {line.rules.name for agent in agents for line in self._lines_of.get(agent.name, ())}

    def _admit(self, contact: str, queue: str, place: Place, entered: float, wish: Wish | None) -> Contact:
        self._line_of(queue)
        if contact in self._contacts:
            raise ValueError(f"contact {contact} is in line already")
        new = self._contacts[contact] = Contact(
            contact, queue, place, entered, wish, story=Story() if self.stories else None
        )
        return new

    def _note(self, contact: Contact, now: float, event: Event, *detail: object) -> None:
        if contact.story is not None:
            contact.story.add(now, event, None, b"", *detail)

    # -- what queues tell ------------------------------------------------------------------------------------------

    def contact(self, name: str) -> Contact | None:
        """One contact, to look at (not to change)."""
        return self._contacts.get(name)

    def contacts(self) -> list[Contact]:
        """All contacts, first in line first within each queue, to look at (not to change)."""
        return sorted(self._contacts.values(), key=lambda each: (each.queue, self.order(each)))

    def order(self, contact: Contact) -> Key:
        """A contact's spot in the order of its queue, whether it waits or not."""
        line = self._lines.get(contact.queue)
        rank, joined, sequence = contact.place
        return line.key(contact.place) if line is not None else (rank, joined, sequence)

    def stage(self, contact: Contact) -> Stage:
        """What becomes of a contact now."""
        if not contact.agents:
            return Stage.WAITING
        talks = any(agent.activity is Activity.TALKING for agent in self._agents_of(contact.id))
        return Stage.TALKING if talks else Stage.OFFERED

    def is_waiting(self, contact: str) -> bool:
        """Whether it is in line, with no offer under way."""
        found = self._contacts.get(contact)
        return found is not None and not found.agents

    def position(self, contact: str) -> int | None:
        """Place in line, from 1; None when it does not wait."""
        found = self._contacts.get(contact)
        if found is None or found.agents:
            return None
        return self._lines[found.queue].position(found)

    def expected_wait(self, contact: str) -> float | None:
        """Seconds that it will probably wait yet; None when it does not wait, or nobody can tell (`forecast`)."""
        position, known = self.position(contact), self._contacts.get(contact)
        forecast = self._forecasts.get(known.queue) if known is not None else None
        if position is None or known is None or forecast is None:
            return None
        return forecast.expected(position, self._lines[known.queue].present)

    def _learn(self, contact: Contact, now: float) -> None:
        """What its wait tells of those to come."""
        line = self._lines.get(contact.queue)
        if contact.came_at and line is not None and line.present:
            forecast = self._forecasts.setdefault(contact.queue, Forecast())
            forecast.taken(now - contact.entered, contact.came_at, line.present)

    def waiting(self, queue: str) -> list[Contact]:
        """Who waits, first in line first; nobody in a queue that does not exist."""
        line = self._lines.get(queue)
        return [self._contacts[name] for _, name in line.order] if line is not None else []

    def length(self, queue: str) -> int:
        """How many wait.

        Raises:
            NoSuchQueue: the site has no such queue.
        """
        return len(self._line_of(queue).order)

    def staffed(self, queue: str, need: Need = Need.LOGGED_IN) -> bool:
        """Whether at least one of the queue's agents is there as is needed.

        Raises:
            NoSuchQueue: the site has no such queue.
        """
        return self._line_of(queue).meets(need)

    def keeps(self, queue: str) -> bool:
        """Whether those who wait may stay.

        Raises:
            NoSuchQueue: the site has no such queue.
        """
        line = self._line_of(queue)
        return line.meets(line.rules.stay_needs)

    def queues(self) -> list[str]:
        """Names of all queues."""
        return list(self._lines)

    def rules(self, queue: str) -> QueueRules:
        """A queue's rules.

        Raises:
            NoSuchQueue: the site has no such queue.
        """
        return self._line_of(queue).rules

    def serves(self, agent: str) -> list[str]:
        """Names of an agent's queues."""
        return [line.rules.name for line in self._lines_of.get(agent, ())]

    def present(self, queue: str) -> list[str]:
        """Phones of the queue's agents who are logged in and not paused, whatever they do."""
        agents = (self._agents.get(name) for name in self._line_of(queue).rules.agents)
        return [a.phone for a in agents if a is not None and a.phone is not None and a.pause is None]

    def _line_of(self, queue: str) -> Line:
        if queue not in self._lines:
            raise NoSuchQueue(f"queue:{queue} is not on the applied site; add it, or lead the calls elsewhere")
        return self._lines[queue]
