"""Beneath the running engine: its parts, one lock, what follows from each event, what is put on record.

Whoever brings an event takes the lock, asks the engine, and has the decisions carried out (`dispatch`); everything
that can wait (records, events, the plain fallback) is left to other threads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from jackfield.config.site import Site

from jackfield_acd import callback_store, models, outside, why
from jackfield_acd.background import Note, Worker, Writer
from jackfield_acd.board import Board
from jackfield_acd.callback_journal import CallbackJournal
from jackfield_acd.callback_lost import LostCallers
from jackfield_acd.callbacks import Callbacks
from jackfield_acd.dispatch import Dispatch
from jackfield_acd.fallback import PlainQueues
from jackfield_acd.kinds import Queue
from jackfield_acd.lamps import Lamps
from jackfield_acd.model import Activity, Decision
from jackfield_acd.models import Clock
from jackfield_acd.notices import Notices
from jackfield_acd.recorder import Recorder
from jackfield_acd.rules import OwnAgents
from jackfield_acd.service import Engine
from jackfield_acd.settings import AcdSettings
from jackfield_acd.stays import Stay
from jackfield_acd.supervision import Supervision
from jackfield_acd.tales import Tales

if TYPE_CHECKING:
    from jackfield.core import Core


class Ground:
    """The parts, and what those above share."""

    def __init__(self, core: Core, clock: Clock | None = None) -> None:
        """Nothing is served before `start`."""
        self.clock = clock or Clock(core.clock.monotonic, core.clock.now().timestamp() - core.clock.monotonic())
        self._core = core
        self._engine = Engine()
        self._worker = Worker("acd-worker")
        self._writer = Writer(self._save, "acd-writer")
        self._plain = PlainQueues(core.asterisk, core.timers, self._worker, self._plain_agents)
        self._lamps = Lamps(core.asterisk, core.timers, self._worker)
        self._dispatch = Dispatch(self._engine, core, self._worker, self.clock.now, self._agents_changed)
        self._lock = self._dispatch.lock
        self._callers = self._dispatch.callers
        self.board = Board(self._engine, self._callers, self.clock, core.events.wanted, self._dispatch.publish)
        self._dispatch.told = self._told
        self._notices = Notices(self._engine, core.timers, self.clock, self._lock, self._dispatch.publish)
        self._own_agents = OwnAgents(Site({}))
        self._tales = Tales()
        settings = core.settings("acd") or AcdSettings()
        note, serves = self._writer.note, self._engine.serves
        self._recorder = Recorder(settings, self.clock, core.timers, note, serves, self._target)
        self._journal = self._recorder.journal
        self._taken_over: set[str] = set()
        """Contacts whose talk goes on with somebody else when their agent's phone is free."""
        self._parted: set[str] = set()
        """Talks with phones of ours that are over for those: the agent may go on with somebody else."""
        self._stays: dict[str, Stay] = {}
        """Last talks of callers who were transferred."""
        self.supervision = Supervision(self._dispatch, self.board, core.site, self._over, self._notices)
        self.supervision.marked = lambda call, agent: self._journal.personal(call, self.clock.now())
        self.supervision.taken_out = lambda call, position: self._journal.gone(
            call, self.clock.now(), position=position, agents=()
        )
        told = CallbackJournal(self._journal, self._engine, self.clock, self._target)
        self.callbacks = Callbacks(core, self._dispatch, self._worker, self.clock, self._writer, told)
        self._lost_callers = LostCallers(core, self.callbacks, self.clock)
        self._recorder.lost = lambda: self._worker.submit(self._lost_callers.promise)

    def _told(self) -> None:
        """Under the lock, after each event: who follows is told, and norms are looked at."""
        agents, contacts, queues = self._engine.changed()
        self.board.tell(agents, contacts, queues)
        self._notices.look(agents, contacts)

    def _phone(self, phone: str) -> tuple[bool, bool]:
        if outside.is_outside(phone):
            return False, True
        return self._core.phones.busy(phone), self._core.phones.reachable(phone)

    def _rung(self, identity: str) -> list[tuple[str, float]]:
        """Agents who are being rung for a contact, each with since when."""
        contact = self._engine.contact(identity)
        agents = (self._engine.agent(name) for name in contact.agents) if contact is not None else ()
        return [(a.name, a.since) for a in agents if a is not None and a.activity is Activity.OFFERED]

    def _position(self, identity: str, queue: str) -> int:
        """A contact's position; of one who is offered at once, behind those who wait."""
        return self._engine.position(identity) or self._engine.length(queue) + 1

    def _target(self, queue: str) -> int:
        found = self._core.site().get("queue", queue, Queue)
        return found.service_level_seconds if found is not None else 0

    def _over(self, identity: str, event: Callable[[str, float], list[Decision]]) -> None:
        """A contact is gone; its story is to be put on record."""
        self._taken_over.discard(identity)
        contact = self._engine.contact(identity)
        self._dispatch.act(event(identity, self.clock.now()))
        if contact is not None:
            self._tales.add(contact)
            self._writer.note([("story", identity)])

    # -- notes -----------------------------------------------------------------------------------------------------

    def _agents_changed(self, names: list[str], turns: list[str]) -> None:
        """Under the lock."""
        self._writer.note([*(("agent", name) for name in names), *(("queue", name) for name in turns)])
        present: dict[str, str | None] = {}
        lamps = {}
        for name in names:
            agent = self._engine.agent(name)
            if agent is not None:
                self._journal.agent(agent, self.clock.now())
                here = agent.pause is None and agent.phone is not None and not outside.is_outside(agent.phone)
                present[name] = agent.phone if here else None
                lamps[name] = agent.state
                self._dispatch.publish("agent", agent=name, state=str(agent.state), reason=agent.pause or "")
        self._plain.agents_changed(present)
        self._lamps.show(lamps)

    def _save(self, notes: list[Note]) -> None:
        with self._lock:
            known = [
                agent for kind, name in notes if kind == "agent" and (agent := self._engine.agent(name)) is not None
            ]
            items = [(self._engine.memory(agent.name), str(agent.state)) for agent in known]
            turns = self._engine.turns()
            gone = [c for kind, name in notes if kind == "story" for c in self._tales.of(name)]
            called_back = self.callbacks.noted(notes)
        told = [(c.id, self.clock.utc(c.entered), c.queue, why.tell(c, self.clock.utc)) for c in gone]
        last = {name: turns[name] for kind, name in notes if kind == "queue" and name in turns}
        with self._core.storage.session() as session:
            models.save(session, items, self.clock)
            models.save_turns(session, last)
            models.save_stories(session, told)
            callback_store.save(session, called_back)
            entries = self._recorder.save(session, self._lock)
            session.commit()
        with self._lock:
            self._tales.written(gone)
            self.callbacks.written(called_back)
        self._recorder.saved(entries, self._lock)
        with self._core.storage.session() as session:
            self._recorder.mend(session, notes, self._lock)

    def _plain_agents(self) -> dict[str, list[str]]:
        with self._lock:
            return {
                queue: [phone for phone in self._engine.present(queue) if not outside.is_outside(phone)]
                for queue in self._engine.queues()
            }
