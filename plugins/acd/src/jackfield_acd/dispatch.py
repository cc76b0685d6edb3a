"""Carries the engine's decisions out: wakes calls, starts timers, and leaves notes for what can wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock
from typing import TYPE_CHECKING, Any

from jackfield_acd.model import (
    AgentChanged,
    CallBack,
    Decision,
    Dropped,
    Offer,
    Place,
    StartTimer,
    TurnChanged,
    Unstaffed,
)

if TYPE_CHECKING:
    from jackfield.calls.call import Call
    from jackfield.core import Core

    from jackfield_acd.background import Worker
    from jackfield_acd.kinds import Queue
    from jackfield_acd.service import Engine

INTERRUPT_SECONDS = 0.05
"""An interruption that came just before its announcement began is repeated after so long."""
INTERRUPT_TIMES = 5


@dataclass(frozen=True, slots=True)
class Sent:
    """A supervisor has sent a waiting caller on; out of the line already."""

    destination: str
    """'' = the call ends."""
    outcome: str


class Nudge(StrEnum):
    """Why a waiting caller is woken, but for an offer."""

    UNSTAFFED = "unstaffed"
    DROPPED = "dropped"


@dataclass(slots=True)
class Caller:
    """A contact that is a phone call."""

    call: Call
    site: Queue
    """The queue as the caller's thread knows it."""
    offered: bool = False
    announcing: bool = False

    @property
    def queue(self) -> str:
        """Name of the queue."""
        return self.site.name


class Dispatch:
    """All that follows from a decision. The holder of `lock` may call `act`; nothing in it waits."""

    def __init__(
        self,
        engine: Engine,
        core: Core,
        worker: Worker,
        now: Callable[[], float],
        changed: Callable[[list[str], list[str]], None],
    ) -> None:
        """`changed` gets the agents whose state and the queues whose turn changed, under the lock."""
        self.lock = Lock()
        self.engine = engine
        self.callers: dict[str, Caller] = {}
        self.now, self._core, self._worker, self._changed = now, core, worker, changed
        self.told: Callable[[], None] = lambda: None
        """Called under the lock after each event: for those who follow what happens."""
        self.others: Callable[[str, Offer | Nudge | Sent | Place], None] = lambda contact, value: None
        """Told, under the lock, what is decided of contacts that are no callers."""

    def act(self, decisions: Iterable[Decision], own: str | None = None) -> Offer | None:
        """Carry decisions out. Returns the offer to the contact `own`: it is not woken, this being its thread."""
        direct: Offer | None = None
        changed: list[str] = []
        turns: list[str] = []
        for decision in decisions:
            if isinstance(decision, Offer):
                if decision.contact == own:
                    self.callers[decision.contact].offered = True
                    direct = decision
                else:
                    self.wake(decision.contact, decision)
            elif isinstance(decision, AgentChanged):
                changed.append(decision.agent)
            elif isinstance(decision, StartTimer):
                self._start_timer(decision)
            elif isinstance(decision, CallBack):
                self._call_back(decision.seconds)
            elif isinstance(decision, TurnChanged):
                turns.append(decision.queue)
            elif isinstance(decision, Dropped):
                self.wake(decision.contact, Nudge.DROPPED)
            else:
                self._unstaffed(decision)
        if changed or turns:
            self._changed(changed, turns)
        self.told()
        return direct

    def publish(self, topic: str, **fields: Any) -> None:
        """Publish an event on the worker's thread."""
        if self._core.events.wanted(topic):
            self._worker.submit(lambda: self._core.events.publish(topic, **fields))

    def wake(self, contact: str, value: Offer | Nudge | Sent | Place) -> None:
        """Have a caller's thread look at `value`, soon: an announcement is cut short."""
        caller = self.callers.get(contact)
        if caller is None:
            self.others(contact, value)
            return
        caller.offered = caller.offered or isinstance(value, Offer | Sent)
        caller.call.wake(value)
        if caller.announcing:
            self._worker.submit(lambda: self._interrupt(caller, INTERRUPT_TIMES))

    def _unstaffed(self, decision: Unstaffed) -> None:
        for contact in self.engine.waiting(decision.queue):
            self.wake(contact.id, Nudge.UNSTAFFED)

    def _interrupt(self, caller: Caller, times: int) -> None:
        """Cut an announcement short, and again if it had not begun yet. On the worker: it talks to Asterisk."""
        if not caller.announcing or not times:
            return
        self._core.timers.after(
            INTERRUPT_SECONDS, lambda: self._worker.submit(lambda: self._interrupt(caller, times - 1))
        )
        self._core.asterisk.interrupt_playback(caller.call.channel)

    def _call_back(self, seconds: float) -> None:
        def due() -> None:
            with self.lock:
                self.act(self.engine.advance(self.now()))

        self._core.timers.after(seconds, due)

    def _start_timer(self, timer: StartTimer) -> None:
        def ended() -> None:
            with self.lock:
                self.act(self.engine.timer_ended(timer.agent, timer.turn, self.now()))

        self._core.timers.after(timer.seconds, ended)
