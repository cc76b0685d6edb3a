"""Tells supervisors, while it lasts, of what nears or exceeds a norm: a timer for each, nothing is polled."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any

from jackfield_acd import norms
from jackfield_acd.kinds import Queue
from jackfield_acd.model import AgentState
from jackfield_acd.norms import Watch
from jackfield_acd.pausing import KIND, PauseReason

if TYPE_CHECKING:
    from jackfield.config.site import Site
    from jackfield.core import Timer, Timers

    from jackfield_acd.model import Agent
    from jackfield_acd.models import Clock
    from jackfield_acd.service import Engine

TOPIC = "acd.notices"
KINDS = {
    "answer": ("wait of", "call {call} in queue {queue}"),
    "ring": ("ringing at", "agent {agent} for queue {queue}"),
    "talk": ("talk of", "agent {agent} out of queue {queue}"),
    "hold": ("hold in the talk of", "agent {agent} out of queue {queue}"),
    "pause": ("pause of", "agent {agent}"),
}


class Notices:
    """The holder of the runtime's lock calls everything here but the timers' functions, which take it."""

    def __init__(self, engine: Engine, timers: Timers, clock: Clock, lock: Lock, publish: Callable[..., None]) -> None:
        self._engine, self._timers, self._clock, self._lock, self._publish = engine, timers, clock, lock, publish
        self._site: Site | None = None
        self._watched: dict[str, Watch] = {}
        self._running: dict[str, Timer] = {}
        self._told: dict[str, str] = {}
        """Level of each notice that stands."""
        self._held: dict[str, tuple[str, float]] = {}
        """Agent → the call on hold, and since when."""
        self.personal: set[str] = set()
        """Calls marked as personal service."""

    def serve(self, site: Site) -> None:
        """Other norms: they hold at once."""
        self._site = site
        self.look([agent.name for agent in self._engine.agents()], [contact.id for contact in self._engine.contacts()])
        for key in [key for key, watch in self._watched.items() if watch.agent and not self._engine.agent(watch.agent)]:
            self._forget(key)

    def look(self, agents: list[str], contacts: list[str]) -> None:
        """These have changed."""
        for name in contacts:
            contact = self._engine.contact(name)
            watch = None
            if contact is not None:
                watch = norms.of_contact(contact, self._engine.stage(contact), self._queue(contact.queue))
            else:
                self.personal.discard(name)
            self._set(f"answer:{name}", watch)
        for name in agents:
            agent = self._engine.agent(name)
            if agent is not None:
                self._look_at(agent)

    def hold(self, agent: str, call: str, on: bool) -> None:
        """An agent has put the caller on hold, or taken the caller back."""
        if on:
            self._held[agent] = (call, self._clock.now())
        else:
            self._held.pop(agent, None)
        self.look([agent], [])

    def mark_personal(self, call: str, agent: str) -> None:
        """No norm holds for this talk."""
        self.personal.add(call)
        self.look([agent], [])

    def active(self) -> list[dict[str, Any]]:
        """Notices that stand, oldest first."""
        keys = sorted(self._told, key=lambda key: self._watched[key].since)
        return [self._row(self._watched[key], self._told[key]) for key in keys]

    def _look_at(self, agent: Agent) -> None:
        queue = self._queue(agent.queue or "")
        personal = agent.contact in self.personal
        found = {w.kind: w for w in norms.of_agent(agent, queue, self._pause_seconds(agent), personal=personal)}
        held = self._held.get(agent.name)
        if held is not None and (held[0] != agent.contact or agent.state is not AgentState.TALKING):
            del self._held[agent.name]
        elif held is not None and not personal and (watch := norms.of_hold(agent, queue, held[1])) is not None:
            found["hold"] = watch
        for kind in ("ring", "talk", "hold", "pause"):
            self._set(f"{kind}:{agent.name}", found.get(kind))

    def _queue(self, name: str) -> Queue | None:
        return self._site.get("queue", name, Queue) if self._site is not None else None

    def _pause_seconds(self, agent: Agent) -> float:
        reason = self._site.get(KIND, agent.pause, PauseReason) if self._site is not None and agent.pause else None
        return 60.0 * reason.notice_minutes if reason is not None else 0.0

    # -- one watch -------------------------------------------------------------------------------------------------

    def _set(self, key: str, watch: Watch | None) -> None:
        if self._watched.get(key) == watch:
            return
        self._forget(key)
        if watch is not None:
            self._watched[key] = watch
            self._check(key, watch)

    def _forget(self, key: str) -> None:
        timer = self._running.pop(key, None)
        if timer is not None:
            timer.cancel()
        watch = self._watched.pop(key, None)
        if self._told.pop(key, None) is not None and watch is not None:
            self._publish(TOPIC, what="cleared", notice=self._row(watch, ""))

    def _check(self, key: str, watch: Watch) -> None:
        now = self._clock.now()
        level = watch.level(now)
        if level and self._told.get(key) != level:
            self._told[key] = level
            self._publish(TOPIC, what="raised", notice=self._row(watch, level))
        due = watch.next(now)
        if due is not None:
            self._running[key] = self._timers.after(due - now, lambda: self._due(key, watch))
        else:
            self._running.pop(key, None)

    def _due(self, key: str, watch: Watch) -> None:
        with self._lock:
            if self._watched.get(key) is watch:
                self._check(key, watch)

    def _row(self, watch: Watch, level: str) -> dict[str, Any]:
        what, of = KINDS[watch.kind]
        whose = of.format(call=watch.call, queue=watch.queue, agent=watch.agent)
        how = "is over" if level == "over" else "nears"
        return {
            "key": watch.key,
            "kind": watch.kind,
            "level": level,
            "queue": watch.queue,
            "call": watch.call,
            "agent": watch.agent,
            "since": self._clock.utc(watch.since).isoformat(timespec="milliseconds"),
            "limit_seconds": watch.limit,
            "text": f"{what} {whose} {how} the norm of {watch.limit:g} s",
        }
