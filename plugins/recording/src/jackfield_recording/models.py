"""The table of recordings."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from jackfield.storage.engine import UTCDateTime
from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel


class State(StrEnum):
    """Where a recording is. `recording` → `waiting` (for the job) → `encoding` → `ready`."""

    RECORDING = "recording"
    WAITING = "waiting"
    ENCODING = "encoding"
    READY = "ready"
    FAILED = "failed"  # the last run of the job failed; it is tried again, or waits for a person
    SKIPPED = "skipped"  # nothing was recorded, for want of room; `error` says so
    MISSING = "missing"  # there was a talk, and Asterisk left no sound of it


class Recording(SQLModel, table=True):
    """A recording of a call's talks. `path` is below the store; the raw file has the same stem, in the spool."""

    __tablename__ = "recording"
    __table_args__ = (UniqueConstraint("path", name="uq_recording_path"),)

    id: int | None = Field(default=None, primary_key=True)
    call_id: str = Field(index=True, max_length=150)
    path: str = Field(max_length=250)
    state: str = Field(default=State.RECORDING, index=True, max_length=10)
    started_at: datetime = Field(sa_type=UTCDateTime)
    seconds: float = 0.0
    size_bytes: int = Field(default=0, sa_type=BigInteger)
    sha256: str = Field(default="", max_length=64)
    format: str = Field(max_length=8)
    channels: int = 2
    error: str = Field(default="", max_length=500)
