"""What core tells of calls, and what it means for contacts and agents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield.config.objects.extension import extension_of

from jackfield_acd.staff import Staff


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
                to, kind = str(event.get("to", "")), str(event.get("kind", "blind"))
                self._journal.transferred(identity, self.clock.now(), to=to, kind=kind)
                self._over(identity, self._engine.talk_ended)
            elif what in ("held", "resumed"):
                phone = self._engine.agent(self._engine.at_phone(extension_of(str(event["endpoint"]))) or "")
                if phone is not None and phone.contact == identity:
                    self._notices.hold(phone.name, identity, what == "held")
            elif what == "ended":
                self._recorder.call_ended(identity)
                if identity not in self._callers:
                    self._over(identity, self._engine.leave)
        if what == "ended":
            self.callbacks.call_ended(identity, str(event.get("result", "")))

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
