"""The table of agents' states, and how the engine's memory gets into it and back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jackfield.records.models import CallRow
from jackfield.storage.engine import UTCDateTime
from jackfield.storage.statements import upsert
from sqlalchemy import Text, delete
from sqlmodel import Field, SQLModel, col, select

from jackfield_acd.model import Activity, AgentMemory

if TYPE_CHECKING:
    from sqlmodel import Session


class AgentStateRow(SQLModel, table=True):
    """What of an agent outlives the daemon."""

    __tablename__ = "acd_agent_state"

    agent: str = Field(primary_key=True, max_length=64)
    state: str = Field(max_length=16)
    extension: str | None = Field(default=None, max_length=64)
    reason: str | None = Field(default=None, max_length=64)
    activity: str = Field(max_length=16)
    call: str | None = Field(default=None, max_length=150)
    queue: str | None = Field(default=None, max_length=64)
    unanswered: int = 0
    since: datetime = Field(sa_type=UTCDateTime)
    idle_since: datetime = Field(sa_type=UTCDateTime)
    until: datetime | None = Field(default=None, sa_type=UTCDateTime)
    taken: int = 0


class QueueStateRow(SQLModel, table=True):
    """What of a queue outlives the daemon: whose turn it was last."""

    __tablename__ = "acd_queue_state"

    queue: str = Field(primary_key=True, max_length=64)
    last_agent: str = Field(max_length=64)


@dataclass(frozen=True, slots=True)
class Clock:
    """Monotonic seconds, and what they are in UTC.

    The distance between the two is taken once, so that times keep their order whatever happens to the wall clock.
    """

    now: Callable[[], float] = time.monotonic
    epoch: float = field(default_factory=lambda: time.time() - time.monotonic())
    """Unix time at which the monotonic clock was 0."""

    def utc(self, moment: float) -> datetime:
        """The moment in UTC."""
        return datetime.fromtimestamp(self.epoch + moment, UTC)

    def monotonic(self, moment: datetime) -> float:
        """The moment in monotonic seconds; negative for what was before the machine started."""
        return moment.timestamp() - self.epoch


class StoryRow(SQLModel, table=True):
    """Why a caller was served as it was: one visit to one queue."""

    __tablename__ = "acd_story"

    call: str = Field(primary_key=True, max_length=150)
    entered_at: datetime = Field(sa_type=UTCDateTime, primary_key=True, index=True)
    queue: str = Field(max_length=64)
    decisions: str = Field(sa_type=Text)
    """As `why.tell` tells it, in JSON."""


_UPSERT = upsert(AgentStateRow.__table__, list(AgentStateRow.model_fields), ["agent"])  # type: ignore[attr-defined]


_UPSERT_TURN = upsert(QueueStateRow.__table__, list(QueueStateRow.model_fields), ["queue"])  # type: ignore[attr-defined]


def load_turns(session: Session) -> dict[str, str]:
    """Whose turn it was last in each queue."""
    return {row.queue: row.last_agent for row in session.exec(select(QueueStateRow))}


def save_turns(session: Session, turns: Mapping[str, str]) -> None:
    """Write whose turn it was; the caller commits."""
    if turns:
        rows = [{"queue": queue, "last_agent": agent} for queue, agent in turns.items()]
        session.connection().execute(_UPSERT_TURN, rows)


Told = tuple[str, datetime, str, list[dict[str, Any]]]
"""Call, time of entry, queue, decisions."""
_UPSERT_STORY = upsert(StoryRow.__table__, list(StoryRow.model_fields), ["call", "entered_at"])  # type: ignore[attr-defined]


def stories(session: Session, call: str) -> list[list[dict[str, Any]]]:
    """The decisions of a call's visits to queues, oldest first."""
    wanted = select(StoryRow).where(StoryRow.call == call).order_by(col(StoryRow.entered_at))
    return [json.loads(row.decisions) for row in session.exec(wanted)]


def save_stories(session: Session, told: Iterable[Told]) -> None:
    """Write stories; the caller commits."""
    rows = [
        {"call": call, "entered_at": entered, "queue": queue, "decisions": json.dumps(decisions)}
        for call, entered, queue, decisions in told
    ]
    if rows:
        session.connection().execute(_UPSERT_STORY, rows)


def forget_stories(session: Session, before: datetime) -> None:
    """Delete those of before a time; the caller commits."""
    session.connection().execute(delete(StoryRow).where(col(StoryRow.entered_at) < before))


def last_agent(session: Session, caller: str) -> str | None:
    """The agent with whom a caller spoke last, by the call records."""
    wanted = select(CallRow.agent).where(CallRow.caller_number == caller, CallRow.agent != "")
    return session.exec(wanted.order_by(col(CallRow.started_at).desc()).limit(1)).first()


def load(session: Session, clock: Clock) -> list[AgentMemory]:
    """All that is known of agents."""
    return [_memory(row, clock) for row in session.exec(select(AgentStateRow))]


def save(session: Session, items: Iterable[tuple[AgentMemory, str]], clock: Clock) -> None:
    """Write memories, each with the state as people see it; the caller commits."""
    rows = [_row(memory, state, clock) for memory, state in items]
    if rows:
        session.connection().execute(_UPSERT, rows)


def _row(memory: AgentMemory, state: str, clock: Clock) -> dict[str, object]:
    return {
        "agent": memory.name,
        "state": state,
        "extension": memory.phone,
        "reason": memory.pause,
        "activity": str(memory.activity),
        "call": memory.contact,
        "queue": memory.queue,
        "unanswered": memory.unanswered,
        "since": clock.utc(memory.since),
        "idle_since": clock.utc(memory.idle_since),
        "until": None if memory.until is None else clock.utc(memory.until),
        "taken": memory.taken,
    }


def _memory(row: AgentStateRow, clock: Clock) -> AgentMemory:
    return AgentMemory(
        name=row.agent,
        phone=row.extension,
        pause=row.reason,
        activity=Activity(row.activity),
        contact=row.call,
        queue=row.queue,
        unanswered=row.unanswered,
        idle_since=clock.monotonic(row.idle_since),
        since=clock.monotonic(row.since),
        until=None if row.until is None else clock.monotonic(row.until),
        taken=row.taken,
    )
