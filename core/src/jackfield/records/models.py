"""The tables of call records, and the frozen `CallRecord` that hooks and queries hand out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from jackfield.routing.destinations import Result
from jackfield.storage.engine import UTCDateTime

_STILL_OPEN = text("ended_at IS NULL")


class CallRow(SQLModel, table=True):
    """A call. `ended_at` is null while it lives."""

    __tablename__ = "call"
    __table_args__ = (
        Index("ix_call_started_at", "started_at"),
        Index("ix_call_caller_number", "caller_number", "started_at"),
        Index("ix_call_queue", "queue", "started_at"),
        Index("ix_call_agent", "agent", "started_at"),
        Index("ix_call_open", "id", sqlite_where=_STILL_OPEN, postgresql_where=_STILL_OPEN),
    )

    id: str = Field(primary_key=True, max_length=150)
    direction: str = Field(max_length=16)
    trunk: str = Field(default="", max_length=64)
    trunks_tried: str = Field(default="", max_length=250)
    did: str = Field(default="", max_length=80)
    caller_number: str = Field(default="", max_length=80)
    caller_name: str = Field(default="", max_length=80)
    withheld: bool = False
    diversion: str = Field(default="", max_length=80)
    extension: str = Field(default="", max_length=80)
    language: str = Field(default="", max_length=16)
    started_at: datetime = Field(sa_type=UTCDateTime)
    answered_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    destination: str = Field(default="", max_length=100)
    queue: str = Field(default="", max_length=64)
    agent: str = Field(default="", max_length=64)
    wait_seconds: float = 0.0
    talk_seconds: float = 0.0
    result: str | None = Field(default=None, max_length=16)
    cause: int | None = None
    interrupted: bool = False
    why: str = Field(default="", max_length=400)


class StepRow(SQLModel, table=True):
    """A step of a call's path: one destination."""

    __tablename__ = "call_step"

    call_id: str = Field(primary_key=True, max_length=150)
    seq: int = Field(primary_key=True)
    destination: str = Field(max_length=100)
    entered_at: datetime = Field(sa_type=UTCDateTime)
    left_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    outcome: str = Field(default="", max_length=64)


class LegRow(SQLModel, table=True):
    """A leg: one channel that took part in a call."""

    __tablename__ = "leg"

    id: str = Field(primary_key=True, max_length=150)
    call_id: str = Field(index=True, max_length=150)
    channel: str = Field(default="", max_length=120)
    role: str = Field(default="other", max_length=16)
    number: str = Field(default="", max_length=80)
    agent: str = Field(default="", max_length=64)
    started_at: datetime = Field(sa_type=UTCDateTime)
    answered_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    cause: int | None = None
    status: str = Field(default="", max_length=16)
    codec: str = Field(default="", max_length=16)
    loss_in: float | None = None
    loss_out: float | None = None
    jitter_in: float | None = None
    jitter_out: float | None = None
    round_trip: float | None = None
    mos: float | None = None


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step of a call's path; `seq` counts from 0, `left_at` is None while the caller is there."""

    call_id: str
    seq: int
    destination: str
    entered_at: datetime
    left_at: datetime | None = None
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class LegRecord:
    """A channel of a call. `role` is caller, agent, phone, trunk or other; `cause` is Q.850; `status` is DIALSTATUS.

    Quality is known at the end of a leg that had sound (see `quality.report.Quality`): loss in percent, jitter and
    round trip in ms, the mean opinion score of the E-model.
    """

    id: str
    call_id: str
    channel: str
    role: str
    started_at: datetime
    number: str = ""
    agent: str = ""
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    cause: int | None = None
    status: str = ""
    codec: str = ""
    loss_in: float | None = None
    loss_out: float | None = None
    jitter_in: float | None = None
    jitter_out: float | None = None
    round_trip: float | None = None
    mos: float | None = None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call as it is on record. `id` is Asterisk's uniqueid of the caller's channel; times are aware UTC.

    `direction` is inbound, internal or outbound; `trunk` is the one that the call came over, or went out by.
    `trunks_tried` names each trunk that it was to go out by and what became of it, as in `one:503 two:answer`.
    `withheld` says that the caller wanted not to be known; `diversion` is the number that sent the call on to us.
    `destination` is the last one. `wait_seconds` is the time spent
    waiting for a person, `talk_seconds` the time with one. `result` and `cause` (Q.850) are None while the call lives.
    `interrupted` says that the daemon was restarted in it. `why` tells in words how the first destination was found.
    """

    id: str
    direction: str
    started_at: datetime
    trunk: str = ""
    did: str = ""
    caller_number: str = ""
    caller_name: str = ""
    withheld: bool = False
    diversion: str = ""
    extension: str = ""
    language: str = ""
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    destination: str = ""
    queue: str = ""
    agent: str = ""
    wait_seconds: float = 0.0
    talk_seconds: float = 0.0
    result: Result | None = None
    cause: int | None = None
    interrupted: bool = False
    why: str = ""
    trunks_tried: str = ""
    steps: tuple[StepRecord, ...] = ()
    legs: tuple[LegRecord, ...] = ()

    @property
    def mos(self) -> float | None:
        """The worst mean opinion score of its legs; None when none is known."""
        return min((leg.mos for leg in self.legs if leg.mos is not None), default=None)

    def as_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`; times as ISO 8601 in UTC (`2026-01-31T08:00:00.000000Z`)."""
        plain = {key: _plain(value) for key, value in asdict(self).items() if key not in ("steps", "legs")}
        plain["steps"] = [_plain_row(step) for step in self.steps]
        plain["legs"] = [_plain_row(leg) for leg in self.legs]
        return plain


CALL_FIELDS = tuple(f.name for f in fields(CallRecord) if f.name not in ("steps", "legs"))
STEP_FIELDS = tuple(f.name for f in fields(StepRecord))
LEG_FIELDS = tuple(f.name for f in fields(LegRecord))


def _plain_row(row: StepRecord | LegRecord) -> dict[str, Any]:
    return {key: _plain(value) for key, value in asdict(row).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return str(value) if isinstance(value, Result) else value
