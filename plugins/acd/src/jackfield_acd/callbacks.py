"""Callers who hung up and keep their place in line: when the turn comes an agent is rung, who then calls the customer.

The engine has a contact without a channel for each. The agent's phone is rung by Asterisk, and its call comes in as if
the agent had dialled CODE and the call-back's number; who dials that by hand is turned away, for the call's id is what
counts. A promise is on record before the caller hears it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog
from jackfield.errors import JackfieldError
from jackfield.records.models import CallRow
from jackfield.routing.destinations import Result

from jackfield_acd import callback_store as store
from jackfield_acd import outside
from jackfield_acd.background import FLUSH_SECONDS
from jackfield_acd.callback_store import OVER, Callback, State
from jackfield_acd.dispatch import Nudge, Sent
from jackfield_acd.errors import NoSuchCallback, NoSuchQueue
from jackfield_acd.kinds import Queue
from jackfield_acd.model import Decision, Failure, Offer, Place

if TYPE_CHECKING:
    from jackfield.core import Core

    from jackfield_acd.background import Note, Worker, Writer
    from jackfield_acd.callback_journal import CallbackJournal
    from jackfield_acd.dispatch import Dispatch
    from jackfield_acd.models import Clock

log = structlog.get_logger(__name__)
CODE = "*20"
KIND = "callback"
_REFUSED = frozenset({17, 21})
LATE_SECONDS = 5.0
"""An agent's phone that so long after its ring time has neither taken the call nor stopped ringing was never rung."""


