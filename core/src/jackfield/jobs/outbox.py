"""Submitting jobs, from anywhere, without Redis; and what `jackfield status` shows of them."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, Table, delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from jackfield.errors import PluginFault
from jackfield.jobs.models import JobState, OutboxRow
from jackfield.storage.engine import Database
from jackfield.storage.errors import StorageError

RENEW = b"renew"
WORKER_SOCKET = Path("/run/jackfield/worker.sock")
_OUTBOX: Table = OutboxRow.__table__  # type: ignore[attr-defined]


class Outbox:
    """Writes jobs to the outbox table, where the worker finds them. Safe with many threads."""

    def __init__(
        self, database: Database, known_names: Callable[[], Container[str]], worker_socket: Path = WORKER_SOCKET
    ) -> None:
        """`known_names()` are the jobs that plugins declare; asked at each submission."""
        self._database = database
        self._known = known_names
        self._socket = worker_socket

    def submit(self, name: str, payload: Mapping[str, Any]) -> None:
        """Put a job on the outbox and wake the worker. Costs one small commit; never waits for Redis or the worker.

        Raises:
            PluginFault: no plugin declares a job of that name, or the payload is not plain JSON.
            StorageError: the database cannot be written; the job is not on the outbox.
        """
        try:
            with self._database.engine.begin() as connection:
                self.put(connection, name, payload)
        except SQLAlchemyError as error:
            raise StorageError(f"Job {name} could not be put on the outbox: {error}. Submit it again.") from error
        self.nudge()

    def put(self, connection: Connection, name: str, payload: Mapping[str, Any]) -> None:
        """Put a job on the outbox in a transaction of somebody's; `nudge` afterwards.

        Raises:
            PluginFault: no plugin declares a job of that name, or the payload is not plain JSON.
        """
        text, now = _as_json(self._checked(name), payload), datetime.now(UTC)
        row = {
            "name": name,
            "payload": text,
            "created_at": now,
            "due_at": now,
            "state": JobState.WAITING,
            "attempts": 0,
            "worker": "",
            "error": "",
            "percent": 0,
            "note": "",
        }
        connection.execute(insert(_OUTBOX), row)

    def nudge(self) -> None:
        """Wake the worker."""
        nudge(self._socket)

    def _checked(self, name: str) -> str:
        if name not in self._known():
            raise PluginFault(f"No plugin declares a job {name!r}; declare it in jackfield_jobs.")
        return name


def _as_json(name: str, payload: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(payload), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise PluginFault(f"The payload of job {name} is not plain JSON: {error}.") from error


def nudge(worker_socket: Path) -> None:
    """Tell the worker to look at the outbox. Nothing happens if it does not listen: it looks when it starts."""
    _tell(worker_socket, b"")


def renew_workers(worker_socket: Path) -> None:
    """Plugins have come or gone: have the worker's processes started anew, each when its job is done."""
    _tell(worker_socket, RENEW)


def _tell(worker_socket: Path, what: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC) as sock:
        try:
            sock.sendto(what, str(worker_socket))
        except OSError:
            return  # nobody there, or so many nudges are waiting that one more would say nothing new


@dataclass(frozen=True, slots=True)
class DeadJob:
    """A job that was given up."""

    id: int
    name: str
    payload: str
    created_at: datetime
    attempts: int
    error: str


def job_counts(database: Database) -> dict[JobState, int]:
    """How many jobs are in each state; finished ones are deleted after some days.

    Raises:
        StorageError: the database cannot be read.
    """
    count = select(_OUTBOX.c.state, func.count()).group_by(_OUTBOX.c.state)
    try:
        with database.engine.connect() as connection:
            found: dict[str, int] = {row[0]: row[1] for row in connection.execute(count)}
    except SQLAlchemyError as error:
        raise StorageError(f"The outbox cannot be read: {error}") from error
    return {state: found.get(state, 0) for state in JobState}


def dead_jobs(database: Database, limit: int = 100) -> list[DeadJob]:
    """Jobs that were given up, newest first.

    Raises:
        StorageError: the database cannot be read.
    """
    c = _OUTBOX.c
    dead = select(c.id, c.name, c.payload, c.created_at, c.attempts, c.error).where(c.state == JobState.DEAD)
    try:
        with database.engine.connect() as connection:
            return [DeadJob(*row) for row in connection.execute(dead.order_by(c.id.desc()).limit(limit))]
    except SQLAlchemyError as error:
        raise StorageError(f"The outbox cannot be read: {error}") from error


def retry_dead(database: Database, job_id: int, worker_socket: Path = WORKER_SOCKET) -> bool:
    """Give a dead job all its attempts again.

    Returns:
        Whether there was such a dead job.

    Raises:
        StorageError: the database cannot be written.
    """
    again = update(_OUTBOX).where(_OUTBOX.c.id == job_id, _OUTBOX.c.state == JobState.DEAD)
    try:
        with database.engine.begin() as connection:
            values = {"state": JobState.WAITING, "attempts": 0, "due_at": datetime.now(UTC), "done_at": None}
            found = bool(connection.execute(again.values(values)).rowcount)
    except SQLAlchemyError as error:
        raise StorageError(f"The outbox cannot be written: {error}") from error
    if found:
        nudge(worker_socket)
    return found


def list_jobs(database: Database, state: JobState | None = None, limit: int = 100) -> list[dict[str, Any]]:
    """Jobs that are on the outbox, newest first; those that are done stay for some days.

    Raises:
        StorageError: the database cannot be read.
    """
    wanted = select(_OUTBOX).order_by(_OUTBOX.c.id.desc()).limit(limit)
    return _rows(database, wanted if state is None else wanted.where(_OUTBOX.c.state == state))


def find_job(database: Database, job_id: int) -> dict[str, Any] | None:
    """One job.

    Raises:
        StorageError: the database cannot be read.
    """
    return next(iter(_rows(database, select(_OUTBOX).where(_OUTBOX.c.id == job_id))), None)


def _rows(database: Database, wanted: Select[Any]) -> list[dict[str, Any]]:
    try:
        with database.engine.connect() as connection:
            return [
                {k: v.isoformat() if isinstance(v, datetime) else v for k, v in row._mapping.items()}
                for row in connection.execute(wanted)
            ]
    except SQLAlchemyError as error:
        raise StorageError(f"The outbox cannot be read: {error}") from error


def drop_job(database: Database, job_id: int) -> bool:
    """Take a job that waits or is dead off the outbox for good; False when there is none, or it runs.

    Raises:
        StorageError: the database cannot be written.
    """
    idle = _OUTBOX.c.state.in_([JobState.WAITING, JobState.DEAD, JobState.DONE])
    try:
        with database.engine.begin() as connection:
            return bool(connection.execute(delete(_OUTBOX).where(_OUTBOX.c.id == job_id, idle)).rowcount)
    except SQLAlchemyError as error:
        raise StorageError(f"The outbox cannot be written: {error}") from error
