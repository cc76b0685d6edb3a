"""Agents: log-in, pause, wrap-up, and what their phones do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog

from jackfield_acd import outside
from jackfield_acd.background import FLUSH_SECONDS
from jackfield_acd.callers import Callers
from jackfield_acd.model import Decision

log = structlog.get_logger(__name__)


class Staff(Callers):
    """What agents and those who act for them ask."""

    def at_phone(self, phone: str) -> str | None:
        """The agent logged in at a phone, or outside on its account."""
        with self._lock:
            there = self._engine.at_phone(phone)
            elsewhere = (a.name for a in self._engine.agents() if a.phone and outside.extension_of(a.phone) == phone)
            return there if there is not None else next(elsewhere, None)

    def login(self, agent: str, phone: str) -> None:
        """Log an agent in at a phone; on record when this returns.

        Raises:
            NoSuchAgent: not on the applied site.
        """
        busy, reachable = self._phone(phone)
        self._agent_act(lambda now: self._engine.login(agent, phone, now, busy=busy, reachable=reachable))

    def logout(self, agent: str) -> None:
        """Log an agent out; on record when this returns.

        Raises:
            NoSuchAgent: not on the applied site.
            NotLoggedIn: there is nothing to do.
        """
        self._agent_act(lambda now: self._engine.logout(agent, now))

    def pause(self, agent: str, reason: str = "") -> None:
        """Pause an agent; on record when this returns. Raises as `logout`."""
        self._agent_act(lambda now: self._engine.pause(agent, reason, now))

    def extend_wrap_up(self, agent: str, seconds: float | None = None) -> None:
        """More time for an agent's notes; on record when this returns. Raises as `logout`, and NoWrapUp."""
        self._agent_act(lambda now: self._engine.extend_wrap_up(agent, now, seconds))

    def ready(self, agent: str) -> None:
        """End an agent's pause or wrap-up; on record when this returns. Raises as `logout`."""
        self._agent_act(lambda now: self._engine.ready(agent, now))

    def _agent_act(self, event: Callable[[float], list[Decision]]) -> None:
        with self._lock:
            self._dispatch.act(event(self.clock.now()))
        if not self._writer.flush(FLUSH_SECONDS):
            log.warning("acd.agent_not_on_record_yet", waited_seconds=FLUSH_SECONDS)

    # -- phones ----------------------------------------------------------------------------------------------------

    def _phone_event(self, event: Mapping[str, Any]) -> None:
        self._phone_changed(str(event["extension"]), bool(event["busy"]), bool(event["reachable"]))
        if not event["busy"]:
            self.callbacks.phone_free(str(event["extension"]))

    def _phone_changed(self, phone: str, busy: bool, reachable: bool) -> None:
        with self._lock:
            agent = self._engine.agent(self._engine.at_phone(phone) or "")
            if not busy and agent is not None and agent.contact in self._taken_over:
                self._journal.transferred(agent.contact, self.clock.now(), to="supervisor", kind="attended")
                self._over(agent.contact, self._engine.talk_ended)
            self._dispatch.act(self._engine.phone_changed(phone, busy, reachable, self.clock.now()))

    def taking_over(self, agent: str) -> None:
        """Somebody is about to take an agent's caller: the talk is the agent's until the agent's phone is free."""
        with self._lock:
            found = self._engine.agent(agent)
            if found is not None and found.contact is not None:
                self._taken_over.add(found.contact)
