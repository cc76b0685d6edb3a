"""The audit log: who read personal data, who changed what, who was refused. Rows are only ever added."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import Index, Table, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Field, SQLModel

from jackfield.storage.engine import Database, UTCDateTime
from jackfield.storage.errors import StorageError

log = structlog.get_logger(__name__)
OBJECT, DETAIL = 200, 500
GATHER_SECONDS = 0.01
WAIT_SECONDS = 2.0
"""So long an answer waits for its row; then it goes out, and the row is written when the database is back."""
AGAIN_SECONDS = 5.0
REPEAT_SECONDS = 60.0
"""The same read by the same person is one row with a count for so long: a screen that refreshes is not a flood."""
KEPT = 50_000
KEEP_DAYS = 730
_DAY = 86400.0


class Outcome(StrEnum):
    """What became of it."""

    OK = "ok"
    DENIED = "denied"
    REFUSED = "refused"
    FAILED = "failed"


class AuditRow(SQLModel, table=True):
    """A line of the audit log."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_at", "at"), Index("ix_audit_who", "who", "at"))

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UTCDateTime)
    last_at: datetime = Field(sa_type=UTCDateTime)
    count: int
    who: str = Field(max_length=64)
    uid: int
    method: str = Field(max_length=64)
    object: str = Field(max_length=OBJECT)
    personal: bool
    change: bool
    outcome: str = Field(max_length=16)
    detail: str = Field(max_length=DETAIL)


_AUDIT: Table = AuditRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Line:
    """Something that somebody did. Times are UTC; `count` times from `at` to `last_at`."""

    who: str
    uid: int
    method: str
    object: str = ""
    personal: bool = False
    change: bool = False
    outcome: Outcome = Outcome.OK
    detail: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    last_at: datetime | None = None
    count: int = 1

    def as_row(self) -> dict[str, Any]:
        """For the table."""
        return {
            "at": self.at,
            "last_at": self.last_at or self.at,
            "count": self.count,
            "who": _plain(self.who, 64),
            "uid": self.uid,
            "method": _plain(self.method, 64),
            "object": _plain(self.object, OBJECT),
            "personal": self.personal,
            "change": self.change,
            "outcome": str(self.outcome),
            "detail": _plain(self.detail, DETAIL),
        }

    @property
    def repeats(self) -> tuple[Any, ...] | None:
        """What makes two reads, or two denials, the same one; None for a change."""
        if self.change and self.outcome is not Outcome.DENIED:
            return None
        return (self.who, self.uid, self.method, self.object, self.outcome)


def write(database: Database, lines: Sequence[Line]) -> None:
    """Add lines, in one transaction.

    Raises:
        StorageError: the database refused; none is written.
    """
    try:
        with database.engine.begin() as connection:
            connection.execute(insert(_AUDIT), [line.as_row() for line in lines])
    except SQLAlchemyError as error:
        raise StorageError(f"the audit log cannot be written: {error}") from error


def read(
    database: Database, *, who: str | None = None, since: datetime | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """The log, newest first, as plain JSON.

    Raises:
        StorageError: the database cannot be read.
    """
    newest = select(_AUDIT).order_by(_AUDIT.c.id.desc()).limit(limit)
    if who is not None:
        newest = newest.where(_AUDIT.c.who == who)
    if since is not None:
        newest = newest.where(_AUDIT.c.last_at >= since)
    try:
        with database.engine.connect() as connection:
            rows = connection.execute(newest).mappings().all()
    except SQLAlchemyError as error:
        raise StorageError(f"the audit log cannot be read: {error}") from error
    return [{k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items() if k != "id"} for row in rows]


@dataclass(slots=True)
class _Repeat:
    """A read that is on record, and how often it was repeated since."""

    line: Line
    since: float
    count: int = 0
    first: datetime | None = None
    last: datetime | None = None


class AuditLog:
    """Writes lines on a thread of its own, many in one commit; `note` waits for it, but never long."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changed = threading.Condition()
        self._waiting: list[Line] = []
        self._repeats: dict[tuple[Any, ...], _Repeat] = {}
        self._noted = self._written = 0
        self._stopping = self._failing = False
        self.lost = 0
        """Lines that were dropped because the database was away for too long."""
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)

    def start(self) -> None:
        """Begin to write; the tables must be up to date."""
        self._thread.start()

    def note(self, line: Line, seconds: float = WAIT_SECONDS) -> None:
        """Put a line on record and wait until it is, at most `seconds`. A repeated read is only counted."""
        with self._changed:
            if line.repeats is not None and self._repeated(line):
                return
            if len(self._waiting) >= KEPT:
                self.lost += 1
                return
            self._waiting.append(line)
            self._noted += 1
            mine = self._noted
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._written >= mine or self._failing, seconds)

    def stop(self, seconds: float = 3.0) -> None:
        """Write what is left, and stop."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _repeated(self, line: Line) -> bool:
        """Whether the same read is on record already, so that this one only counts. The lock is held."""
        key = line.repeats
        assert key is not None
        before = self._repeats.get(key)
        if before is None:
            self._repeats[key] = _Repeat(line, time.monotonic())
            return False
        before.count, before.first, before.last = before.count + 1, before.first or line.at, line.at
        return True

    def _run(self) -> None:
        forget_at = 0.0
        while True:
            with self._changed:
                pause = REPEAT_SECONDS if self._repeats else None
                self._changed.wait_for(lambda: self._waiting or self._stopping, pause)
                stopping = self._stopping
                if not stopping:
                    self._changed.wait(GATHER_SECONDS)
                self._waiting += self._counted(everything=stopping)
                lines, upto = list(self._waiting), self._noted
            done = self._write(lines, upto)
            if stopping:
                return
            if not done:
                with self._changed:
                    self._changed.wait_for(lambda: self._stopping, AGAIN_SECONDS)
            elif time.monotonic() >= forget_at:
                forget_at = time.monotonic() + _DAY
                self._forget()

    def _counted(self, *, everything: bool) -> list[Line]:
        """Repeated reads whose time is over, with their counts. The lock is held."""
        now, ended = time.monotonic(), []
        for key, repeat in list(self._repeats.items()):
            if everything or now - repeat.since >= REPEAT_SECONDS:
                del self._repeats[key]
                if repeat.count:
                    at = repeat.first or repeat.line.at
                    ended.append(replace(repeat.line, at=at, last_at=repeat.last, count=repeat.count))
        return ended

    def _write(self, lines: list[Line], upto: int) -> bool:
        try:
            if lines:
                write(self._database, lines)
            failed = False
        except StorageError as error:
            log.error("audit.not_written", error=str(error), lines=len(lines), what="kept in memory, written later")
            failed = True
        with self._changed:
            self._failing = failed
            if not failed:
                del self._waiting[: len(lines)]
                self._written = upto
            self._changed.notify_all()
        return not failed

    def _forget(self) -> None:
        try:
            with self._database.engine.begin() as connection:
                old = datetime.now(UTC) - timedelta(days=KEEP_DAYS)
                connection.execute(delete(_AUDIT).where(_AUDIT.c.last_at < old))
        except SQLAlchemyError as error:
            log.error("audit.not_pruned", error=str(error))


def _plain(text: str, length: int) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in text[:length])
