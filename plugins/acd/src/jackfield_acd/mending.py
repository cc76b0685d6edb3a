"""What is missing on record of a call that a restart interrupted, by the call's own record. Pure.

A `kill -9` costs the events of the last moment, and those of the time without a daemon. Core's record of the call is
whole (its steps, its legs), so what is missing can be told from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from jackfield.records.models import CallRow, LegRow, StepRow

from jackfield_acd.eventlog import ENDS, Entry, What

QUEUE = "queue:"
NEVER_IN = frozenset({"full", "empty", "closed", "gone", "no such queue"})
"""Outcomes of visits that may never have been in line."""
SENT_ON = "transferred:"
HUNG_UP = frozenset({"", "hang-up", "interrupted"})
UNANSWERED = {"NOANSWER": "no-answer", "BUSY": "busy", "CHANUNAVAIL": "unreachable", "CONGESTION": "unreachable"}


def missing(
    call: CallRow,
    steps: Iterable[StepRow],
    legs: Sequence[LegRow],
    known: Iterable[Entry],
    target: Callable[[str], int] = lambda queue: 0,
) -> list[Entry]:
    """Entries to be added, in order of time. The call must be over.

    Args:
        call: its record.
        steps: of its path.
        legs: its channels.
        known: what is on record of it.
        target: a queue's service level in seconds.
    """
    seen: dict[int, list[Entry]] = {}
    for entry in known:
        seen.setdefault(entry.step, []).append(entry)
    found: list[Entry] = []
    for step in steps:
        if step.destination.startswith(QUEUE) and step.left_at is not None:
            found += _visit(call, step, legs, seen.get(step.seq, []), target(step.destination.removeprefix(QUEUE)))
    return sorted(found, key=lambda entry: entry.at)


def _visit(call: CallRow, step: StepRow, legs: Iterable[LegRow], known: Sequence[Entry], target: int) -> list[Entry]:
    left = step.left_at or step.entered_at
    if any(entry.event is What.REFUSED for entry in known):
        return []
    began = next((entry for entry in known if entry.event is What.ENTERED), None)
    if began is None and step.outcome in NEVER_IN:
        return [_entry(What.REFUSED, step.entered_at, call, step, outcome=step.outcome, caller=call.caller_number)]
    found: list[Entry] = []
    if began is None:
        detail: dict[str, Any] = {"caller": call.caller_number, "position": 1, "priority": 0, "brought": 0.0}
        began = _entry(What.ENTERED, step.entered_at, call, step, **detail)
        found.append(began)
    rung = [leg for leg in legs if leg.agent and step.entered_at <= leg.started_at <= left]
    found += _in_vain(call, step, rung, known)
    if any(entry.event in ENDS for entry in known):
        return found
    took = [leg for leg in rung if leg.answered_at is not None]
    connected = next((entry for entry in known if entry.event is What.CONNECTED), None)
    position = began.detail["position"]
    if connected is None and took:
        leg = took[0 if step.outcome.startswith(SENT_ON) else -1]
        answered = leg.answered_at or leg.started_at
        hold, ring = _seconds(began.at, answered), _seconds(leg.started_at, answered)
        connected = _entry(
            What.CONNECTED, answered, call, step, leg.agent, hold=hold, ring=ring, leg=leg.id, target=target
        )
        found.append(connected)
    if connected is None:
        return [*found, _not_served(call, step, began, left, target)]
    own = [leg for leg in took if leg.agent == connected.agent]
    over = max([leg.ended_at for leg in own if leg.ended_at is not None], default=left)
    talk = _seconds(connected.at, max(over, connected.at))
    times = {"hold": connected.detail["hold"], "talk": talk, "position": position}
    over = max(over, connected.at)
    if step.outcome.startswith(SENT_ON):
        times |= {"to": "", "kind": "attended" if _others_talk(call, legs, own, over, left) else "blind"}
        return [*found, _entry(What.TRANSFERRED, over, call, step, connected.agent, **times)]
    by = "caller" if step.outcome in HUNG_UP else "agent"
    return [*found, _entry(What.COMPLETED, over, call, step, connected.agent, **times, by=by)]


def _others_talk(call: CallRow, legs: Iterable[LegRow], own: Sequence[LegRow], since: datetime, left: datetime) -> bool:
    """Whether somebody else goes on with the talk in the same step: an attended transfer."""
    others = (leg for leg in legs if leg.id != call.id and leg not in own and leg.started_at <= left)
    return any(leg.answered_at is not None and (leg.ended_at or left) > since for leg in others)


def _in_vain(call: CallRow, step: StepRow, legs: Iterable[LegRow], known: Iterable[Entry]) -> list[Entry]:
    """Offers that came to nothing and are not on record, the last ones of each agent."""
    there: Counter[tuple[What, str]] = Counter(
        (e.event, e.agent) for e in known if e.event in (What.UNANSWERED, What.CANCELLED)
    )
    found = []
    for leg in legs:
        if leg.answered_at is not None or leg.ended_at is None:
            continue
        why = UNANSWERED.get(leg.status)
        what = What.CANCELLED if why is None else What.UNANSWERED
        there[what, leg.agent] -= 1
        if there[what, leg.agent] < 0:
            detail: dict[str, Any] = {"ring": _seconds(leg.started_at, leg.ended_at)}
            found.append(_entry(what, leg.ended_at, call, step, leg.agent, **detail | ({"why": why} if why else {})))
    return found


def _not_served(call: CallRow, step: StepRow, began: Entry, left: datetime, target: int) -> Entry:
    first, wait = began.detail["position"], _seconds(began.at, left)
    if step.outcome in HUNG_UP:
        return _entry(What.ABANDONED, left, call, step, position=1, first=first, wait=wait, target=target)
    detail: dict[str, Any] = {"outcome": step.outcome, "position": 1, "first": first, "wait": wait, "target": target}
    return _entry(What.EXITED, left, call, step, **detail)


def _entry(what: What, at: datetime, call: CallRow, step: StepRow, agent: str = "", **detail: Any) -> Entry:
    return Entry(0, at, what, call.id, step.seq, step.destination.removeprefix(QUEUE), agent, detail)


def _seconds(start: datetime, end: datetime) -> float:
    return round(max(0.0, (end - start).total_seconds()), 3)
