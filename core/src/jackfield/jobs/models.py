"""The outbox table: jobs that were asked for, and what became of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Text
from sqlmodel import Field, SQLModel

from jackfield.storage.engine import UTCDateTime


class JobState(StrEnum):
    """Where a job is. `waiting` → `sent` (to Redis) → `running` → `done`, or `waiting` again, or `dead`."""

    WAITING = "waiting"
    SENT = "sent"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


class OutboxRow(SQLModel, table=True):
    """A job. `attempts` counts the runs that were begun; `due_at` is when a waiting job may run (again)."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_state", "state", "due_at"),)

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=64)
    payload: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=UTCDateTime)
    due_at: datetime = Field(sa_type=UTCDateTime)
    state: str = Field(default=JobState.WAITING, max_length=8)
    attempts: int = 0
    worker: str = Field(default="", max_length=64)
    error: str = Field(default="", sa_type=Text)
    done_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    percent: int = 0
    """What the job itself tells of its progress."""
    note: str = Field(default="", max_length=200)


class ScheduleRow(SQLModel, table=True):
    """The last time that a schedule was due and looked after; the next one counts from there."""

    __tablename__ = "schedule"

    name: str = Field(primary_key=True, max_length=64)
    last_at: datetime = Field(sa_type=UTCDateTime)
