"""The destination `queue`: a caller's time in line and with an agent, on the caller's own thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from jackfield.errors import CallerHungUp, CommandFailed
from jackfield.routing.conditions import hours_now
from jackfield.routing.destinations import End, Goto, Next, Result

from jackfield_acd import outside
from jackfield_acd.callback_numbers import dialled
from jackfield_acd.callback_request import ask_number
from jackfield_acd.dispatch import Nudge, Sent
from jackfield_acd.errors import NoSuchQueue
from jackfield_acd.eventlog import CALL_BACK
from jackfield_acd.kinds import Agent, Queue
from jackfield_acd.model import Failure, Offer, Place, Refusal, Wish
from jackfield_acd.runtime import Runtime
from jackfield_acd.timetable import Timetable
from jackfield_acd.to_agent import ASKED, SENT_BACK, WAIT_SECONDS

if TYPE_CHECKING:
    from jackfield.calls.call import Call

log = structlog.get_logger(__name__)
ANSWER = "ANSWER"
FAILURES = {
    "NOANSWER": Failure.NO_ANSWER,
    "BUSY": Failure.BUSY,
    "CHANUNAVAIL": Failure.UNREACHABLE,
    "CONGESTION": Failure.UNREACHABLE,
}
"""What a Dial's status says of the agent."""
SINCE = "waits-since"
"""Note in the call's data: since when it has waited (Unix time), in this queue and those before."""
NOTED = "waits-noted"
"""Note in the call's data: when that was noted (Unix time); a talk since then makes it void."""
PRIORITY = "waits-priority"
"""Note in the call's data: the priority that a supervisor has given it, in this queue and those after."""
ANNOUNCED = "acd-recorded"
"""Prompt that tells of a recording, and the note in the call's data that it has been played."""


def handle_queue(runtime: Runtime, call: Call, name: str) -> Next:
    """Serve a caller in a queue, new or back after a restart."""
    queue = call.site.get("queue", name, Queue)
    if queue is None:
        return _gone(call, name)
    visit = Visit(runtime, call, queue)
    try:
        answer = visit.come_back() if call.resumed is not None and "joined" in call.memo else visit.arrive()
        runtime.went_on(call, name, answer.outcome)
        return answer
    except CallerHungUp as error:
        if error.dial is not None and error.dial.status == ANSWER:
            runtime.talk_ended(call, by="caller")
        raise
    except Exception:
        runtime.went_on(call, name, "failed")
        raise
    finally:
        runtime.leave(call)


def _gone(call: Call, name: str) -> Next:
    log.warning("acd.no_such_queue", queue=name, call=call.id, fallback=call.fallback)
    return Goto(call.fallback, "no such queue")


