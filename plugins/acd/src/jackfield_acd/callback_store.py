"""The table of call-backs: what was promised, and what has become of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from jackfield.storage.engine import UTCDateTime
from sqlmodel import Field, SQLModel, col, select

from jackfield_acd.model import Place

if TYPE_CHECKING:
    from sqlmodel import Session

    from jackfield_acd.models import Clock

SHOWN = 200
"""Of those that are over, so many are listed, the newest first."""


class State(StrEnum):
    """How far a call-back has come."""

    WAITING = "waiting"
    """In line."""
    RINGING = "ringing"
    """The agent's phone rings."""
    CALLING = "calling"
    """The agent is there; the customer is called, or talks."""
    LATER = "later"
    """The customer could not be reached; the next try is to come."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OVER = frozenset({State.DONE, State.FAILED, State.CANCELLED})


class CallbackRow(SQLModel, table=True):
    """A call-back."""

    __tablename__ = "acd_callback"

    id: int | None = Field(default=None, primary_key=True)
    queue: str = Field(max_length=64)
    number: str = Field(max_length=32)
    caller: str = Field(max_length=80)
    requested_by: str = Field(max_length=150)
    requested_at: datetime = Field(sa_type=UTCDateTime, index=True)
    joined_at: datetime = Field(sa_type=UTCDateTime)
    entered_at: datetime = Field(sa_type=UTCDateTime)
    priority: int = 0
    sequence: int
    state: str = Field(max_length=16, index=True)
    attempts: int = 0
    tries: int = 0
    next_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    call: str = Field(default="", max_length=150)
    phone: str = Field(default="", max_length=64)
    agent: str = Field(default="", max_length=64)
    result: str = Field(default="", max_length=64)
    ended_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    lost: bool = False


@dataclass(slots=True)
class Callback:
    """A call-back as the daemon has it. Times are monotonic seconds."""

    id: int
    queue: str
    number: str
    """As it is dialled."""
    caller: str
    """Who asked, as the carrier told it."""
    requested_by: str
    """The call in which it was asked for."""
    requested: float
    place: Place
    entered: float
    state: State = State.WAITING
    attempts: int = 0
    """Times that an agent was rung for it."""
    tries: int = 0
    """Times that the customer was called."""
    next_at: float | None = None
    call: str = ""
    """The call of the attempt under way, or the last."""
    phone: str = ""
    """The agent's phone in it."""
    agent: str = ""
    result: str = ""
    ended: float | None = None
    lost: bool = False
    """Nobody asked for it: the caller was in line when Asterisk died."""

    @property
    def contact(self) -> str:
        """Its name in the engine."""
        return f"callback-{self.id}"

    def values(self, clock: Clock) -> dict[str, Any]:
        """Its columns but for the id."""
        return {
            "queue": self.queue,
            "number": self.number,
            "caller": self.caller,
            "requested_by": self.requested_by,
            "requested_at": clock.utc(self.requested),
            "joined_at": clock.utc(self.place.joined),
            "entered_at": clock.utc(self.entered),
            "priority": -self.place.rank,
            "sequence": self.place.sequence,
            "state": str(self.state),
            "attempts": self.attempts,
            "tries": self.tries,
            "next_at": None if self.next_at is None else clock.utc(self.next_at),
            "call": self.call,
            "phone": self.phone,
            "agent": self.agent,
            "result": self.result,
            "ended_at": None if self.ended is None else clock.utc(self.ended),
            "lost": self.lost,
        }


def add(session: Session, callback: Callback, clock: Clock) -> int:
    """Write a new one; its id. The caller commits."""
    row = CallbackRow(**callback.values(clock))
    session.add(row)
    session.flush()
    assert row.id is not None
    return row.id


def save(session: Session, values: Iterable[tuple[int, dict[str, Any]]]) -> None:
    """Write what changed; the caller commits."""
    for identity, columns in values:
        row = session.get(CallbackRow, identity)
        if row is not None:
            row.sqlmodel_update(columns)
            session.add(row)


def unfinished(session: Session, clock: Clock) -> list[Callback]:
    """All that are not over, oldest first."""
    wanted = (
        select(CallbackRow).where(col(CallbackRow.state).not_in([str(s) for s in OVER])).order_by(col(CallbackRow.id))
    )
    return [_read(row, clock) for row in session.exec(wanted)]


def listed(session: Session) -> list[CallbackRow]:
    """The newest, whatever their state."""
    return list(session.exec(select(CallbackRow).order_by(col(CallbackRow.id).desc()).limit(SHOWN)))


def states(session: Session, calls: Iterable[str]) -> dict[str, str]:
    """How far the call-backs of calls have come that were lost."""
    wanted = select(CallbackRow).where(col(CallbackRow.lost), col(CallbackRow.requested_by).in_(sorted(calls)))
    return {row.requested_by: row.state for row in session.exec(wanted)}


def _read(row: CallbackRow, clock: Clock) -> Callback:
    assert row.id is not None
    return Callback(
        id=row.id,
        queue=row.queue,
        number=row.number,
        caller=row.caller,
        requested_by=row.requested_by,
        requested=clock.monotonic(row.requested_at),
        place=Place(-row.priority, clock.monotonic(row.joined_at), row.sequence),
        entered=clock.monotonic(row.entered_at),
        state=State(row.state),
        attempts=row.attempts,
        tries=row.tries,
        next_at=None if row.next_at is None else clock.monotonic(row.next_at),
        call=row.call,
        phone=row.phone,
        agent=row.agent,
        result=row.result,
        lost=row.lost,
    )
