"""What is put on record of call-backs: contacts of their own, beside the visits of those who asked for them.

Such a contact's `call` is its name in the engine, and its `step` is 0. Its state is saved in the same transaction as
these entries or after it, so after a `kill -9` an entry may be there whose state is not: it is not written twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from jackfield_acd import eventlog
from jackfield_acd.eventlog import Entry, What
from jackfield_acd.model import Failure

if TYPE_CHECKING:
    from sqlmodel import Session

    from jackfield_acd.callback_store import Callback
    from jackfield_acd.journal import Journal
    from jackfield_acd.models import Clock
    from jackfield_acd.service import Engine


class Talk(NamedTuple):
    """An agent is busy with a call-back. Times are monotonic seconds."""

    agent: str
    since: float
    hold: float
    """Seconds since the caller came into the queue."""


class CallbackJournal:
    """Everything but `read` is called by the holder of the runtime's lock."""

    def __init__(self, journal: Journal, engine: Engine, clock: Clock, target: Callable[[str], int]) -> None:
        """`target` is a queue's service level in seconds."""
        self._journal, self._engine, self._clock, self._target = journal, engine, clock, target
        self._talks: dict[str, Talk] = {}
        self._over: set[str] = set()
        """Those of before a restart that are over by what is on record."""

    def read(self, session: Session, callbacks: Iterable[Callback]) -> list[Entry]:
        """What is on record of call-backs of before a restart, for `resume`."""
        return eventlog.of_calls(session, {callback.contact for callback in callbacks})

    def resume(self, callbacks: Iterable[Callback], known: Iterable[Entry]) -> None:
        """Go on where the daemon before this one stopped; a promise that it could not put on record is added."""
        told: dict[str, list[Entry]] = {}
        for entry in known:
            told.setdefault(entry.call, []).append(entry)
        for callback in callbacks:
            entries = told.get(callback.contact, [])
            if not any(entry.event is What.PROMISED for entry in entries):
                self.promised(callback)
            for entry in entries:
                if entry.event is What.CONNECTED:
                    since, hold = self._clock.monotonic(entry.at), float(entry.detail["hold"])
                    self._talks[callback.contact] = Talk(entry.agent, since, hold)
                elif entry.event is What.COMPLETED:
                    self._talks.pop(callback.contact, None)
                elif entry.event is What.CALLED_BACK:
                    self._over.add(callback.contact)

    def promised(self, callback: Callback) -> None:
        """It is in line."""
        who = {"caller": callback.caller, "number": callback.number, "asked": callback.requested_by}
        detail: dict[str, Any] = {**who, "priority": -callback.place.rank, "lost": callback.lost}
        self._add(What.PROMISED, callback, callback.requested, **detail)

    def unanswered(self, callback: Callback, failure: Failure) -> None:
        """The agent who was rung has not taken it; if that was the agent's doing."""
        if failure is not Failure.CANCELLED:
            now = self._clock.now()
            detail: dict[str, Any] = {"ring": _span(self._rung(callback, now), now), "why": str(failure)}
            self._add(What.UNANSWERED, callback, now, callback.agent, **detail)

    def connected(self, callback: Callback) -> None:
        """The agent is there, and the customer is about to be called."""
        if callback.contact in self._talks:
            return
        now = self._clock.now()
        hold, ring = _span(callback.entered, now), _span(self._rung(callback, now), now)
        self._talks[callback.contact] = Talk(callback.agent, now, hold)
        detail: dict[str, Any] = {"hold": hold, "ring": ring, "leg": callback.call}
        self._add(What.CONNECTED, callback, now, callback.agent, **detail, target=self._target(callback.queue))

    def talked(self, callback: Callback, result: str, ended: datetime | None) -> None:
        """The agent's call is over, at a time (now if left out); `result`: whether the customer was reached."""
        talk = self._talks.pop(callback.contact, None)
        if talk is not None:
            over = self._clock.now() if ended is None else self._clock.monotonic(ended)
            detail: dict[str, Any] = {"hold": talk.hold, "talk": _span(talk.since, over), "result": result}
            self._add(What.COMPLETED, callback, over, talk.agent, **detail)
            self._journal.served(talk.agent, callback.contact, 0)

    def over(self, callback: Callback) -> None:
        """Nobody will be called any more."""
        if callback.contact in self._over:
            self._over.discard(callback.contact)
            return
        now = self._clock.now()
        how = {"state": str(callback.state), "result": callback.result}
        detail: dict[str, Any] = {**how, "attempts": callback.attempts, "tries": callback.tries}
        self._add(What.CALLED_BACK, callback, now, **detail, wait=_span(callback.requested, now))

    def _rung(self, callback: Callback, now: float) -> float:
        """Since when the agent has been rung: the engine knows, also after a restart."""
        agent = self._engine.agent(callback.agent)
        return agent.since if agent is not None and agent.contact == callback.contact else now

    def _add(self, what: What, callback: Callback, at: float, agent: str = "", **detail: Any) -> None:
        entry = Entry(0, self._clock.utc(at), what, callback.contact, 0, callback.queue, agent, detail)
        self._journal.add(entry)


def _span(start: float, end: float) -> float:
    return round(max(0.0, end - start), 3)