class Visit:
    """One caller in one queue."""

    def __init__(self, runtime: Runtime, call: Call, queue: Queue) -> None:
        self._runtime, self._call, self._queue = runtime, call, queue
        self._now = runtime.clock.now
        self._entered = self._joined = self._now()
        self._wish: Wish | None = None
        self._place: Place
        self._timetable = Timetable(self._now())

    # -- the two ways in -------------------------------------------------------------------------------------------

    def arrive(self) -> Next:
        """A new caller. With an agent free, the phone rings after two commands: checkpoint and answer."""
        agent, why = self._call.data.get(ASKED) or ("", "")
        back = why == SENT_BACK
        if not back and not self._is_open():
            return Goto(self._queue.closed, str(Refusal.CLOSED))
        self._bring_time(back)
        if agent:
            self._call.set_data(ASKED, None)
            self._wish = Wish(agent, self._now() + WAIT_SECONDS, why)
        else:
            self._wish = self._runtime.wish(self._call, self._queue)
        self._place = place = self._new_place()
        if self._must_announce_recording():
            refusal = self._runtime.refusal(self._queue)
            if refusal is not None and not back:
                return self._refused(refusal)
            self._save(place)
            self._announce_recording()
        entered = self._runtime.join(self._call, self._queue, place, self._wish, always=back)
        if isinstance(entered, Refusal):
            return self._refused(entered)
        self._save(place)
        self._open()
        if back:
            self._runtime.awaited(agent, self._queue.name)
        return self._serve(entered)

    def _new_place(self) -> Place:
        """A place in line: that of a caller who was lost and calls again, or a new one."""
        place = self._runtime.callbacks.called_again(self._queue.name, self._call.caller.number)
        if place is None:
            priority = int(self._call.data.get(PRIORITY, self._call.priority))
            place = self._runtime.place(priority, self._joined)
        self._joined = place.joined
        return place

    def _bring_time(self, back: bool) -> None:
        """The time waited in queues before; who comes back to an agent was never gone."""
        stay, epoch = self._runtime.stay(self._call), self._runtime.clock.epoch
        if stay is not None and back:
            self._joined = min(self._joined, stay.since - epoch)
        elif not self._queue.keep_waited:
            return
        elif stay is not None and stay.connected >= float(self._call.data.get(NOTED, 0.0)):
            self._joined -= stay.waited
        elif SINCE in self._call.data:
            self._joined = min(self._joined, float(self._call.data[SINCE]) - epoch)

    def come_back(self) -> Next:
        """A caller of before a restart: the talk took place meanwhile, or the wait goes on at the old place."""
        status = self._call.resumed.dial_status if self._call.resumed is not None else ""
        if status == ANSWER:
            return self._talked()
        memo = self._call.memo
        self._joined = float(memo["joined"]) - self._runtime.clock.epoch
        self._entered = float(memo["entered"]) - self._runtime.clock.epoch if "entered" in memo else self._joined
        self._wish = self._remembered_wish()
        self._place = place = self._runtime.place(int(memo["priority"]), self._joined, int(memo["sequence"]))
        failure = FAILURES.get(status, Failure.CANCELLED)
        if self._must_announce_recording():
            self._announce_recording()
        entered = self._runtime.resume(self._call, self._queue, place, failure, self._entered, self._wish)
        if isinstance(entered, Refusal):
            return self._refused(entered)
        self._timetable = Timetable(self._now(), told=True)
        return self._serve(entered)

    def _open(self) -> None:
        """Let the caller hear what comes."""
        if self._queue.answer == "first":
            self._call.answer(at_once=True)
        else:
            self._call.progress()

    def _save(self, place: Place) -> None:
        memo: dict[str, object] = {
            "joined": self._runtime.clock.epoch + place.joined,
            "priority": -place.rank,
            "sequence": place.sequence,
        }
        if self._entered != place.joined:
            memo["entered"] = self._runtime.clock.epoch + self._entered
        if self._wish is not None:
            memo["wish"] = [self._wish.agent, self._runtime.clock.epoch + self._wish.until, self._wish.why]
        if self._call.memo != memo:
            self._call.checkpoint(**memo)

    def _remembered_wish(self) -> Wish | None:
        if "wish" not in self._call.memo:
            return None
        agent, until, why = self._call.memo["wish"]
        return Wish(str(agent), float(until) - self._runtime.clock.epoch, str(why))

    def _is_open(self) -> bool:
        if self._queue.hours is None:
            return True
        return hours_now(self._call.site, self._queue.hours, self._runtime.clock.utc(self._now()))[0]

    def _must_announce_recording(self) -> bool:
        return self._queue.record and self._queue.announce_recording and ANNOUNCED not in self._call.data

    def _announce_recording(self) -> None:
        if self._queue.answer == "first":
            self._call.answer()
        else:
            self._call.progress()
        self._call.play(ANNOUNCED)
        self._call.set_data(ANNOUNCED, "1")

    def _refused(self, refusal: Refusal) -> Next:
        if refusal is Refusal.GONE:
            return _gone(self._call, self._queue.name)
        if refusal is Refusal.EMPTY:
            return self._onward(self._queue.empty, str(refusal))
        return self._overflow(str(refusal), self._queue.overflow)

    # -- offers ----------------------------------------------------------------------------------------------------

    def _serve(self, offer: Offer | None) -> Next:
        while True:
            if offer is None:
                waited = self._wait()
                if not isinstance(waited, Offer):
                    return waited
                offer = waited
            result = self._call.dial(
                [target for phone in offer.phones for target in self._call.phones(phone)],
                seconds=self._ring_seconds(offer),
                music=self._queue.music,
                agent=offer.agents[0] if len(offer.agents) == 1 else dict(zip(offer.phones, offer.agents, strict=True)),
                queue=self._queue.name,
            )
            if result.status == ANSWER:
                return self._talked()
            offer = self._runtime.failed(self._call, FAILURES.get(result.status, Failure.UNREACHABLE))

    def _ring_seconds(self, offer: Offer) -> int:
        """As long as the agent says; of several who are rung at once, as the queue says."""
        agent = self._call.site.get("agent", offer.agents[0], Agent) if len(offer.agents) == 1 else None
        seconds = (agent.ring_seconds if agent is not None else None) or self._queue.ring_seconds
        return seconds + (outside.CONFIRM_SECONDS if any(map(outside.is_outside, offer.phones)) else 0)

    def _talked(self) -> Next:
        self._runtime.talk_ended(self._call, goes_on=self._queue.after is not None)
        if self._queue.after is not None:
            return Goto(self._queue.after, "answered")
        return End(Result.ANSWERED, outcome="answered")

    # -- waiting ---------------------------------------------------------------------------------------------------

    def _wait(self) -> Offer | Next:
        """Wait for an offer, with music and announcements; or for a reason to go elsewhere."""
        while True:
            key = self._announce() if self._timetable.due(self._queue) <= self._now() else ""
            value = None
            if not key:
                self._call.music(True, self._queue.music)
                wake = self._call.wait(self._timeout(), keys=self._keys())
                key, value = wake.key, wake.value
            if isinstance(value, Offer):
                return value
            if isinstance(value, Queue) and value.name == self._queue.name:
                self._queue = value
            elif isinstance(value, Place):
                self._call.set_data(PRIORITY, -value.rank)
                self._place = value
                self._save(value)
            elif key and key == self._queue.callback_key:
                if (answer := self._ask_for_callback()) is not None:
                    return answer
            elif (onward := self._leaving(key, value)) is not None:
                return onward

    def _keys(self) -> str:
        return "".join(self._queue.keys) + (self._queue.callback_key or "")

    def _ask_for_callback(self) -> Offer | Next | None:
        """Out of the line, so that no agent waits meanwhile; then promise a call, or back to the old place."""
        if not self._runtime.withdraw(self._call):
            return None
        now = self._runtime.clock.utc(self._now())
        number = ask_number(self._call, lambda text: dialled(self._call.site, self._queue, text, now))
        if number:
            return self._promise(number)
        entered = self._runtime.rejoin(self._call, self._queue, self._place, self._entered, self._wish)
        if isinstance(entered, Refusal):
            return self._refused(entered)
        if entered is None:
            self._tell(["acd-callback-none"])
        return entered

    def _promise(self, number: str) -> Next:
        """The caller may hang up and keeps the place."""
        try:
            promised = self._runtime.callbacks.promise(
                self._queue, number, self._call.caller.number, self._call.id, self._place, self._entered
            )
        except NoSuchQueue:
            return _gone(self._call, self._queue.name)
        self._call.play("acd-callback-promised" if promised else "acd-callback-twice")
        return End(Result.COMPLETED, outcome=CALL_BACK)

    def _leaving(self, key: str, value: object) -> Next | None:
        """Where to go, if the caller is to wait no longer."""
        if value is Nudge.DROPPED:
            return _gone(self._call, self._queue.name)
        if isinstance(value, Sent):
            return self._overflow(value.outcome, value.destination or None)
        if value is Nudge.UNSTAFFED:
            if self._queue.empty is not None and self._runtime.withdraw(self._call, if_unstaffed=True):
                return self._onward(self._queue.empty, "empty")
        elif key in self._queue.keys:
            if self._runtime.withdraw(self._call):
                return self._overflow(f"key {key}", self._queue.keys[key])
        elif self._now() >= self._deadline() and self._runtime.withdraw(self._call):
            return self._overflow("timed out", self._queue.overflow)
        return None

    def _timeout(self) -> float | None:
        """Seconds until something is to be done without being woken, or None."""
        at = min(self._timetable.due(self._queue), self._deadline())
        return None if at == float("inf") else max(0.0, at - self._now())

    def _deadline(self) -> float:
        return self._entered + self._queue.max_wait if self._queue.max_wait else float("inf")

    def _announce(self) -> str:
        """Tell the caller what is due; returns the key by which it was cut short, or ''."""
        begun, position, key = self._now(), self._runtime.position(self._call), ""
        if position is not None:
            expected = self._runtime.expected_wait(self._call) if self._queue.announce_wait else None
            key = self._tell(self._timetable.sounds(self._queue, begun, position, expected))
        self._timetable.said(self._queue, begun, self._now())
        return key

    def _tell(self, sounds: list[str]) -> str:
        """Say something. An offer cuts it short; a failure must not cost the place."""
        with self._runtime.announcing(self._call) as go_on:
            try:
                return self._call.play(sounds, keys=self._keys(), interruptible=True) if go_on else ""
            except CommandFailed as error:
                log.warning("acd.announcement_failed", call=self._call.id, error=str(error))
                return ""

    def _overflow(self, outcome: str, destination: str | None) -> Next:
        """Elsewhere; the time waited goes with the caller."""
        self._call.set_data(SINCE, str(self._runtime.clock.epoch + self._joined))
        self._call.set_data(NOTED, self._runtime.clock.epoch + self._now())
        return self._onward(destination, outcome)

    def _onward(self, destination: str | None, outcome: str) -> Next:
        return Goto(destination, outcome) if destination is not None else End(Result.UNANSWERED, outcome=outcome)
