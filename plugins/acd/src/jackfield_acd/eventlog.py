"""The table of what happened in queues and to agents, for reports; one row an event, never changed afterwards."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from jackfield.storage.engine import UTCDateTime
from jackfield.storage.statements import upsert
from sqlalchemy import BigInteger, Column, Index, Row, Select, Text, delete, func, select
from sqlmodel import Field, SQLModel, col

if TYPE_CHECKING:
    from sqlmodel import Session

CHUNK = 500
"""Calls in one IN list."""
LONGEST = timedelta(hours=12)
"""A talk that lasts longer counts in reports only for so long."""


class What(StrEnum):
    """What happened. The values beside each are those of `Entry.detail`; times are seconds."""

    ENTERED = "entered"
    """A caller is in line. `caller` number, `position`, `priority`, `brought`: time waited in queues before."""
    REFUSED = "refused"
    """A caller was not let in. `outcome`: full, empty, closed."""
    UNANSWERED = "unanswered"
    """An agent was rung in vain. `ring`, `why`: no-answer, busy, unreachable."""
    CANCELLED = "cancelled"
    """An agent was rung until the caller gave up. `ring`."""
    CONNECTED = "connected"
    """An agent took the call. `hold` since the entry, `ring`, `leg`: the agent's channel, `target`: see below."""
    COMPLETED = "completed"
    """The talk is over. `hold`, `talk`, `position` at the entry, `by`: agent or caller. Of a call-back, `result`
    in place of these two: whether the customer was reached."""
    TRANSFERRED = "transferred"
    """The agent gave the caller to somebody else. As before, and `to`: a number, `kind`: blind or attended."""
    ABANDONED = "abandoned"
    """The caller hung up in line. `position` at the end, `first` position, `wait`, `target`."""
    EXITED = "exited"
    """The caller left the line for another destination, or to be called back (outcome `call-back`; `key`: what was
    pressed for that). `outcome`, `position`, `first`, `wait`, `target`."""
    LOST = "lost"
    """Asterisk was gone, and the caller with it; beside an `abandoned` of the same visit. `caller`."""
    LOGGED_IN = "logged-in"
    """`phone`."""
    LOGGED_OUT = "logged-out"
    """`phone`, `seconds` logged in."""
    PAUSED = "paused"
    """`reason`, `queues` that the agent serves."""
    UNPAUSED = "unpaused"
    """`reason`, `seconds` of pause, `queues`."""
    PERSONAL = "personal"
    """The agent has marked the talk as personal service; the visit is left out of figures."""
    PROMISED = "promised"
    """A call-back is in line, a contact of its own (`Entry.is_callback`). `caller`, `number` to be called, `asked`: the
    call in which it was asked for, `priority`, `lost`: nobody asked, Asterisk had died."""
    CALLED_BACK = "called-back"
    """A call-back is over. `state`: done, failed, cancelled; `result`: why; `attempts`: times that an agent was rung,
    `tries`: that the customer was called, `wait` since the promise."""
    WRAPPED_UP = "wrapped-up"
    """Wrap-up is over. `seconds`; the visit is that of the talk before, if it is known."""


ENDS = frozenset({What.COMPLETED, What.TRANSFERRED, What.ABANDONED, What.EXITED})
"""What ends a caller's visit: each has one of these."""
CALL_BACK = "call-back"
"""Outcome of a caller's visit who is to be called back."""
GIVEN = "transferred:"
"""Begins the outcome of an agent's visit, who asked in a queue and gave the place there to a caller."""
TIMED_OUT = frozenset({"timed out", "empty"})
"""Outcomes of visits that ended by the queue's own rules."""


def is_withdrawn(outcome: str) -> bool:
    """Whether a caller was taken out of the line, by a supervisor or since the queue is gone; `outcome` of `exited`."""
    return outcome not in TIMED_OUT and outcome != CALL_BACK and not outcome.startswith(("key", GIVEN))


@dataclass(frozen=True, slots=True)
class Entry:
    """One event. `call` and `step` (of the call's path) name a visit to a queue; '' and 0 for what is an agent's own.

    `target` in `detail` is the queue's service level at that time, in seconds.
    """

    id: int
    """In the order of writing; about microseconds of Unix time."""
    at: datetime
    event: What
    call: str = ""
    step: int = 0
    queue: str = ""
    agent: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def is_callback(self) -> bool:
        """Whether it is about a call-back: its name in the engine is `call`, and a step of a path it has none."""
        return bool(self.call) and not self.step


class EventRow(SQLModel, table=True):
    """An `Entry` on record."""

    __tablename__ = "acd_event"
    __table_args__ = (
        Index("ix_acd_event_event", "event", "at"),
        Index("ix_acd_event_call", "call", "step"),
        Index("ix_acd_event_at", "at"),
    )

    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    at: datetime = Field(sa_type=UTCDateTime)
    event: str = Field(max_length=16)
    call: str = Field(default="", max_length=150)
    step: int = 0
    queue: str = Field(default="", max_length=64)
    agent: str = Field(default="", max_length=64)
    detail: str = Field(default="{}", sa_type=Text)


_TABLE = EventRow.__table__  # type: ignore[attr-defined]
_C = _TABLE.c
_UPSERT = upsert(_TABLE, list(EventRow.model_fields), ["id"])


def save(session: Session, entries: Iterable[Entry]) -> None:
    """Write entries; twice does no harm. The caller commits."""
    rows = [
        {
            "id": e.id,
            "at": e.at,
            "event": str(e.event),
            "call": e.call,
            "step": e.step,
            "queue": e.queue,
            "agent": e.agent,
            "detail": json.dumps(e.detail, separators=(",", ":")),
        }
        for e in entries
    ]
    if rows:
        session.connection().execute(_UPSERT, rows)


