"""A call that is live, and the record that grows with it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime

from jackfield.calls.call import Call
from jackfield.calls.channels import Channel, endpoint_of
from jackfield.calls.endnote import UnseenTalk
from jackfield.calls.party import Party
from jackfield.calls.state import Facts
from jackfield.config.objects.extension import extension_of
from jackfield.records.models import CallRecord, LegRecord, StepRecord
from jackfield.routing.destinations import End, Result


@dataclass(slots=True)
class Live:
    """A call with a thread, or (after a restart) without one yet."""

    facts: Facts
    call: Call | None = None
    plugin: str = ""
    """Whose handler runs now; '' for core's."""
    thread: threading.Thread | None = None
    """The thread that runs the call, or did last."""
    steps: list[StepRecord] = field(default_factory=list)
    legs: dict[str, LegRecord] = field(default_factory=dict)
    agents: dict[str, str] = field(default_factory=dict)
    """Endpoint that is being rung → agent."""
    rung: dict[str, str] = field(default_factory=dict)
    """Likewise of all rings so far: of one that was refused at once, all events may come when the next is begun."""
    queue: str = ""
    trunk_out: str = ""
    """The trunk that the call went out by, or tries to."""
    sent: dict[str, str] = field(default_factory=dict)
    """Trunk → the number that was sent to it."""
    tried: list[str] = field(default_factory=list)
    """Trunks and what became of them, as in `carrier:503`."""
    interrupted: bool = False
    closed: bool = False
    talked: bool = False
    """A talk ended while the daemon was away: nobody of ours may have seen who answered."""
    left: dict[int, str] = field(default_factory=dict)
    """Step → outcome, of steps that a transfer ended."""
    hung_up: threading.Event = field(default_factory=threading.Event)
    """Set when its thread has found the connection gone."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    running: threading.Lock = field(default_factory=threading.Lock)
    """Held while a handler runs: after a transfer, the one before must have let go of the call."""

    @classmethod
    def restored(cls, facts: Facts, record: CallRecord | None) -> Live:
        """A call that outlived the daemon, with what is on record of it."""
        live = cls(facts, interrupted=True)
        if record is not None:
            live.facts = Facts(
                record.id,
                facts.channel,
                record.direction,
                Party(record.caller_number, record.caller_name, record.withheld),
                record.did,
                None if record.direction == "outbound" else record.trunk or None,
                record.extension or None,
                record.diversion,
                language=record.language,
                why=record.why,
                started=record.started_at,
            )
            live.queue = record.queue
            live.trunk_out = record.trunk if record.direction == "outbound" else ""
            live.remember(record)
        return live

    def remember(self, record: CallRecord) -> None:
        """Take in what is on record of the time before a restart."""
        self.tried = list(dict.fromkeys([*record.trunks_tried.split(), *self.tried]))
        numbers = {step.seq for step in self.steps}
        self.steps = [*(step for step in record.steps if step.seq not in numbers), *self.steps]
        self.left |= {s.seq: s.outcome for s in record.steps if s.outcome and s.left_at is None}
        self.legs = {leg.id: leg for leg in record.legs} | self.legs
        self.agents = {leg.number: leg.agent for leg in record.legs if leg.agent} | self.agents

    def talk_unseen(self, talk: UnseenTalk) -> None:
        """Somebody took the call and the talk ended, both while the daemon was away."""
        self.talked = True
        for leg in self.legs.values():
            if leg.channel == talk.channel and leg.answered_at is None:
                began, ended = max(talk.began, leg.started_at), max(talk.ended, leg.started_at)
                self.legs[leg.id] = replace(leg, answered_at=began, ended_at=ended, status="ANSWER")
                return

    def end(self, when: datetime) -> None:
        """Close what is open: the call ended at `when`, and nobody of ours saw it."""
        if self.facts.id not in self.legs:
            number = self.facts.caller.number
            self.legs[self.facts.id] = LegRecord(
                self.facts.id, self.facts.id, self.facts.channel, "caller", self.facts.started, number
            )
        self.legs = {i: leg if leg.ended_at else replace(leg, ended_at=when) for i, leg in self.legs.items()}
        self.steps = [
            s if s.left_at else replace(s, left_at=when, outcome=s.outcome or "interrupted") for s in self.steps
        ]

    def ended_by(self, when: datetime) -> None:
        """What is told to have ended later was found gone later: the call ended at `when`, and AMI was away."""
        for leg in [leg for leg in self.legs.values() if leg.ended_at and leg.ended_at > when]:
            self.legs[leg.id] = replace(leg, ended_at=max(when, leg.started_at, leg.answered_at or when))

    def enter(self, seq: int, destination: str, when: datetime | None = None) -> StepRecord:
        """A step begins; or began at `when`, before a restart."""
        step = StepRecord(self.facts.id, seq, destination, when or datetime.now(UTC))
        self.steps = [s for s in self.steps if s.seq != seq] + [step]
        return step

    def leave(self, seq: int, outcome: str) -> StepRecord | None:
        """A step ends; what a transfer said of it holds."""
        for index, step in enumerate(self.steps):
            if step.seq == seq:
                outcome = self.left.get(seq, outcome)
                self.steps[index] = replace(step, left_at=step.left_at or datetime.now(UTC), outcome=outcome[:64])
                return self.steps[index]
        return None

    def handed_over(self, outcome: str) -> StepRecord | None:
        """The last step goes on with another phone (attended transfer); how it came about outlives a restart."""
        if not self.steps:
            return None
        index = max(range(len(self.steps)), key=lambda i: self.steps[i].seq)
        self.left[self.steps[index].seq] = outcome
        self.steps[index] = replace(self.steps[index], outcome=outcome[:64])
        return self.steps[index]

    def take_over(self, endpoint: str, other: Live) -> None:
        """Who was called in another call talks in this one now: an agent's phone, or a number over a trunk."""
        if endpoint in other.sent:
            self.sent[endpoint] = other.sent[endpoint]
        agent = other.agents.get(endpoint) or next(
            (leg.agent for leg in other.legs.values() if leg.agent and endpoint_of(leg.channel) == endpoint), ""
        )
        if agent:
            self.agents[endpoint] = agent
            self.queue = other.queue or self.queue

    def transferred(self, outcome: str, seq: int) -> StepRecord | None:
        """Step `seq` ended with a transfer, whatever its handler says of it.

        Later ones are not the call's: its connection was given up before the first word on it, and it comes again.
        """
        self.steps = [step for step in self.steps if step.seq <= seq]
        self.left[seq] = outcome
        return self.leave(seq, outcome)

    def rings(self, agents: dict[str, str]) -> None:
        """These endpoints are about to be rung, as these agents' or as nobody's ('')."""
        self.agents, self.rung = agents, self.rung | agents

    def is_agent(self, channel: Channel) -> bool:
        """Whether a phone is rung as an agent's; its events may come when the next agent's is rung already."""
        return bool(self._agent(channel))

    def _agent(self, channel: Channel) -> str:
        known = self.legs.get(channel.leg) or self.legs.get(channel.id)
        agent = self.agents.get(channel.endpoint) or (known.agent if known else "")
        leader = self.call.leader if self.call is not None else self.facts.id
        return agent or (self.rung.get(channel.endpoint, "") if channel.dialled_by == leader else "")

    def leg(self, channel: Channel, role: str) -> LegRecord:
        """A leg as it is now."""
        known = self.legs.get(channel.leg)
        started = known.started_at if known else channel.joined or channel.started or datetime.now(UTC)
        answered = (known.answered_at if known else None) or channel.answered
        if channel.id == self.facts.id:  # after a restart, Asterisk tells a channel's age in whole seconds
            started = min(started, self.facts.started)
        record = LegRecord(
            id=channel.leg,
            call_id=self.facts.id,
            channel=channel.name,
            role=role,
            started_at=started,
            number=self._number(channel, role, known),
            agent=self._agent(channel),
            answered_at=max(answered, started) if answered and channel.joined else answered,
            ended_at=channel.ended,
            cause=channel.cause if channel.ended else None,
            status=channel.dial_status or (known.status if known else ""),
        )
        if channel.quality is not None:
            record = replace(record, **asdict(channel.quality))
        self.legs[record.id] = record
        return record

    def _number(self, channel: Channel, role: str, known: LegRecord | None) -> str:
        """A withheld caller's own leg has no number either; a leg to a carrier has the number that was sent."""
        if channel.id == self.facts.id and self.facts.direction == "inbound":
            return self.facts.caller.number
        if role == "trunk" and channel.id != self.facts.id:
            return self.sent.get(channel.endpoint) or (known.number if known else channel.number[:80])
        return extension_of(channel.endpoint) if role in ("agent", "phone") else channel.number[:80]

    def answered_at(self) -> datetime | None:
        """When a person last answered; None when nobody has."""
        return max((leg.answered_at for leg in self._persons() if leg.answered_at), default=None)

    def _persons(self) -> list[LegRecord]:
        return [
            leg for leg in self.legs.values() if leg.id != self.facts.id and leg.role in ("agent", "phone", "trunk")
        ]

    def last_end(self) -> datetime | None:
        """When the last leg ended; None when one has not, or nothing is known of the caller's."""
        ends = [leg.ended_at for leg in self.legs.values() if leg.ended_at]
        return max(ends) if self.facts.id in self.legs and len(ends) == len(self.legs) else None

    def opening(self) -> CallRecord:
        """The record of a call that has just begun."""
        return replace(self.record(None, ()), ended_at=None, result=None, cause=None, trunks_tried=" ".join(self.tried))

    def record(self, end: End | None, persons: Iterable[str], seen: datetime | None = None) -> CallRecord:
        """The final record.

        Args:
            end: what the last handler said; None when the caller left.
            persons: kinds of destinations that lead to a person.
            seen: when its end was seen, for want of its legs' ends; by default now.
        """
        now = seen or datetime.now(UTC)
        own = self.legs.get(self.facts.id)
        ended = self.last_end() or now
        answered = sorted((leg for leg in self._persons() if leg.answered_at), key=lambda leg: leg.answered_at or now)
        waiting = [s for s in self.steps if s.destination.partition(":")[0] in persons]
        first = answered[0].answered_at if answered else None
        agents = [leg.agent for leg in answered if leg.agent]
        return CallRecord(
            id=self.facts.id,
            direction=self.facts.direction,
            started_at=self.facts.started,
            trunk=(self.facts.trunk if self.facts.direction != "outbound" else self.trunk_out) or "",
            did=self.facts.did,
            caller_number=self.facts.caller.number,
            caller_name=self.facts.caller.name,
            withheld=self.facts.caller.withheld,
            diversion=self.facts.diversion,
            extension=self.facts.extension or "",
            language=self.facts.language,
            why=self.facts.why,
            answered_at=first,
            ended_at=ended,
            destination=self.steps[-1].destination if self.steps else "",
            queue=self._last_queue(),
            agent=agents[-1] if agents else "",
            wait_seconds=_waited(waiting, first, ended),
            talk_seconds=_covered((leg.answered_at or ended, leg.ended_at or ended) for leg in answered),
            result=self._result(end, bool(answered), persons),
            cause=end.cause if end else (own.cause if own and own.cause else 16),
            interrupted=self.interrupted,
            trunks_tried=" ".join(self._all_tried()),
            steps=tuple(self.steps),
            legs=tuple(self.legs.values()),
        )

    def _last_queue(self) -> str:
        """That of the last step in one; after an attended transfer, whose agent was asked in another, the other."""
        last = next((step for step in reversed(self.steps) if step.destination.startswith("queue:")), None)
        if last is None or (self.queue and last.seq in self.left):
            return self.queue
        return last.destination.partition(":")[2]

    def _all_tried(self) -> list[str]:
        """With the last one, on which the caller left or nobody of ours saw the end."""
        if not self.trunk_out or (self.tried and self.tried[-1].startswith(f"{self.trunk_out}:")):
            return self.tried
        ways = [
            leg.status.lower()
            for leg in self.legs.values()
            if leg.id != self.facts.id and endpoint_of(leg.channel) == self.trunk_out
        ]
        return [*self.tried, f"{self.trunk_out}:{(ways and ways[-1]) or 'cancel'}"]

    def _result(self, end: End | None, answered: bool, persons: Iterable[str]) -> Result:
        if answered or (end is None and self.talked):
            return Result.ANSWERED
        if end is not None:
            return end.result if end.result is not Result.ANSWERED or self.talked else Result.UNANSWERED
        last = self.steps[-1] if self.steps else None
        waited = last is not None and last.destination.partition(":")[0] in persons and last.seq not in self.left
        return Result.ABANDONED if waited else Result.HUNG_UP


def _seconds(start: datetime | None, end: datetime | None) -> float:
    return max(0.0, (end - start).total_seconds()) if start and end else 0.0


def _covered(spans: Iterable[tuple[datetime, datetime]]) -> float:
    """Seconds that lie in any of the spans; after a transfer, they may overlap."""
    total, reached = 0.0, datetime.min.replace(tzinfo=UTC)
    for start, end in sorted(spans):
        total += _seconds(max(start, reached), end)
        reached = max(reached, end)
    return total


def _waited(steps: list[StepRecord], answered: datetime | None, ended: datetime) -> float:
    """Time in destinations that lead to a person, up to the first answer."""
    total = 0.0
    for step in steps:
        left = min(t for t in (step.left_at, answered, ended) if t is not None)
        total += _seconds(step.entered_at, left)
    return total
