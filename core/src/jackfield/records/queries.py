"""Reads call records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, or_, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from jackfield.records.models import CALL_FIELDS, CallRecord, CallRow, LegRecord, LegRow, StepRecord, StepRow
from jackfield.records.upsert import LEG, STEP, write_rows
from jackfield.routing.destinations import Result
from jackfield.storage.engine import Database
from jackfield.storage.errors import StorageError

_CALL: Table = CallRow.__table__  # type: ignore[attr-defined]
_STEP: Table = StepRow.__table__  # type: ignore[attr-defined]
_LEG: Table = LegRow.__table__  # type: ignore[attr-defined]
_CHUNK = 500
"""Ids in one IN list."""


def find_calls(
    database: Database,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    number: str | None = None,
    direction: str | None = None,
    did: str | None = None,
    agent: str | None = None,
    queue: str | None = None,
    result: Result | None = None,
    limit: int = 100,
) -> list[CallRecord]:
    """Calls with their steps and legs, newest first.

    `since` (inclusive) and `until` (exclusive) are about the start. `number` is the caller's number or the extension.

    Raises:
        StorageError: the database cannot be read.
    """
    c = _CALL.c
    wanted: list[ColumnElement[bool]] = []
    if since is not None:
        wanted.append(c.started_at >= since)
    if until is not None:
        wanted.append(c.started_at < until)
    if number is not None:
        wanted.append(or_(c.caller_number == number, c.extension == number))
    equal = {c.direction: direction, c.did: did, c.agent: agent, c.queue: queue, c.result: result}
    wanted += [column == value for column, value in equal.items() if value is not None]
    return _read(database, wanted, limit)


def find_call(database: Database, call_id: str) -> CallRecord | None:
    """One call, or None.

    Raises:
        StorageError: the database cannot be read.
    """
    return next(iter(_read(database, [_CALL.c.id == call_id], 1)), None)


def open_calls(database: Database) -> list[CallRecord]:
    """Calls that have no end on record.

    Raises:
        StorageError: the database cannot be read.
    """
    return _read(database, [_CALL.c.ended_at.is_(None)], None)


def close_interrupted(database: Database, record: CallRecord) -> None:
    """Write the last word on a call that a restart interrupted; nothing happens if it has ended on record.

    Raises:
        StorageError: the database cannot be written.
    """
    final = {name: getattr(record, name) for name in CALL_FIELDS if name != "id"} | {"interrupted": True}
    still_open = update(_CALL).where(_CALL.c.id == record.id, _CALL.c.ended_at.is_(None)).values(**final)
    rows = [kind.prepare(part) for kind, parts in ((STEP, record.steps), (LEG, record.legs)) for part in parts]
    try:
        with database.engine.begin() as connection:
            if connection.execute(still_open).rowcount:
                write_rows(connection, dict(rows))
    except SQLAlchemyError as error:
        raise StorageError(f"The record of call {record.id} cannot be closed: {error}") from error


def _read(database: Database, wanted: Sequence[ColumnElement[bool]], limit: int | None) -> list[CallRecord]:
    newest = select(_CALL).where(*wanted).order_by(_CALL.c.started_at.desc(), _CALL.c.id.desc()).limit(limit)
    try:
        with database.session() as session:
            calls = session.execute(newest).mappings().all()
            ids = [call["id"] for call in calls]
            steps = _by_call(session, _STEP, ids, _STEP.c.seq)
            legs = _by_call(session, _LEG, ids, _LEG.c.started_at)
    except SQLAlchemyError as error:
        raise StorageError(f"Call records cannot be read: {error}") from error
    return [_record(call, steps[call["id"]], legs[call["id"]]) for call in calls]


def _by_call(
    session: Session, table: Table, ids: Sequence[str], order: ColumnElement[Any]
) -> dict[str, list[RowMapping]]:
    found: dict[str, list[RowMapping]] = defaultdict(list)
    for start in range(0, len(ids), _CHUNK):
        some = select(table).where(table.c.call_id.in_(ids[start : start + _CHUNK])).order_by(order)
        for row in session.execute(some).mappings():
            found[row["call_id"]].append(row)
    return found


def _record(call: RowMapping, steps: Iterable[RowMapping], legs: Iterable[RowMapping]) -> CallRecord:
    values = dict(call)
    values["result"] = Result(values["result"]) if values["result"] else None
    return CallRecord(
        **values,
        steps=tuple(StepRecord(**step) for step in steps),
        legs=tuple(LegRecord(**leg) for leg in legs),
    )
