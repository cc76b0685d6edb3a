"""Callers who were in line when Asterisk died: each is called back, at the old place in line.

Who they are is told by what is on record, so a power cut that takes the daemon as well costs nobody the call-back.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from sqlmodel import col, select

from jackfield_acd import eventlog
from jackfield_acd.callback_numbers import dialled
from jackfield_acd.callback_store import CallbackRow
from jackfield_acd.errors import NoSuchQueue
from jackfield_acd.eventlog import EventRow, What
from jackfield_acd.kinds import Queue

if TYPE_CHECKING:
    from jackfield.core import Core
    from sqlmodel import Session

    from jackfield_acd.callbacks import Callbacks
    from jackfield_acd.models import Clock

log = structlog.get_logger(__name__)
RECENT = timedelta(minutes=30)
"""Who was lost longer ago is called back by people, from the list."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A caller who was in line."""

    call: str
    caller: str
    queue: str
    entered: datetime
    brought: float
    """Seconds waited before, in other queues."""
    priority: int


class LostCallers:
    """Promises the call-backs; on the worker's thread."""

    def __init__(self, core: Core, callbacks: Callbacks, clock: Clock) -> None:
        self._core, self._callbacks, self._clock = core, callbacks, clock

    def promise(self) -> None:
        """For all who are on record as lost, and have neither called again nor a call-back."""
        with self._core.storage.session() as session:
            found = missed(session, self._clock.utc(self._clock.now()) - RECENT)
        for caller in found:
            self._promise(caller)

    def _promise(self, lost: Lost) -> None:
        site = self._core.site()
        queue = site.get("queue", lost.queue, Queue)
        if queue is None or queue.callback_key is None or not queue.callback_lost:
            return
        number = dialled(site, queue, lost.caller, self._clock.utc(self._clock.now()))
        if not number:
            log.info("acd.lost_not_called_back", call=lost.call, queue=lost.queue, why="may not be called")
            return
        entered = self._clock.monotonic(lost.entered)
        place = self._callbacks.place(lost.priority, entered - lost.brought)
        try:
            self._callbacks.promise(queue, number, lost.caller, lost.call, place, entered, lost=True)
        except NoSuchQueue:
            log.info("acd.lost_not_called_back", call=lost.call, queue=lost.queue, why="no such queue")


def missed(session: Session, since: datetime) -> list[Lost]:
    """Who was lost since a time and has not been heard of since, in the order in which they had come."""
    lost = [entry for entry in eventlog.lost(session, since) if entry.detail["caller"]]
    if not lost:
        return []
    began = {
        (entry.call, entry.step): entry
        for entry in eventlog.of_calls(session, {entry.call for entry in lost})
        if entry.event is What.ENTERED
    }
    heard = _heard_of(session, min(entry.at for entry in lost))
    found = []
    for entry in lost:
        caller, begin = str(entry.detail["caller"]), began.get((entry.call, entry.step))
        if begin is not None and heard.get(caller, entry.at) <= entry.at:
            brought, priority = float(begin.detail["brought"]), int(begin.detail["priority"])
            found.append(Lost(entry.call, caller, entry.queue, begin.at, brought, priority))
    return found


def _heard_of(session: Session, since: datetime) -> dict[str, datetime]:
    """Callers who came to a queue after a time, or for whom a call-back was made: when last."""
    came = select(EventRow).where(col(EventRow.event).in_([What.ENTERED, What.REFUSED]), col(EventRow.at) > since)
    made = select(CallbackRow).where(col(CallbackRow.lost), col(CallbackRow.requested_at) > since)
    heard = [(str(json.loads(row.detail)["caller"]), row.at) for row in session.exec(came)]
    heard += [(row.caller, row.requested_at) for row in session.exec(made)]
    return dict(sorted(heard, key=lambda each: each[1]))
