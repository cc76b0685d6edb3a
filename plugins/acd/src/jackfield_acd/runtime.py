"""Between the engine and the world: one lock, the calls' threads, phones, agents' states on record.

Whoever brings an event takes the lock, asks the engine, and has the decisions carried out (`dispatch`); everything
that can wait (records, events, the plain fallback) is left to other threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import structlog
from jackfield.config.objects.extension import extension_of
from jackfield.config.site import Site

from jackfield_acd import callback_store, eventlog, models, outside, reports, why
from jackfield_acd.background import Note, Worker, Writer
from jackfield_acd.board import Board
from jackfield_acd.callbacks import Callbacks
from jackfield_acd.dispatch import Caller, Dispatch
from jackfield_acd.errors import NoSuchQueue
from jackfield_acd.fallback import PlainQueues
from jackfield_acd.figures import Every
from jackfield_acd.kinds import Agent, Queue
from jackfield_acd.lamps import Lamps
from jackfield_acd.model import Activity, Decision, Failure, Offer, Place, Refusal, Wish
from jackfield_acd.models import Clock
from jackfield_acd.notices import Notices
from jackfield_acd.recorder import Recorder
from jackfield_acd.rules import OwnAgents, agent_rules, queue_rules
from jackfield_acd.service import Engine
from jackfield_acd.settings import AcdSettings
from jackfield_acd.snapshot import snapshot
from jackfield_acd.supervision import Supervision
from jackfield_acd.tales import Tales

if TYPE_CHECKING:
    from jackfield.calls.call import Call
    from jackfield.core import Core

log = structlog.get_logger(__name__)
HOLD_SECONDS = 20.0
"""Offers begin at the latest so long after a start, even if core does not say that all calls are back."""
FLUSH_SECONDS = 2.0
STORY_AGE = timedelta(days=30)
"""How long it can be told why a caller was served as it was."""
GRACE_SECONDS = 2.0
"""A daemon that stops is gone by then; if not, only the plugin was removed, and its callers must go elsewhere."""


class Runtime:
    """The engine in the daemon. Methods may be called from any thread."""

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
        self.supervision = Supervision(self._dispatch, self.board, core.site, self._over, self._notices)
        self.supervision.marked = lambda call, agent: self._journal.personal(call, self.clock.now())
        self.callbacks = Callbacks(core, self._dispatch, self._worker, self.clock, self._writer.note)

    # -- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Take over site and agents' states; offers are held back until `recovered`."""
        with self._core.storage.session() as session:
            memories, turns = models.load(session, self.clock), models.load_turns(session)
            self._recorder.start(session)
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

    def _forget(self) -> None:
        """Delete stories that are old; once a day."""
        self._worker.submit(self._forget_stories)
        self._core.timers.after(86400.0, self._forget)

    def _forget_stories(self) -> None:
        with self._core.storage.session() as session:
            now = self.clock.utc(self.clock.now())
            models.forget_stories(session, now - STORY_AGE)
            self._recorder.forget(session, now)
            session.commit()

    def recovered(self) -> None:
        """All calls of before the start are back: offers begin, and the plain queues give their callers back."""
        self._release()
        self.callbacks.recovered()
        with self._lock:
            queues = self._engine.queues()
            self._recorder.recovered()
            states = {agent.name: agent.state for agent in self._engine.agents()}
        self._plain.recover(queues)
        self._lamps.afresh(states)

    def _release(self) -> None:
        with self._lock:
            phones = [a.phone for a in self._engine.agents() if a.phone is not None]
        for phone in phones:
            self._phone_changed(phone, *self._phone(phone))
        with self._lock:
            self._dispatch.act(self._engine.release(self.clock.now()))

    def _phone(self, phone: str) -> tuple[bool, bool]:
        if outside.is_outside(phone):
            return False, True
        return self._core.phones.busy(phone), self._core.phones.reachable(phone)

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

    def _told(self) -> None:
        """Under the lock, after each event: who follows is told, and norms are looked at."""
        agents, contacts, queues = self._engine.changed()
        self.board.tell(agents, contacts, queues)
        self._notices.look(agents, contacts)

    # -- callers ---------------------------------------------------------------------------------------------------

    def place(self, priority: int, joined: float, sequence: int | None = None) -> Place:
        """A place in line; with `sequence`, that of a caller who comes back."""
        with self._lock:
            return self._engine.place(priority, joined, sequence)

    def refusal(self, queue: Queue) -> Refusal | None:
        """Whether a new caller could wait now."""
        with self._lock:
            return self._engine.refusal(queue.name)

    def wish(self, call: Call, queue: Queue) -> Wish | None:
        """Whom the caller should rather have: the own agent, or the one of the last talk. May read the database."""
        until = self.clock.now() + queue.own_agent_seconds
        if (own := self._own_agents.of(call.caller.number)) is not None:
            return Wish(own, until, "own agent")
        if not queue.last_agent or not call.caller.number:
            return None
        with self._core.storage.session() as session:
            last = models.last_agent(session, call.caller.number)
        return None if last is None else Wish(last, until, "last agent")

    def join(self, call: Call, queue: Queue, place: Place, wish: Wish | None = None) -> Offer | Refusal | None:
        """A new caller gets in line, if the queue takes callers.

        Returns:
            An offer, if an agent is free; None if the caller must wait.
        """
        with self._lock:
            refusal = self._engine.refusal(queue.name)
            if refusal is not None:
                return refusal
            found = self._enter(call, queue, lambda now: self._engine.join(call.id, queue.name, place, now, wish))
            if not isinstance(found, Refusal):
                self._journal.entered(
                    call.id,
                    call.seq,
                    queue.name,
                    self.clock.now(),
                    joined=place.joined,
                    position=self._position(call.id, queue.name),
                    priority=-place.rank,
                    target=queue.service_level_seconds,
                    caller=call.caller.number,
                )
            return found

    def resume(
        self, call: Call, queue: Queue, place: Place, failure: Failure, entered: float, wish: Wish | None
    ) -> Offer | Refusal | None:
        """A caller comes back after a restart; an offer that was under way came to nothing for `failure`."""
        with self._lock:
            found = self._enter(
                call,
                queue,
                lambda now: self._engine.resume(call.id, queue.name, place, failure, now, entered=entered, wish=wish),
            )
            if not isinstance(found, Refusal):
                position, target = self._position(call.id, queue.name), queue.service_level_seconds
                self._journal.back(call.id, call.seq, queue.name, entered, position=position, target=target)
            return found

    def rejoin(
        self, call: Call, queue: Queue, place: Place, entered: float, wish: Wish | None
    ) -> Offer | Refusal | None:
        """A caller who left the line for a moment is back at the old place."""
        with self._lock:
            self._journal.again(call.id)
            return self._enter(
                call,
                queue,
                lambda now: self._engine.rejoin(call.id, queue.name, place, entered, now, wish, alone=False),
            )

    def _enter(self, call: Call, queue: Queue, event: Callable[[float], list[Decision]]) -> Offer | Refusal | None:
        self._callers[call.id] = Caller(call, queue)
        try:
            decisions = event(self.clock.now())
        except NoSuchQueue:
            del self._callers[call.id]
            return Refusal.GONE
        offer = self._dispatch.act(decisions, call.id)
        self._dispatch.publish("queue", queue=queue.name, what="joined", call=call.id)
        return offer

    def failed(self, call: Call, failure: Failure) -> Offer | None:
        """The offer came to nothing. Returns the next one, if another agent is free."""
        with self._lock:
            self._callers[call.id].offered = False
            for name, rung in self._rung(call.id):
                if failure is not Failure.CANCELLED:
                    self._journal.unanswered(call.id, name, self.clock.now(), rung=rung, why=str(failure))
            return self._dispatch.act(self._engine.failed(call.id, failure, self.clock.now()), call.id)

    def talk_ended(self, call: Call, by: str = "agent") -> None:
        """The talk is over; the caller is no more in line. `by`: who hung up, agent or caller."""
        with self._lock:
            self._callers.pop(call.id, None)
            self._journal.talked(call.id, by, self.clock.now())
            self._over(call.id, self._engine.talk_ended)

    def leave(self, call: Call) -> None:
        """The caller is gone. Does nothing for one who is not in line."""
        with self._lock:
            self._leave(call.id)

    def went_on(self, call: Call, queue: str, outcome: str) -> None:
        """The caller leaves for another destination, or was never let in; does nothing after a talk."""
        with self._lock:
            now, caller = self.clock.now(), call.caller.number
            if not self._journal.exited(call.id, now, outcome) and outcome in set(Refusal):
                self._journal.refused(call.id, call.seq, queue, now, outcome=outcome, caller=caller)

    def withdraw(self, call: Call, *, if_unstaffed: bool = False) -> bool:
        """Take a caller out of the line; False when an offer is on its way.

        Args:
            call: the caller's.
            if_unstaffed: only if no agent of the queue is logged in.
        """
        with self._lock:
            caller = self._callers.get(call.id)
            if caller is None or not self._engine.is_waiting(call.id):
                return False
            if if_unstaffed and self._engine.keeps(caller.queue):
                return False
            self._leave(call.id)
            return True

    def _leave(self, identity: str) -> None:
        caller = self._callers.pop(identity, None)
        if caller is not None:
            position = self._engine.position(identity) or 1
            self._journal.gone(identity, self.clock.now(), position=position, agents=self._rung(identity))
            self._over(identity, self._engine.leave)
            self._dispatch.publish("queue", queue=caller.queue, what="left", call=identity)

    def position(self, call: Call) -> int | None:
        """Place in line, from 1; None when an offer is under way."""
        with self._lock:
            return self._engine.position(call.id)

    def expected_wait(self, call: Call) -> float | None:
        """Seconds that a caller will probably wait yet; None when nobody can tell."""
        with self._lock:
            return self._engine.expected_wait(call.id)

    @contextmanager
    def announcing(self, call: Call) -> Iterator[bool]:
        """While an announcement plays: an offer interrupts it. Yields False when an offer is there already."""
        with self._lock:
            caller = self._callers[call.id]
            caller.announcing = not caller.offered
        try:
            yield caller.announcing
        finally:
            caller.announcing = False

    # -- agents ----------------------------------------------------------------------------------------------------

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

    # -- events from core ------------------------------------------------------------------------------------------

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

    def why(self, call: str) -> list[dict[str, Any]]:
        """Why a caller was served as it was: the decisions, oldest first; empty when nothing is known."""
        with self._lock:
            live = self._engine.contact(call)
            contacts = [*self._tales.of(call), *([live] if live is not None else [])]
            told = [why.tell(contact, self.clock.utc) for contact in contacts]
        with self._core.storage.session() as session:
            kept = models.stories(session, call)
        return [each for visit in [*kept, *(one for one in told if one not in kept)] for each in visit]

    def figures(self, since: datetime, until: datetime, of: reports.Of, every: Every | None) -> list[dict[str, Any]]:
        """Figures by interval of the site's zone, of all that happened until now."""
        self._writer.flush(FLUSH_SECONDS)
        zone = ZoneInfo(self._core.site().general.zone)
        with self._core.storage.session() as session:
            return reports.rows(session, since, until, of, every, zone)

    def lost(self, since: datetime) -> list[dict[str, Any]]:
        """Callers who were in line when Asterisk died, in the order in which they had come."""
        with self._core.storage.session() as session:
            found = eventlog.lost(session, since)
        return [{"at": e.at, "queue": e.queue, "caller": e.detail["caller"], "call": e.call} for e in found]

    def called_back(self) -> list[dict[str, Any]]:
        """Call-backs as they are on record, the newest first."""
        self._writer.flush(FLUSH_SECONDS)
        with self._core.storage.session() as session:
            return [row.model_dump(mode="json") for row in callback_store.listed(session)]

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

    def snapshot(self) -> dict[str, list[Any]]:
        """Queues and agents as they are now; times are seconds ago."""
        with self._lock:
            return snapshot(self._engine, self._callers, self.callbacks.of, self.clock.now())
