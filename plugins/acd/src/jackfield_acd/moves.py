"""The supervisor's half of the engine: another priority for a contact, or out of the line."""

from __future__ import annotations

from jackfield_acd.desk import Desk
from jackfield_acd.errors import NotWaiting
from jackfield_acd.model import Activity, Agent, AgentChanged, Contact, Decision, Place
from jackfield_acd.story import Event


class Moves(Desk):
    """What people decide about contacts."""

    def reprioritise(self, contact: str, priority: int, now: float) -> list[Decision]:
        """Give a contact another priority; its time in line stays. One that is being offered keeps its agent.

        Raises:
            NotWaiting: there is no such contact.
        """
        known = self._contacts.get(contact)
        if known is None:
            raise NotWaiting(f"{contact[:80]} is in no queue; see: jackfield queues")
        place = Place(-priority, known.place.joined, known.place.sequence)
        tier = known.tier
        if tier is None:
            known.place = place
        else:
            tier.line.remove(known)
            known.place = place
            tier.line.add(known, tier)
        self._tell_story(known, now, priority)
        self._touch_contact(known)
        return self._decided()

    def withdraw(self, contact: str, to: str, now: float) -> list[Decision]:
        """Take a waiting contact out of the line, to go to `to`.

        Raises:
            NotWaiting: it does not wait (any more): an agent is being rung, or talks.
        """
        known = self._contacts.get(contact)
        if known is None or known.agents:
            raise NotWaiting(f"{contact[:80]} does not wait in a queue (any more); see: jackfield queues")
        del self._contacts[contact]
        self._tell_story(known, now, to)
        self._take_out(known)
        return self._decided()

    def goes_on(self, contact: str, to: str) -> list[Decision]:
        """A talk goes on in another call, `to`: somebody was asked there, and put through.

        What `to` was until now must be over. Does nothing when there is no talk.
        """
        agents = [agent for agent in self._agents_of(contact) if agent.activity is Activity.TALKING]
        known = self._contacts.get(contact)
        if not agents or to in self._contacts:
            return self._decided()
        if known is not None:
            self._touch_contact(known)
            del self._contacts[contact]
            known.id, self._contacts[to] = to, known
            self._touch_contact(known)
        for agent in agents:
            self._disengage(agent)
            agent.contact = to
            self._engaged.setdefault(to, []).append(agent.name)
            self._decide(AgentChanged(agent.name))
        return self._decided()

    def found(self, contact: str, queue: str, agent: str, now: float) -> list[Decision]:
        """An agent is in a talk that began before a restart; what else is known of the agent is older.

        Does nothing when that is known.
        """
        one = self._agent(agent)
        if contact not in self._contacts and (one.contact, one.activity) != (contact, Activity.TALKING):
            self._disengage(one)
            one.turn += 1  # a wrap-up that was going on is over
            one.activity, one.contact, one.queue, one.until = Activity.TALKING, contact, queue, None
            one.unanswered, one.taken = 0, one.taken + 1
            self._engaged.setdefault(contact, []).append(one.name)
            self._settle(one, now)
        return self._decided()

    def agents_with(self, contact: str) -> list[Agent]:
        """Who talks with a contact, or is rung for it; to look at (not to change)."""
        return self._agents_of(contact)

    def _tell_story(self, contact: Contact, now: float, what: object) -> None:
        if contact.story is not None:
            contact.story.add(now, Event.MOVED, None, b"", what)