class Callbacks:
    """All that are not over. `dispatch.lock` guards them."""

    def __init__(
        self,
        core: Core,
        dispatch: Dispatch,
        worker: Worker,
        clock: Clock,
        writer: Writer,
        journal: CallbackJournal,
    ) -> None:
        """`writer` saves call-backs before long; what becomes of them is told to `journal`."""
        self._core, self._dispatch, self._worker, self._clock = core, dispatch, worker, clock
        self._note, self._flush = writer.note, writer.flush
        self._engine, self._lock, self._journal = dispatch.engine, dispatch.lock, journal
        self._known: dict[str, Callback] = {}
        """By their name in the engine; those that are over until that is on record."""
        self._stopped: dict[str, Failure] = {}
        """Calls to agents' phones that nobody took, until the phones are known to be free."""
        dispatch.others = self._decided

    # -- life ------------------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Take over what was promised before a restart, while offers are held back."""
        with self._core.storage.session() as session:
            found = store.unfinished(session, self._clock)
            told = self._journal.read(session, found)
        with self._lock:
            self._journal.resume(found, told)
            for callback in found:
                self._known[callback.contact] = callback
                if callback.state is State.WAITING:
                    self._line_up(callback)
                elif callback.state is State.LATER:
                    self._wait_for(callback)

    def recovered(self) -> None:
        """All calls of before the start are back: what was under way and is not among them came to nothing."""
        with self._lock:
            under_way = [c for c in self._known.values() if c.state in (State.RINGING, State.CALLING)]
        for callback in under_way:
            if callback.state is State.RINGING:
                there = self._core.phones.busy(callback.phone)
                self._give_up(callback.call, self._ring_seconds(callback) if there else 0.0, Failure.CANCELLED)
            elif not self._core.phones.busy(callback.phone):
                self._worker.submit(lambda call=callback.call: self._look_up(call))  # type: ignore[misc]

    def _give_up(self, call: str, seconds: float, failure: Failure) -> None:
        """Ring an agent no longer than so: nothing tells of a phone that was never rung."""
        self._core.timers.after(seconds + LATE_SECONDS, lambda: self.agent_failed(call, failure))

    def _look_up(self, call: str) -> None:
        """A call that ended while the daemon was away: what the record says of it."""
        with self._core.storage.session() as session:
            row = session.get(CallRow, call)
        result = str(row.result) if row is not None and row.result else ""
        self.call_ended(call, result, row.ended_at if row is not None else None)

    def noted(self, notes: Iterable[Note]) -> list[tuple[int, dict[str, Any]]]:
        """Ids and columns of those that are to be saved. The caller holds the lock."""
        known = [self._known[name] for kind, name in notes if kind == KIND and name in self._known]
        return [(callback.id, callback.values(self._clock)) for callback in known]

    def written(self, saved: Iterable[tuple[int, dict[str, Any]]]) -> None:
        """These columns are on record. The caller holds the lock."""
        for identity, columns in saved:
            if columns["state"] in OVER:
                self._known.pop(f"callback-{identity}", None)

    def of(self, contact: str) -> Callback | None:
        """The call-back that a contact is. The caller holds the lock."""
        return self._known.get(contact)

    # -- promises --------------------------------------------------------------------------------------------------

    def place(self, priority: int, joined: float) -> Place:
        """A place in line, for somebody who has waited since a time."""
        with self._lock:
            return self._engine.place(priority, joined)

    def promise(
        self, queue: Queue, number: str, caller: str, call: str, place: Place, entered: float, *, lost: bool = False
    ) -> bool:
        """Put a call-back into the line, at a place; on record when this returns.

        Args:
            queue: the queue.
            number: as it is dialled.
            caller: who asks, as the carrier told it.
            call: the call in which it is asked for; it has left the line.
            place: the caller's place.
            entered: when the caller came into the queue.
            lost: nobody asks; the caller was in line when Asterisk died.

        Returns:
            False when this number will be called back already.

        Raises:
            NoSuchQueue: the queue has gone meanwhile.
        """
        new = Callback(0, queue.name, number, caller, call, self._clock.now(), place, entered, lost=lost)
        with self._lock:
            self._engine.rules(queue.name)
            if any(c.number == number and c.state not in OVER for c in self._known.values()):
                return False
        with self._core.storage.session() as session:
            new.id = store.add(session, new, self._clock)
            session.commit()
        with self._lock:
            self._known[new.contact] = new
            self._journal.promised(new)
            self._line_up(new)
        log.info("acd.callback_promised", callback=new.id, queue=queue.name, call=call, lost=lost)
        return True

    def called_again(self, queue: str, caller: str) -> Place | None:
        """Somebody calls who was to be called back after Asterisk's death: the old place; the call-back is over."""
        with self._lock:
            for callback in self._known.values():
                waits = callback.state in (State.WAITING, State.LATER)
                if waits and callback.lost and (callback.queue, callback.caller) == (queue, caller):
                    self._finish(callback, State.CANCELLED, "called again")
                    return callback.place
        return None

    def cancel(self, identity: int) -> None:
        """Take a promise back; on record when this returns.

        Raises:
            NoSuchCallback: there is none, or the agent has it already.
        """
        with self._lock:
            callback = self._known.get(f"callback-{identity}")
            if callback is None or callback.state not in (State.WAITING, State.LATER):
                raise NoSuchCallback(
                    f"no call-back {identity} is in line; `jackfield acd callbacks` lists them with their states"
                )
            self._finish(callback, State.CANCELLED, "cancelled")
        self._flush(FLUSH_SECONDS)

    def _line_up(self, callback: Callback) -> None:
        """Under the lock."""
        callback.state, callback.next_at = State.WAITING, None
        self._note([(KIND, callback.contact)])
        self._try(
            callback,
            lambda now: self._engine.rejoin(callback.contact, callback.queue, callback.place, callback.entered, now),
        )

    def _try(self, callback: Callback, event: Callable[[float], list[Decision]]) -> None:
        """Something that needs the queue. Under the lock."""
        try:
            decisions = event(self._clock.now())
        except NoSuchQueue:
            self._finish(callback, State.FAILED, "no such queue")
            return
        self._dispatch.act(decisions)
        self._dispatch.publish("queue", queue=callback.queue, what="joined", call=callback.contact)

    def _finish(self, callback: Callback, state: State, result: str) -> None:
        """Under the lock."""
        callback.state, callback.result, callback.ended = state, result, self._clock.now()
        self._note([(KIND, callback.contact)])
        self._journal.over(callback)
        self._dispatch.act(self._engine.leave(callback.contact, self._clock.now()))
        self._dispatch.publish("queue", queue=callback.queue, what="left", call=callback.contact)
        log.info("acd.callback_over", callback=callback.id, state=str(state), result=result, tries=callback.tries)

    # -- the agent's phone -----------------------------------------------------------------------------------------

    def _decided(self, contact: str, value: Offer | Nudge | Sent | Place) -> None:
        """The engine has decided something of a contact that is no caller. Under the lock; must be quick."""
        callback = self._known.get(contact)
        if callback is None:
            return
        if value is Nudge.DROPPED:
            self._finish(callback, State.FAILED, "no such queue")
        elif isinstance(value, Place):
            callback.place = value
            self._note([(KIND, contact)])
        elif isinstance(value, Sent):
            self._sent(callback, value)
        elif isinstance(value, Offer):
            callback.attempts += 1
            callback.call = f"{callback.contact}-{callback.attempts}"
            callback.state, callback.phone, callback.agent = State.RINGING, value.phones[0], value.agents[0]
            self._note([(KIND, contact)])
            seconds = self._ring_seconds(callback)
            call, phone, number = callback.call, callback.phone, callback.caller or callback.number
            self._worker.submit(lambda: self._ring(call, phone, f"{CODE}{callback.id}", number, seconds))
            self._give_up(call, seconds, Failure.UNREACHABLE)

    def _sent(self, callback: Callback, value: Sent) -> None:
        """A supervisor has taken it out of the line: into another queue, or off the list. Under the lock."""
        kind, _, name = value.destination.partition(":")
        if kind == "queue":
            callback.queue = name
            self._line_up(callback)
        else:
            self._finish(callback, State.CANCELLED, value.outcome)

    def _ring(self, call: str, phone: str, code: str, number: str, seconds: int) -> None:
        """On the worker: it talks to Asterisk."""
        try:
            self._core.asterisk.ring(phone, code, call, number=number, seconds=seconds)
        except JackfieldError as error:
            log.warning("acd.callback_not_rung", call=call, phone=phone, error=str(error))
            self.agent_failed(call, Failure.UNREACHABLE)

    def unanswered(self, call: str, cause: int) -> None:
        """An agent's phone has stopped ringing, for a cause (Q.850); that it is free is told next, unless outside."""
        failure = Failure.BUSY if cause in _REFUSED else Failure.NO_ANSWER
        with self._lock:
            callback = self._by_call(call, State.RINGING)
            elsewhere = callback is not None and outside.is_outside(callback.phone)
            if callback is not None and not elsewhere:
                self._stopped[call] = failure
        if elsewhere:
            self.agent_failed(call, failure)

    def phone_free(self, phone: str) -> None:
        """A phone has no call any more. The engine knows; a phone that refused is left alone from now on."""
        with self._lock:
            rung = [c.call for c in self._known.values() if c.phone == phone and c.call in self._stopped]
            failed = [(call, self._stopped.pop(call)) for call in rung]
        for call, failure in failed:
            self.agent_failed(call, failure)

    def agent_failed(self, call: str, failure: Failure) -> None:
        """An agent who was rung has not taken it: back to the old place in line. Nothing if that is known already."""
        with self._lock:
            self._stopped.pop(call, None)
            callback = self._by_call(call, State.RINGING)
            if callback is not None:
                callback.state = State.WAITING
                self._note([(KIND, callback.contact)])
                self._journal.unanswered(callback, failure)
                self._try(callback, lambda now: self._failed(callback, failure, now))

    def _failed(self, callback: Callback, failure: Failure, now: float) -> list[Decision]:
        if self._engine.contact(callback.contact) is not None:
            return self._engine.failed(callback.contact, failure, now)
        return self._engine.resume(
            callback.contact, callback.queue, callback.place, failure, now, callback.entered, alone=True
        )

    def _by_call(self, call: str, *states: State) -> Callback | None:
        return next((c for c in self._known.values() if c.call == call and c.state in states), None)

    # -- the call --------------------------------------------------------------------------------------------------

    def taken(self, call: str) -> Callback | None:
        """The agent's call has come in: the call-back that it is for; None for a call that is for none.

        It is on record when this returns: the customer is called next, and would be again after a `kill -9`.
        """
        with self._lock:
            callback = self._by_call(call, State.RINGING, State.CALLING)
            if callback is not None and callback.state is State.RINGING:
                callback.state, callback.tries = State.CALLING, callback.tries + 1
                self._note([(KIND, callback.contact)])
                self._journal.connected(callback)
                now = self._clock.now()
                self._dispatch.act(self._engine.answered(callback.contact, callback.phone, now))
        if callback is not None and not self._flush(FLUSH_SECONDS):
            log.warning("acd.callback_not_on_record_yet", callback=callback.id, waited_seconds=FLUSH_SECONDS)
        return callback

    def queue_of(self, callback: Callback) -> Queue:
        """Its queue, as the site has it now."""
        with self._lock:
            return self._queue(callback)

    def _queue(self, callback: Callback) -> Queue:
        return self._core.site().get("queue", callback.queue, Queue) or Queue(name=callback.queue)

    def _ring_seconds(self, callback: Callback) -> int:
        return self._queue(callback).ring_seconds + (
            outside.CONFIRM_SECONDS if outside.is_outside(callback.phone) else 0
        )

    def call_ended(self, call: str, result: str, ended: datetime | None = None) -> None:
        """The agent's call is over, at a time (now if left out); nothing for a call that is no call-back's."""
        self.agent_failed(call, Failure.NO_ANSWER)  # hung up before it came in
        with self._lock:
            callback = self._by_call(call, State.CALLING)
            if callback is None:
                return
            self._journal.talked(callback, result, ended)
            if result == Result.ANSWERED:
                self._finish(callback, State.DONE, result)
                return
            queue = self._queue(callback)
            if callback.tries >= queue.callback_tries:
                self._finish(callback, State.FAILED, result)
                return
            now = self._clock.now()
            callback.state, callback.result = State.LATER, result
            callback.next_at = now + 60.0 * queue.callback_minutes
            self._note([(KIND, callback.contact)])
            self._dispatch.act(self._engine.leave(callback.contact, now))
            self._wait_for(callback)

    def _wait_for(self, callback: Callback) -> None:
        """Under the lock."""

        def due() -> None:
            with self._lock:
                if callback.state is State.LATER:
                    self._line_up(callback)

        self._core.timers.after(max(0.0, (callback.next_at or 0.0) - self._clock.now()), due)
