"""Takes down what happens in queues and to agents, until it is on record (`eventlog`). No I/O.

The holder of the runtime's lock calls it, and so it sees things in their order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from jackfield_acd.eventlog import Entry, What
from jackfield_acd.model import Activity, Agent, AgentState

KEPT = 200_000
"""Entries that wait while the database is away; of more, the oldest are lost, and counted."""


@dataclass(slots=True)
class Visit:
    """A caller's visit to a queue that is not over. Times are monotonic seconds."""

    call: str
    """Under which it is on record; the talk may go on in another call."""
    step: int
    queue: str
    entered: float
    first: int
    """Position at the entry."""
    target: int
    """Seconds within which callers should be answered."""
    brought: float = 0.0
    """Seconds waited in queues before."""
    agent: str = ""
    connected: float | None = None
    over: tuple[float, str] | None = None
    """When the talk was over, and by whom; whether the agent had sent the caller on is known a moment later."""
    told: bool = False
    """Its end has been taken down."""
    left: tuple[float, int] | None = None
    """When the caller was gone, and from which position; whether it hung up is known when the call has ended."""
    given: str = ""
    """How an agent who asked here has put somebody else into its place, while it waited."""
    doubtful: bool = False
    """It began in a daemon before this one, so part of it may not be on record."""


@dataclass(slots=True)
class Shift:
    """What an agent was about when last looked at. Times are monotonic seconds."""

    phone: str | None = None
    since: float = 0.0
    pause: str | None = None
    paused: float = 0.0
    wrap: float | None = None
    until: float | None = None
    queue: str = ""
    visit: tuple[str, int] = ("", 0)
    """Call and step of the last talk."""


