"""A job's changes of state in the outbox table.

Each is one statement that only fits the state before, so a job that comes twice out of Redis runs once, and nothing is
lost whoever dies in between.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Table, delete, func, select, update

from jackfield.jobs.models import JobState, OutboxRow
from jackfield.storage.engine import Database

PAUSES = (10.0, 60.0, 300.0, 1800.0, 7200.0)
"""Seconds before the second, third … attempt; the last one repeats."""
_MAX_ERROR = 4000
_T: Table = OutboxRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that this process alone may run now. `attempt` counts from 1."""

    id: int
    name: str
    payload: str
    attempt: int


def take_due(database: Database, limit: int) -> list[int]:
    """Mark waiting jobs that are due as sent, oldest first; the caller now sends them to Redis."""
    due = select(_T.c.id).where(_T.c.state == JobState.WAITING, _T.c.due_at <= _now()).order_by(_T.c.id).limit(limit)
    taken = update(_T).where(_T.c.id.in_(due), _T.c.state == JobState.WAITING).values(state=JobState.SENT)
    with database.engine.begin() as connection:
        return sorted(connection.execute(taken.returning(_T.c.id)).scalars())


def seconds_to_next(database: Database) -> float | None:
    """Seconds until the next waiting job is due (0 when it is overdue); None when none waits."""
    with database.engine.connect() as connection:
        first = connection.execute(select(func.min(_T.c.due_at)).where(_T.c.state == JobState.WAITING)).scalar()
    return None if first is None else max(0.0, (first - _now()).total_seconds())


def sent(database: Database) -> list[int]:
    """Jobs that are in Redis, or should be."""
    with database.engine.connect() as connection:
        return list(connection.execute(select(_T.c.id).where(_T.c.state == JobState.SENT)).scalars())


def unsend(database: Database, ids: Collection[int], seconds: float = 0.0) -> None:
    """These are not in Redis after all: they wait again, for `seconds` at least."""
    values = {"state": JobState.WAITING, "due_at": _now() + timedelta(seconds=seconds)}
    with database.engine.begin() as connection:
        for some in _chunks(sorted(ids)):
            connection.execute(update(_T).where(_T.c.id.in_(some), _T.c.state == JobState.SENT).values(values))


def claim(database: Database, job_id: int, worker: str) -> Claimed | None:
    """Begin a run; None when the job has been claimed, done or taken back meanwhile."""
    begun = (
        update(_T)
        .where(_T.c.id == job_id, _T.c.state == JobState.SENT)
        .values(state=JobState.RUNNING, attempts=_T.c.attempts + 1, worker=worker, percent=0, note="")
        .returning(_T.c.id, _T.c.name, _T.c.payload, _T.c.attempts)
    )
    with database.engine.begin() as connection:
        row = connection.execute(begun).first()
    return Claimed(*row) if row else None


def done(database: Database, job: Claimed) -> None:
    """The run went well."""
    _leave_running(database, job.id, {"state": JobState.DONE, "done_at": _now(), "error": ""}, attempt=job.attempt)


def progress(database: Database, job: Claimed, percent: int, note: str) -> None:
    """How far the run has come."""
    values = {"percent": percent, "note": _cut(note)[:200]}
    running = update(_T).where(_T.c.id == job.id, _T.c.state == JobState.RUNNING, _T.c.attempts == job.attempt)
    with database.engine.begin() as connection:
        connection.execute(running.values(values))


def dead(database: Database, job: Claimed, error: str) -> None:
    """Give the job up."""
    values = {"state": JobState.DEAD, "done_at": _now(), "error": _cut(error)}
    _leave_running(database, job.id, values, attempt=job.attempt)


def again(database: Database, job: Claimed, error: str, pauses: Sequence[float]) -> None:
    """The run failed; another one later."""
    _leave_running(database, job.id, _later(job.attempt, error, pauses), attempt=job.attempt)


def lost(database: Database, worker: str | None, error: str, pauses: Sequence[float]) -> list[int]:
    """Whoever ran these is gone: they run again later. With `worker` None, all that are running.

    Whether an attempt is left is for the next run to see.
    """
    mine = [_T.c.state == JobState.RUNNING] + ([_T.c.worker == worker] if worker is not None else [])
    with database.engine.connect() as connection:
        found = connection.execute(select(_T.c.id, _T.c.attempts).where(*mine)).all()
    for job_id, attempt in found:
        _leave_running(database, job_id, _later(attempt, error, pauses), attempt=attempt)
    return [job_id for job_id, _ in found]


def forget_done(database: Database, older_than: timedelta) -> None:
    """Delete jobs that were done long ago. Dead ones stay."""
    old = delete(_T).where(_T.c.state == JobState.DONE, _T.c.done_at < _now() - older_than)
    with database.engine.begin() as connection:
        connection.execute(old)


def _leave_running(database: Database, job_id: int, values: dict[str, object], attempt: int) -> None:
    running = update(_T).where(_T.c.id == job_id, _T.c.state == JobState.RUNNING, _T.c.attempts == attempt)
    with database.engine.begin() as connection:
        connection.execute(running.values({**values, "worker": ""}))


def _later(attempt: int, error: str, pauses: Sequence[float]) -> dict[str, object]:
    pause = pauses[min(max(attempt, 1), len(pauses)) - 1]
    return {"state": JobState.WAITING, "due_at": _now() + timedelta(seconds=pause), "error": _cut(error)}


def _cut(error: str) -> str:
    """The end of a traceback says most; NUL and lone surrogates do not go into a database."""
    return error[-_MAX_ERROR:].replace("\0", "\ufffd").encode(errors="replace").decode()


def _chunks(ids: Sequence[int], size: int = 500) -> list[Sequence[int]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def _now() -> datetime:
    return datetime.now(UTC)
