"""Callers in line: their threads come in here, wait, and leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jackfield.calls.transfer import SENT

from jackfield_acd import eventlog, models, stays
from jackfield_acd.dispatch import Caller
from jackfield_acd.errors import NoSuchQueue
from jackfield_acd.ground import Ground
from jackfield_acd.kinds import Queue
from jackfield_acd.model import AgentState, Decision, Failure, Offer, Place, Refusal, Wish
from jackfield_acd.stays import Stay

if TYPE_CHECKING:
    from jackfield.calls.call import Call


class Callers(Ground):
    """What a caller's thread asks."""

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

    def stay(self, call: Call) -> Stay | None:
        """The last talk of a caller who was transferred. After a restart it reads the database."""
        with self._lock:
            known = self._stays.get(call.id)
        if known is not None or SENT not in call.data:
            return known
        with self._core.storage.session() as session:
            return stays.last(eventlog.of_calls(session, [call.id]))

    def is_here(self, agent: str) -> bool:
        """Whether an agent is logged in, and not paused."""
        with self._lock:
            found = self._engine.agent(agent)
            return found is not None and found.phone is not None and found.pause is None

    def awaited(self, agent: str, queue: str) -> None:
        """Whom an agent had sent away is back: wrap-up after that talk is over."""
        with self._lock:
            found = self._engine.agent(agent)
            if found is not None and found.state is AgentState.WRAP_UP and found.queue == queue:
                self._dispatch.act(self._engine.ready(agent, self.clock.now()))

    def join(
        self, call: Call, queue: Queue, place: Place, wish: Wish | None = None, *, always: bool = False
    ) -> Offer | Refusal | None:
        """A new caller gets in line, if the queue takes callers; `always`: also when it is full or empty.

        Returns:
            An offer, if an agent is free; None if the caller must wait.
        """
        with self._lock:
            refusal = self._engine.refusal(queue.name)
            if refusal is not None and not always:
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
        if self._engine.contact(call.id) is not None:  # a talk of this call that nobody saw the end of
            self._over(call.id, self._engine.talk_ended)
        self._parted.discard(call.id)
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

    def talk_ended(self, call: Call, by: str = "agent", *, goes_on: bool = False) -> None:
        """The talk is over; the caller is no more in line. `by`: who hung up, agent or caller.

        Whether it was so, or the agent has sent the caller on, is told by core before the call's end; with `goes_on`
        it is known. A phone of ours in the caller's place may have put somebody else through to the agent: then the
        agent's talk is not over either.
        """
        with self._lock:
            self._callers.pop(call.id, None)
            self._journal.talked(call.id, by, self.clock.now())
            if goes_on or call.extension is None:
                self._over(call.id, self._engine.talk_ended)
            else:
                self._parted.add(call.id)

    def leave(self, call: Call) -> None:
        """The caller is gone. Does nothing for one who is not in line."""
        with self._lock:
            self._leave(call.id)

    def went_on(self, call: Call, queue: str, outcome: str) -> None:
        """The caller leaves for another destination, or was never let in; does nothing after a talk."""
        with self._lock:
            now, caller = self.clock.now(), call.caller.number
            asked = call.site.get("queue", queue, Queue) if outcome == eventlog.CALL_BACK else None
            key = (asked.callback_key or "") if asked is not None else ""
            if not self._journal.exited(call.id, now, outcome, key) and outcome in set(Refusal):
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
