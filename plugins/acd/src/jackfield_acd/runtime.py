"""Between the engine and the world: its life in the daemon. The layers beneath serve callers, agents and events."""

from __future__ import annotations

from jackfield.config.site import Site

from jackfield_acd import eventlog, models, outside
from jackfield_acd.archive import Archive
from jackfield_acd.kinds import Agent, Queue
from jackfield_acd.model import Activity, Decision
from jackfield_acd.rules import OwnAgents, agent_rules, queue_rules

HOLD_SECONDS = 20.0
"""Offers begin at the latest so long after a start, even if core does not say that all calls are back."""
GRACE_SECONDS = 2.0
"""A daemon that stops is gone by then; if not, only the plugin was removed, and its callers must go elsewhere."""


class Runtime(Archive):
    """The engine in the daemon. Methods may be called from any thread."""

    def start(self) -> None:
        """Take over site and agents' states; offers are held back until `recovered`."""
        with self._core.storage.session() as session:
            memories, turns = models.load(session, self.clock), models.load_turns(session)
            self._recorder.start(session)
            in_talks = [one.contact for one in memories if one.activity is Activity.TALKING and one.contact]
            self._notices.personal |= eventlog.personal(session, in_talks)
        self._engine.hold()
        self.site_changed(self._core.site())
        with self._lock:
            for queue, agent in turns.items():
                self._engine.remember_turn(queue, agent)
        for memory in memories:
            busy, reachable = self._phone(memory.phone) if memory.phone else (False, True)
            with self._lock:
                decisions = self._engine.remember(memory, self.clock.now(), busy=busy, reachable=reachable)
                self._dispatch.act(decisions)
        with self._lock:
            for each in self._engine.agents():
                self._journal.agent(each, self.clock.now())
        self.callbacks.load()
        self._core.events.subscribe("phone", self._phone_event)
        self._core.events.subscribe("call", self._call_event)
        self._core.events.subscribe("asterisk", self._asterisk_event)
        self._core.events.subscribe("unanswered", self._unanswered_event)
        self._core.timers.after(HOLD_SECONDS, self._release)
        self._forget()

    def recovered(self) -> None:
        """All calls of before the start are back: offers begin, and the plain queues give their callers back."""
        self._release()
        self.callbacks.recovered()
        with self._lock:
            queues = self._engine.queues()
            self._recorder.recovered()
            states = {agent.name: agent.state for agent in self._engine.agents()}
        self._worker.submit(self._lost_callers.promise)
        self._plain.recover(queues)
        self._lamps.afresh(states)

    def _release(self) -> None:
        with self._lock:
            phones = [a.phone for a in self._engine.agents() if a.phone is not None]
        for phone in phones:
            self._phone_changed(phone, *self._phone(phone))
        in_use = {phone for phone in phones if outside.is_outside(phone) and self._core.phones.busy(phone)}
        with self._lock:
            self._dispatch.act(self._engine.release(self.clock.now(), in_use))

    def stop(self) -> None:
        """Write what is to be written. Callers in line stay where they are: the next daemon takes them over."""
        self._writer.stop()
        self._core.timers.after(GRACE_SECONDS, self._abandon)

    def _abandon(self) -> None:
        with self._lock:
            self._dispatch.act(self._engine.configure([], [], self.clock.now()))

    def site_changed(self, site: Site) -> None:
        """Take over another generation."""
        rules, agents = queue_rules(site), agent_rules(site)
        self._own_agents = OwnAgents(site)
        extensions = set(site.names("extension"))
        with self._lock:
            now = self.clock.now()
            decisions: list[Decision] = []
            for agent in self._engine.agents():
                if agent.phone is not None and outside.extension_of(agent.phone) not in extensions:
                    decisions += self._engine.logout(agent.name, now)
            self.board.serve(
                {queue.name: queue for queue in site.all("queue", Queue)},
                {agent.name: agent for agent in site.all("agent", Agent)},
            )
            self._dispatch.act([*decisions, *self._engine.configure(rules, agents, now)])
            self._notices.serve(site)
            for caller in self._callers.values():
                queue = site.get("queue", caller.queue, Queue)
                if queue is not None and queue != caller.site:
                    caller.site = queue
                    caller.call.wake(queue)
        self._plain.changed()