def last_id(session: Session) -> int:
    """The highest number given so far; 0 when the table is empty."""
    return session.scalar(select(func.max(_C.id))) or 0


def newest(session: Session, count: int) -> list[Entry]:
    """The last entries, oldest first."""
    return _entries(session, select(_TABLE).order_by(_C.id.desc()).limit(count))[::-1]


def of_calls(session: Session, calls: Collection[str]) -> list[Entry]:
    """All that is on record of some calls, in order."""
    found: list[Entry] = []
    names = sorted(calls)
    for start in range(0, len(names), CHUNK):
        found += _entries(session, select(_TABLE).where(_C.call.in_(names[start : start + CHUNK])))
    return sorted(found, key=lambda entry: entry.id)


def personal(session: Session, calls: Collection[str]) -> set[str]:
    """Those of some calls whose talk is marked as personal service, and is not over."""
    marked: set[str] = set()
    for entry in of_calls(session, calls):
        if entry.event is What.PERSONAL:
            marked.add(entry.call)
        elif entry.event in ENDS:
            marked.discard(entry.call)
    return marked


def of_visits(session: Session, since: datetime, until: datetime) -> list[Entry]:
    """All that is on record of visits and call-backs that began in a time, whenever it happened; in order."""
    began = (
        select(_C.call, _C.step)
        .where(_C.event.in_([What.ENTERED, What.REFUSED, What.PROMISED]), _C.at >= since, _C.at < until)
        .distinct()
        .subquery()
    )
    wanted = select(_TABLE).join(began, (_C.call == began.c.call) & (_C.step == began.c.step))
    return _entries(session, wanted.order_by(_C.id))


def unfinished(session: Session, since: datetime) -> list[str]:
    """Calls with a visit that began after `since` and has no end on record."""
    ended = select(_C.call, _C.step).where(_C.event.in_(sorted(ENDS)), _C.at >= since).subquery()
    began = (
        select(_C.call)
        .outerjoin(ended, (_C.call == ended.c.call) & (_C.step == ended.c.step))
        .where(_C.event == What.ENTERED, _C.at >= since, ended.c.call.is_(None))
    )
    return sorted({str(call) for (call,) in session.execute(began)})


def vanished(session: Session, since: datetime, started: datetime) -> list[Entry]:
    """Who entered before Asterisk started and was gone since a time, and is not on record as lost: to be added."""
    begun, ended = _TABLE.alias(), _TABLE.alias()
    told = select(_C.id).where(_C.event == What.LOST, _C.call == ended.c.call, _C.step == ended.c.step).exists()
    wanted = (
        select(ended.c.at, ended.c.call, ended.c.step, ended.c.queue, begun.c.detail)
        .join(begun, (begun.c.call == ended.c.call) & (begun.c.step == ended.c.step))
        .where(ended.c.event == What.ABANDONED, ended.c.at >= since, ~told)
        .where(begun.c.event == What.ENTERED, begun.c.at < started)
    )
    rows = session.connection().execute(wanted.order_by(begun.c.id)).all()
    return [
        Entry(0, r.at, What.LOST, r.call, r.step, r.queue, detail={"caller": json.loads(r.detail)["caller"]})
        for r in rows
    ]


def lost(session: Session, since: datetime) -> list[Entry]:
    """Whom we lost since a time, in the order in which they had come."""
    return _entries(session, select(_TABLE).where(_C.event == What.LOST, _C.at >= since).order_by(_C.id))


def shifts(session: Session, since: datetime) -> list[Entry]:
    """Of each agent the last log-in or log-out and the last pause or its end, before a time."""
    kinds = ((What.LOGGED_IN, What.LOGGED_OUT), (What.PAUSED, What.UNPAUSED))
    found: list[Entry] = []
    for pair in kinds:
        last = select(func.max(_C.id)).where(_C.event.in_(pair), _C.at < since).group_by(_C.agent)
        found += _entries(session, select(_TABLE).where(_C.id.in_(last)))
    return sorted(found, key=lambda entry: (entry.at, entry.id))


def of_agents(session: Session, since: datetime, until: datetime) -> list[Entry]:
    """What agents did in a time, with talks and wrap-ups that reach into it, and how each stood before; in order."""
    own = [What.LOGGED_IN, What.LOGGED_OUT, What.PAUSED, What.UNPAUSED, What.UNANSWERED]
    spans = [What.CONNECTED, What.COMPLETED, What.TRANSFERRED, What.WRAPPED_UP]
    found = _entries(session, select(_TABLE).where(_C.event.in_(own), _C.at >= since, _C.at < until))
    around = (_C.at >= since - LONGEST, _C.at < until + LONGEST)
    found += _entries(session, select(_TABLE).where(_C.event.in_(spans), *around))
    return sorted([*shifts(session, since), *found], key=lambda entry: (entry.at, entry.id))


def forget(session: Session, before: datetime) -> None:
    """Delete what happened before a time; the caller commits."""
    session.connection().execute(delete(EventRow).where(col(EventRow.at) < before))


def _entries(session: Session, wanted: Select[Any]) -> list[Entry]:
    rows: Sequence[Row[Any]] = session.connection().execute(wanted).all()
    return [Entry(r.id, r.at, What(r.event), r.call, r.step, r.queue, r.agent, json.loads(r.detail)) for r in rows]
