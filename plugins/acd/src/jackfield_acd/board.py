"""Queues, agents and contacts as a screen follows them: a snapshot that says its number, and numbered changes.

A screen subscribes to `acd.queues`, `acd.agents` and `acd.contacts`, then asks for the snapshot, and applies the
changes with a higher number than the snapshot's, in order. Each carries the whole row of what changed. The numbers
have no gap over the three topics together; whoever sees one, or another `run`, asks for the snapshot again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from jackfield_acd.errors import NoSuchAgent
from jackfield_acd.model import Activity

if TYPE_CHECKING:
    from jackfield_acd.dispatch import Caller
    from jackfield_acd.kinds import Agent as SiteAgent
    from jackfield_acd.kinds import Queue as SiteQueue
    from jackfield_acd.model import Agent, Contact
    from jackfield_acd.models import Clock
    from jackfield_acd.service import Engine

QUEUES, AGENTS, CONTACTS = "acd.queues", "acd.agents", "acd.contacts"
TYPED = "ivr-typed"
"""Note in a call's data, by the plugin ivr: menu → the keys that were typed there."""
Row = dict[str, Any]
Publish = Callable[..., None]


class Board:
    """The holder of the lock calls everything here; nothing waits. Times in rows are UTC, in ISO 8601."""

    def __init__(
        self,
        engine: Engine,
        callers: Mapping[str, Caller],
        clock: Clock,
        wanted: Callable[[str], bool],
        publish: Publish,
    ) -> None:
        """`publish(topic, **fields)` must keep the order; it is asked `wanted(topic)` before rows are made."""
        self._engine, self._callers, self._clock = engine, callers, clock
        self._wanted, self._publish = wanted, publish
        self._agents: Mapping[str, SiteAgent] = {}
        self._queues: Mapping[str, SiteQueue] = {}
        self._shown: dict[str, Row] = {}
        """Rows of queues as last told."""
        self.run = secrets.token_hex(4)
        self.seq = 0
        engine.watch()

    def serve(self, queues: Mapping[str, SiteQueue], agents: Mapping[str, SiteAgent]) -> None:
        """Another site: whoever follows must take a new snapshot."""
        self._queues, self._agents = queues, agents
        self._engine.changed()
        if self._wanted(QUEUES):
            self._tell(QUEUES, what="site")

    def tell(self, agents: list[str], contacts: list[str], queues: list[str]) -> None:
        """Publish what these are now: they have changed."""
        if not self._wanted(CONTACTS):
            self._shown.clear()
            return
        for name in contacts:
            contact = self._engine.contact(name)
            if contact is not None:
                self._tell(CONTACTS, what="changed", contact=self._contact(contact))
            else:
                self._tell(CONTACTS, what="gone", contact={"call": name})
        for name in agents:
            agent = self._engine.agent(name)
            if agent is not None:
                self._tell(AGENTS, what="changed", agent=self._agent(agent))
        for name in queues:
            row = self._queue(name)
            if row != self._shown.get(name):
                self._shown[name] = row
                self._tell(QUEUES, what="changed", queue=row)

    def _tell(self, topic: str, **fields: Any) -> None:
        self.seq += 1
        self._publish(topic, run=self.run, seq=self.seq, **fields)

    def snapshot(self, queue: str | None, limit: int) -> Row:
        """Everything as it stands at `seq`; of contacts at most `limit`, the rest only counted in `left_out`."""
        contacts = [c for c in self._engine.contacts() if queue in (None, c.queue)]
        names = [n for n in self._engine.queues() if queue in (None, n)]
        return {
            "run": self.run,
            "seq": self.seq,
            "at": self._at(self._clock.now()),
            "queues": [self._queue(name) | {"agents": list(self._engine.rules(name).agents)} for name in names],
            "agents": [self._agent(a) for a in self._engine.agents() if queue is None or self._serves(a, names)],
            "contacts": [self._contact(c) for c in contacts[:limit]],
            "left_out": max(0, len(contacts) - limit),
        }

    def agent(self, name: str) -> Row:
        """One agent's row.

        Raises:
            NoSuchAgent: the site has no such agent.
        """
        found = self._engine.agent(name)
        if found is None:
            raise NoSuchAgent(f"there is no agent {name[:20]!r}; see: jackfield agents")
        return self._agent(found)

    def _serves(self, agent: Agent, queues: list[str]) -> bool:
        return any(agent.name in self._engine.rules(name).agents for name in queues)

    # -- rows ------------------------------------------------------------------------------------------------------

    def _at(self, moment: float | None) -> str | None:
        return None if moment is None else self._clock.utc(moment).isoformat(timespec="milliseconds")

    def _queue(self, name: str) -> Row:
        site, state = self._queues.get(name), self._engine.line_state(name)
        return {"name": name, "title": site.title if site is not None else "", **state}

    def _agent(self, agent: Agent) -> Row:
        site = self._agents.get(agent.name)
        engaged = agent.contact is not None or agent.activity is Activity.WRAP_UP
        return {
            "name": agent.name,
            "title": site.title if site is not None else "",
            "state": str(agent.state),
            "reason": agent.pause,
            "since": self._at(agent.since),
            "until": self._at(agent.until),
            "phone": agent.phone,
            "phone_busy": agent.phone_busy,
            "reachable": agent.reachable,
            "call": agent.contact,
            "queue": agent.queue if engaged else None,
            "unanswered": agent.unanswered,
            "taken": agent.taken,
        }

    def _contact(self, contact: Contact) -> Row:
        caller = self._callers.get(contact.id)
        return {
            "call": contact.id,
            "kind": "call",
            "queue": contact.queue,
            "caller": caller.call.caller.number if caller is not None else "",
            "name": caller.call.caller.name if caller is not None else "",
            "typed": dict(caller.call.data.get(TYPED, {})) if caller is not None else {},
            "state": str(self._engine.stage(contact)),
            "joined": self._at(contact.place.joined),
            "entered": self._at(contact.entered),
            "priority": -contact.place.rank,
            "order": list(self._engine.order(contact)),
            "agents": list(contact.agents),
            "offers": contact.offers,
        }
