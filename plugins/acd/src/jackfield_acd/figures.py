"""Figures of queues and agents over intervals, made from what is on record. Pure.

A visit to a queue counts wholly in the interval in which the caller came: so in each interval those who were offered
are those who were answered, gave up, went elsewhere, or are still there. An agent's time is cut at the edges. Either
way figures of intervals add up to those of the whole.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any

from jackfield_acd.callback_store import State
from jackfield_acd.eventlog import TIMED_OUT, Entry, What, is_withdrawn

_BEGINS = (What.ENTERED, What.REFUSED, What.PROMISED)
Interval = tuple[datetime, datetime]
"""From (inclusive) and to (exclusive), in UTC."""


class Every(StrEnum):
    """How long an interval is."""

    QUARTER = "quarter"
    HOUR = "hour"
    DAY = "day"


def intervals(since: datetime, until: datetime, every: Every, zone: tzinfo) -> Iterator[Interval]:
    """Cut a time at full quarters, hours or days of a zone; the first and the last may be shorter."""
    start = since
    while start < until:
        end = min(until, _next(start, every, zone))
        yield start.astimezone(UTC), end.astimezone(UTC)
        start = end


def _next(moment: datetime, every: Every, zone: tzinfo) -> datetime:
    local = moment.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if every is Every.DAY:
        return (midnight + timedelta(days=1)).astimezone(UTC)
    length = timedelta(minutes=15 if every is Every.QUARTER else 60)
    into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond) % length
    return moment + (length - into)


@dataclass(slots=True)
class Sums:
    """Figures that add up; times in seconds."""

    def add(self, other: Sums) -> None:
        """Take another one's figures in."""
        for one in fields(self):
            mine, more = getattr(self, one.name), getattr(other, one.name)
            setattr(self, one.name, max(mine, more) if one.name.startswith("longest") else mine + more)


@dataclass(slots=True)
class QueueFigures(Sums):
    """Of a queue, for callers who came in one interval."""

    offered: int = 0
    """Callers who were let in."""
    answered: int = 0
    abandoned: int = 0
    exited: int = 0
    """Went elsewhere: time out, a key, nobody there."""
    timed_out: int = 0
    """Of those who exited: by the longest wait, or since nobody was there. For Asterisk's queues they gave up."""
    in_line: int = 0
    """Have not been answered and are not gone."""
    refused: int = 0
    """Were not let in: full, empty, closed."""
    within: int = 0
    """Answered within the service level."""
    abandoned_within: int = 0
    timed_out_within: int = 0
    withdrawn: int = 0
    """Of those who exited: taken out by a supervisor, or since the queue is gone. For Asterisk they gave up."""
    withdrawn_within: int = 0
    lost: int = 0
    """Of those who abandoned: whom we lost, with Asterisk."""
    callbacks: int = 0
    """Call-backs that were promised; whoever asked for one has exited."""
    called_back: int = 0
    """Of those: customers who were reached."""
    callbacks_failed: int = 0
    callbacks_cancelled: int = 0
    hold: float = 0.0
    """Of those who were answered, until then."""
    talk: float = 0.0
    wrap: float = 0.0
    longest_wait: float = 0.0
    """Of all who are not in line any more."""

    def as_row(self) -> dict[str, Any]:
        """With the figures that are made of these; None where there is nothing to make them of.

        `service_level` and `service_level_2` are Asterisk's ServicelevelPerf and ServicelevelPerf2 (apps/app_queue.c):
        answered within / answered, and (answered within + abandoned within) / (answered + abandoned), in percent, where
        a caller whose time was over, or who was withdrawn, has abandoned (`record_abandoned`), but not who pressed a
        key.
        """
        row: dict[str, Any] = {one.name: _plain(getattr(self, one.name)) for one in fields(self)}
        gone = self.abandoned + self.timed_out + self.withdrawn
        both = self.within + self.abandoned_within + self.timed_out_within + self.withdrawn_within
        row["service_level"] = _percent(self.within, self.answered)
        row["service_level_2"] = _percent(both, self.answered + gone)
        row["asa"] = _ratio(self.hold, self.answered)
        row["aht"] = _ratio(self.talk + self.wrap, self.answered)
        return row


@dataclass(slots=True)
class AgentFigures(Sums):
    """Of an agent, in one interval."""

    answered: int = 0
    unanswered: int = 0
    logged_in: float = 0.0
    paused: float = 0.0
    talk: float = 0.0
    wrap: float = 0.0

    def as_row(self) -> dict[str, Any]:
        """With occupancy: time in talks and wrap-up, of the time at work (logged in and not paused), in percent."""
        row: dict[str, Any] = {one.name: _plain(getattr(self, one.name)) for one in fields(self)}
        row["occupancy"] = _percent(self.talk + self.wrap, self.logged_in - self.paused)
        return row


def _plain(value: float) -> float:
    return value if isinstance(value, int) else round(value, 3)


def _percent(part: float, whole: float) -> float | None:
    return round(100 * part / whole, 1) if whole > 0 else None


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 1) if whole > 0 else None


# -- queues ------------------------------------------------------------------------------------------------------------


def of_queues(entries: Iterable[Entry], cut: Sequence[Interval]) -> dict[tuple[int, str], QueueFigures]:
    """Figures by interval (its index in `cut`) and queue; where nobody came, there are none.

    Args:
        entries: all that is on record of the visits that began in the intervals.
        cut: intervals in order, without overlap.
    """
    visits: dict[tuple[str, int], list[Entry]] = {}
    for entry in entries:
        visits.setdefault((entry.call, entry.step), []).append(entry)
    found: dict[tuple[int, str], QueueFigures] = {}
    for visit in visits.values():
        if any(entry.event is What.PERSONAL for entry in visit):
            continue
        began = next((e for e in visit if e.event in _BEGINS), None)
        number = _interval(began.at, cut) if began is not None else None
        if began is not None and number is not None:
            found.setdefault((number, began.queue), QueueFigures()).add(_visit(began, visit))
    return found


