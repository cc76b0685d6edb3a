"""What core tells of calls, and what it means for contacts and agents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jackfield.config.objects.extension import extension_of

from jackfield_acd import mending, outside
from jackfield_acd.journal import Visit
from jackfield_acd.model import Activity
from jackfield_acd.staff import Staff
from jackfield_acd.stays import Stay


class Happenings(Staff):
    """Events from core."""

    def _unanswered_event(self, event: Mapping[str, Any]) -> None:
        self.callbacks.unanswered(str(event["id"]), int(event["cause"]))

    def _call_event(self, event: Mapping[str, Any]) -> None:
        """An agent's phone was answered, or has sent the caller on; or a call is over that has no thread here."""
        identity, what = str(event["id"]), event["what"]
        with self._lock:
            if what == "answered":
                self._answered(identity, event)
            elif what == "transferred" and not self._engine.is_waiting(identity):
                self._given_away(
                    identity, str(event.get("by", "")), str(event.get("to", "")), str(event.get("kind", "blind"))
                )
                self._asked_in_line(identity, str(event.get("asked", "")), str(event.get("by", "")))
            elif what == "found":
                self._found(identity, event)
            elif what == "moved":
                self._goes_on(identity, event)
            elif what in ("held", "resumed"):
                phone = self._engine.agent(self._engine.at_phone(extension_of(str(event["endpoint"]))) or "")
                if phone is not None and phone.contact == identity:
                    self._notices.hold(phone.name, identity, what == "held")
            elif what == "ended":
                self._ended(identity, bool(event.get("interrupted")))
        if what == "ended":
            self.callbacks.call_ended(identity, str(event.get("result", "")))

    def _given_away(self, identity: str, by: str, to: str, kind: str) -> None:
        """A phone has sent its side of the call on. If that was the agent's, the agent's talk is over."""
        agents = self._engine.agents_with(identity)
        if agents and by and all(outside.extension_of(agent.phone or "") != by for agent in agents):
            return
        now, visit = self.clock.now(), self._journal.visit(identity)
        if visit is not None and visit.connected is not None:
            self._stays[identity] = self._stay_after(identity, visit, visit.connected)
        self._parted.discard(identity)
        self._journal.transferred(identity, now, to=to, kind=kind)
        self._over(identity, self._engine.talk_ended)

    def _asked_in_line(self, identity: str, asked: str, by: str) -> None:
        """An agent who waited in a queue, to ask there, has put a caller through: the wait was for the caller."""
        there = self._journal.visit(asked)
        if there is None or there.connected is not None:
            return
        self._journal.given(asked, f"{mending.SENT_ON}{by}")
        stay = self._stays.get(identity)
        if stay is not None:
            waited = self.clock.now() - there.entered
            self._stays[identity] = replace(stay, waited=stay.waited + waited)

    def _stay_after(self, identity: str, visit: Visit, connected: float) -> Stay:
        before, epoch = self._stays.get(identity), self.clock.epoch
        waited = connected - visit.entered + visit.brought
        since = epoch + connected - waited
        if before is not None and visit.call != identity:  # the agent before asked there; the caller waited as well
            waited += before.waited
        return Stay(visit.queue, visit.agent, min(since, before.since) if before else since, epoch + connected, waited)

    def _goes_on(self, identity: str, event: Mapping[str, Any]) -> None:
        """A phone talks in another call: an agent's, whom somebody has called, and put a caller through to."""
        to, phone = str(event["to"]), extension_of(str(event["endpoint"]))
        there = self._engine.agent(self._engine.at_phone(phone) or "")
        if there is None or there.contact != identity or there.activity is not Activity.TALKING:
            return
        self._given_away(to, str(event["by"]), str(event["dialled"]), "attended")
        if self._engine.contact(to) is None:
            self._journal.goes_on(identity, to)
            self._parted.discard(identity)
            self._dispatch.act(self._engine.goes_on(identity, to))

    def _found(self, identity: str, event: Mapping[str, Any]) -> None:
        """After a restart: a talk at an agent's phone. The notes of the last moment before may know nothing of it."""
        phone, now = extension_of(str(event["endpoint"])), self.clock.now()
        agent, at = self._engine.at_phone(phone), str(event["at"])
        if agent is not None and at.startswith(mending.QUEUE):
            self._dispatch.act(self._engine.answered(identity, phone, now))
            self._dispatch.act(self._engine.found(identity, at.removeprefix(mending.QUEUE), agent, now))

    def _ended(self, identity: str, interrupted: bool) -> None:
        """A call is over; with it a talk whose caller's side was gone before."""
        if identity in self._parted:
            self._parted.discard(identity)
            self._over(identity, self._engine.talk_ended)
        self._recorder.call_ended(identity, interrupted)
        self._stays.pop(identity, None)
        if identity not in self._callers and not self._talks_on(identity):
            self._over(identity, self._engine.leave)

    def _talks_on(self, identity: str) -> bool:
        """Whether, after a restart, an agent's phone is still in use: while we were away the talk went elsewhere."""
        if self._engine.contact(identity) is not None:
            return False
        return any(a.phone_busy and a.activity is Activity.TALKING for a in self._engine.agents_with(identity))

    def _asterisk_event(self, event: Mapping[str, Any]) -> None:
        with self._lock:
            self._recorder.asterisk(str(event["what"]), str(event.get("started", "")))

    def _answered(self, identity: str, event: Mapping[str, Any]) -> None:
        rung = dict(self._rung(identity))
        phone, now = extension_of(str(event["endpoint"])), self.clock.now()
        self._dispatch.act(self._engine.answered(identity, phone, now))
        contact = self._engine.contact(identity)
        if contact is not None and len(contact.agents) == 1:
            took = contact.agents[0]
            leg = str(event.get("leg", ""))
            self._journal.connected(identity, took, now, rung=rung.get(took, now), leg=leg)