class Journal:
    """Makes entries, and keeps them until they are written."""

    def __init__(
        self,
        utc: Callable[[float], datetime],
        noted: Callable[[], None] = lambda: None,
        serves: Callable[[str], list[str]] = lambda agent: [],
    ) -> None:
        """`noted` is told of each entry; `serves` names an agent's queues."""
        self._utc, self._noted, self._serves = utc, noted, serves
        self._last_id = 0
        self._pending: deque[Entry] = deque()
        self._visits: dict[str, Visit] = {}
        self._shifts: dict[str, Shift] = {}
        self.lost = 0
        """Entries that there was no room for."""

    # -- what is to be written -------------------------------------------------------------------------------------

    def pending(self) -> list[Entry]:
        """What is not on record yet, oldest first."""
        return list(self._pending)

    def written(self, entries: Iterable[Entry]) -> None:
        """These are on record."""
        last = max((entry.id for entry in entries), default=0)
        while self._pending and self._pending[0].id <= last:
            self._pending.popleft()

    def add(self, entry: Entry) -> None:
        """Take an entry down under the next number."""
        self._last_id = max(self._last_id + 1, int(entry.at.timestamp() * 1e6))
        self._pending.append(replace(entry, id=self._last_id))
        if len(self._pending) > KEPT:
            self._pending.popleft()
            self.lost += 1
        self._noted()

    def _note(self, what: What, now: float, visit: Visit, agent: str = "", **detail: Any) -> None:
        self.add(Entry(0, self._utc(now), what, visit.call, visit.step, visit.queue, agent, detail))

    # -- callers ---------------------------------------------------------------------------------------------------

    def entered(
        self,
        call: str,
        step: int,
        queue: str,
        now: float,
        *,
        joined: float,
        position: int,
        priority: int,
        target: int,
        caller: str,
    ) -> None:
        """A caller is in line; `joined` is earlier than `now` for one who has waited elsewhere."""
        self._completed(call)
        brought = _span(joined, now)
        visit = self._visits[call] = Visit(call, step, queue, now, position, target, brought)
        detail: dict[str, Any] = {"caller": caller, "position": position, "priority": priority, "brought": brought}
        self._note(What.ENTERED, now, visit, **detail)

    def back(self, call: str, step: int, queue: str, entered: float, *, position: int, target: int) -> None:
        """A caller of before a restart is in line again."""
        self._visits[call] = Visit(call, step, queue, entered, position, target, doubtful=True)

    def refused(self, call: str, step: int, queue: str, now: float, *, outcome: str, caller: str) -> None:
        """A caller was not let in."""
        self._completed(call)
        visit = Visit(call, step, queue, now, 0, 0)
        self._note(What.REFUSED, now, visit, outcome=outcome, caller=caller)

    def unanswered(self, call: str, agent: str, now: float, *, rung: float, why: str) -> None:
        """An agent was rung in vain since `rung`."""
        visit = self._visits.get(call)
        if visit is not None:
            self._note(What.UNANSWERED, now, visit, agent, ring=_span(rung, now), why=why)

    def connected(self, call: str, agent: str, now: float, *, rung: float, leg: str) -> None:
        """An agent has taken the call."""
        visit = self._visits.get(call)
        if visit is None or visit.connected is not None:
            return
        visit.agent, visit.connected = agent, now
        hold, ring = _span(visit.entered, now), _span(rung, now)
        self._note(What.CONNECTED, now, visit, agent, hold=hold, ring=ring, leg=leg, target=visit.target)

    def personal(self, call: str, now: float) -> None:
        """The talk is personal service."""
        visit = self._visits.get(call)
        if visit is not None:
            self._note(What.PERSONAL, now, visit, visit.agent)

    def talked(self, call: str, by: str, now: float) -> None:
        """The talk is over; `by`: agent or caller. Of one whose begin nobody saw, the call's record tells.

        A blind transfer looks the same until the call comes back with its target; so the entry waits until the call is
        over, or in line again.
        """
        visit = self._visits.get(call)
        if visit is not None and visit.connected is not None and visit.over is None:
            visit.over = (now, by)
            self.served(visit.agent, visit.call, visit.step)

    def served(self, agent: str, call: str, step: int) -> None:
        """Whose talk an agent's notes will be about."""
        self._shifts.setdefault(agent, Shift()).visit = (call, step)

    def transferred(self, call: str, now: float, *, to: str, kind: str) -> None:
        """The agent gave the caller to somebody else; the talk may have been over before."""
        self.talked(call, "agent", now)
        self._talk_over(What.TRANSFERRED, call, to=to, kind=kind)

    def goes_on(self, call: str, to: str) -> None:
        """Who was called in `call` talks in the call `to` now: the visit ends with that."""
        visit = self._visits.pop(call, None)
        if visit is not None:
            visit.over = None
            self._visits[to] = visit

    def given(self, call: str, outcome: str) -> None:
        """Who waits in `call` is an agent, who has sent a caller in its place: that is no abandon."""
        visit = self._visits.get(call)
        if visit is not None:
            visit.given = outcome

    def visit(self, call: str) -> Visit | None:
        """The visit that is not over, to look at."""
        return self._visits.get(call)

    def _completed(self, call: str) -> None:
        visit = self._visits.get(call)
        if visit is not None and visit.over is not None:
            self._talk_over(What.COMPLETED, call, by=visit.over[1])

    def _talk_over(self, what: What, call: str, **detail: str) -> None:
        visit = self._visits.get(call)
        if visit is None or visit.connected is None or visit.over is None or visit.told:
            return
        at, visit.told = visit.over[0], True
        hold, talk = _span(visit.entered, visit.connected), _span(visit.connected, at)
        self._note(what, at, visit, visit.agent, hold=hold, talk=talk, position=visit.first, **detail)
        self._end(call, visit)

    def gone(self, call: str, now: float, *, position: int, agents: Iterable[tuple[str, float]]) -> None:
        """A caller is gone from the line; `agents` were being rung, each since a time."""
        visit = self._visits.get(call)
        if visit is not None and visit.connected is None and visit.left is None:
            visit.left = (now, position)
            for agent, rung in agents:
                self._note(What.CANCELLED, now, visit, agent, ring=_span(rung, now))

    def again(self, call: str) -> None:
        """A caller who left the line for a moment is back."""
        visit = self._visits.get(call)
        if visit is not None:
            visit.left = None

    def exited(self, call: str, now: float, outcome: str, key: str = "") -> bool:
        """A caller goes on to another destination, or hangs up to be called back (`key`: what was pressed for that).

        Returns False for one who was not in line.
        """
        visit = self._visits.get(call)
        if visit is None:
            return False
        if visit.connected is None:
            at, position = visit.left or (now, 1)
            wait = _span(visit.entered, at)
            detail: dict[str, Any] = {"outcome": outcome, "position": position, "first": visit.first, "wait": wait}
            self._note(What.EXITED, now, visit, **detail, target=visit.target, **({"key": key} if key else {}))
            self._end(call, visit)
        return True

    def ended(self, call: str) -> bool:
        """The call is over: a caller who was gone from the line hung up. Returns whether the record must be asked."""
        self._completed(call)
        visit = self._visits.pop(call, None)
        if visit is None:
            return False
        if visit.left is not None and not visit.doubtful:
            at, position = visit.left
            detail: dict[str, Any] = {"position": position, "first": visit.first, "wait": _span(visit.entered, at)}
            what, how = (What.EXITED, {"outcome": visit.given}) if visit.given else (What.ABANDONED, {})
            self._note(what, at, visit, **how, **detail, target=visit.target)
            return False
        return True

    def _end(self, call: str, visit: Visit) -> None:
        """A visit that is wholly on record is forgotten."""
        if not visit.doubtful:
            del self._visits[call]

    # -- agents ----------------------------------------------------------------------------------------------------

    def remember(self, last_id: int, entries: Iterable[Entry], monotonic: Callable[[datetime], float]) -> None:
        """Take over what is on record: the highest number, and the last of each agent's shifts and pauses."""
        self._last_id = last_id
        for entry in entries:
            shift = self._shifts.setdefault(entry.agent, Shift())
            if entry.event in (What.LOGGED_IN, What.LOGGED_OUT):
                shift.phone = str(entry.detail["phone"]) if entry.event is What.LOGGED_IN else None
                shift.since = monotonic(entry.at)
            elif entry.event in (What.PAUSED, What.UNPAUSED):
                shift.pause = str(entry.detail["reason"]) if entry.event is What.PAUSED else None
                shift.paused = monotonic(entry.at)

    def agent(self, agent: Agent, now: float) -> None:
        """An agent's state may have changed. A pause and a log-out count from the end of a talk."""
        shift = self._shifts.setdefault(agent.name, Shift())
        self._wrap(agent, shift, now)
        out = agent.state is AgentState.LOGGED_OUT
        pause = agent.pause if agent.state is AgentState.PAUSED else None
        if shift.pause is not None and pause != shift.pause:
            detail = {"reason": shift.pause, "seconds": _span(shift.paused, now)}
            self._own(What.UNPAUSED, agent, now, **detail, queues=self._serves(agent.name))
            shift.pause = None
        phone = None if out else agent.phone or shift.phone
        if phone != shift.phone:
            if shift.phone is not None:
                self._own(What.LOGGED_OUT, agent, now, phone=shift.phone, seconds=_span(shift.since, now))
            if phone is not None:
                self._own(What.LOGGED_IN, agent, now, phone=phone)
            shift.phone, shift.since = phone, now
        if pause is not None and shift.pause is None:
            self._own(What.PAUSED, agent, now, reason=pause, queues=self._serves(agent.name))
            shift.pause, shift.paused = pause, now

    def _wrap(self, agent: Agent, shift: Shift, now: float) -> None:
        """Wrap-up may go on below a pause, and nobody is told of its end then; but it is known beforehand."""
        if agent.activity is Activity.WRAP_UP:
            if shift.wrap is None:
                shift.wrap, shift.queue = now, agent.queue or ""
            shift.until = agent.until
        elif shift.wrap is not None:
            over = min(now, shift.until) if shift.until is not None else now
            detail = {"seconds": _span(shift.wrap, over)}
            self.add(Entry(0, self._utc(over), What.WRAPPED_UP, *shift.visit, shift.queue, agent.name, detail))
            shift.wrap, shift.visit = None, ("", 0)

    def _own(self, what: What, agent: Agent, now: float, **detail: Any) -> None:
        self.add(Entry(0, self._utc(now), what, agent=agent.name, detail=detail))


def _span(start: float, end: float) -> float:
    """Seconds between two moments, to the millisecond."""
    return round(max(0.0, end - start), 3)