def _visit(began: Entry, visit: Iterable[Entry]) -> QueueFigures:
    """One caller's, or one call-back's."""
    if began.event is What.REFUSED:
        return QueueFigures(refused=1)
    if began.event is What.PROMISED:
        return _promise(visit)
    one = QueueFigures(offered=1, in_line=1)
    for entry in visit:
        d = entry.detail
        match entry.event:
            case What.CONNECTED if not one.answered:
                one.answered, one.in_line, one.hold = 1, 0, d["hold"]
                one.longest_wait, one.within = d["hold"], int(d["hold"] <= d["target"])
            case What.COMPLETED | What.TRANSFERRED:
                one.talk += d["talk"]
            case What.ABANDONED:
                one.abandoned, one.in_line, one.longest_wait = 1, 0, d["wait"]
                one.abandoned_within = int(d["wait"] <= d["target"])
            case What.EXITED:
                one.exited, one.in_line, one.longest_wait = 1, 0, d["wait"]
                one.timed_out = int(d["outcome"] in TIMED_OUT)
                one.withdrawn = int(is_withdrawn(d["outcome"]))
                within = d["wait"] <= d.get("target", -1)
                one.timed_out_within, one.withdrawn_within = (
                    int(one.timed_out and within),
                    int(one.withdrawn and within),
                )
            case What.WRAPPED_UP:
                one.wrap += d["seconds"]
            case What.LOST:
                one.lost = 1
    return one


def _promise(visit: Iterable[Entry]) -> QueueFigures:
    """One call-back's; how long it took is no caller's wait."""
    one = QueueFigures(callbacks=1)
    for entry in visit:
        if entry.event is What.CALLED_BACK:
            name = {State.DONE: "called_back", State.FAILED: "callbacks_failed", State.CANCELLED: "callbacks_cancelled"}
            setattr(one, name[State(entry.detail["state"])], 1)
    return one


def _interval(moment: datetime, cut: Sequence[Interval]) -> int | None:
    number = bisect_right(cut, moment, key=lambda one: one[0]) - 1
    return number if number >= 0 and moment < cut[number][1] else None


# -- agents ------------------------------------------------------------------------------------------------------------

Span = tuple[str, str, datetime, datetime]
"""Agent, name of the figure, from, to."""


def of_agents(entries: Iterable[Entry], cut: Sequence[Interval], now: datetime) -> dict[tuple[int, str], AgentFigures]:
    """Figures by interval and agent; of agents who did nothing in an interval there are none.

    Args:
        entries: what agents did, in order of time, from before the first interval on (`eventlog.of_agents`).
        cut: intervals in order, without overlap.
        now: until when what has not ended has lasted.
    """
    entries = list(entries)
    found: dict[tuple[int, str], AgentFigures] = {}
    for entry in entries:
        number = _interval(entry.at, cut)
        if number is not None and entry.event in (What.CONNECTED, What.UNANSWERED):
            connected = entry.event is What.CONNECTED
            counted = AgentFigures(answered=1) if connected else AgentFigures(unanswered=1)
            found.setdefault((number, entry.agent), AgentFigures()).add(counted)
    for agent, name, start, end in [*_states(entries, now), *_work(entries, now)]:
        first = max(0, bisect_right(cut, start, key=lambda one: one[0]) - 1)
        for number in range(first, len(cut)):
            begun, over = cut[number]
            if begun >= end:
                break
            seconds = (min(end, over) - max(start, begun)).total_seconds()
            if seconds > 0:
                one = AgentFigures()
                setattr(one, name, seconds)
                found.setdefault((number, agent), AgentFigures()).add(one)
    return found


def _states(entries: Iterable[Entry], now: datetime) -> Iterator[Span]:
    """Time logged in, and of that paused."""
    begins = {What.LOGGED_IN: "logged_in", What.PAUSED: "paused"}
    ends = {What.LOGGED_OUT: "logged_in", What.UNPAUSED: "paused"}
    open_: dict[tuple[str, str], datetime] = {}
    for entry in entries:
        if entry.event in begins:
            open_.setdefault((entry.agent, begins[entry.event]), entry.at)
        elif entry.event in ends:
            name = ends[entry.event]
            start = open_.pop((entry.agent, name), None)
            if start is not None:
                yield entry.agent, name, start, entry.at
    for (agent, name), start in open_.items():
        yield agent, name, start, now


def _work(entries: Iterable[Entry], now: datetime) -> Iterator[Span]:
    """Talks and wrap-ups."""
    talks: dict[tuple[str, int, str], datetime] = {}
    for entry in entries:
        key = (entry.call, entry.step, entry.agent)
        if entry.event is What.CONNECTED:
            talks[key] = entry.at
        elif entry.event in (What.COMPLETED, What.TRANSFERRED):
            yield entry.agent, "talk", talks.pop(key, entry.at - _seconds(entry.detail["talk"])), entry.at
        elif entry.event is What.WRAPPED_UP:
            yield entry.agent, "wrap", entry.at - _seconds(entry.detail["seconds"]), entry.at
    for (_, _, agent), start in talks.items():
        yield agent, "talk", start, now


def _seconds(count: float) -> timedelta:
    return timedelta(seconds=count)
