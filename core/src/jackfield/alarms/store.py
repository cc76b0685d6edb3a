"""Alarms in the database: those that are up, and their history."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from jackfield.alarms.models import Alarm, AlarmHistoryRow, AlarmRow, Entry, Severity, What, detail_json
from jackfield.storage.engine import Database
from jackfield.storage.errors import StorageError
from jackfield.storage.statements import upsert

_ALARM: Table = AlarmRow.__table__  # type: ignore[attr-defined]
_HISTORY: Table = AlarmHistoryRow.__table__  # type: ignore[attr-defined]
_UPSERT = upsert(_ALARM, [c.name for c in _ALARM.c], ["key"])


def load(database: Database) -> list[Alarm]:
    """The alarms that are up.

    Raises:
        StorageError: the database cannot be read.
    """
    try:
        with database.engine.connect() as connection:
            rows = connection.execute(select(_ALARM)).mappings().all()
    except SQLAlchemyError as error:
        raise StorageError(f"the alarms cannot be read: {error}") from error
    return [
        Alarm(**{**row, "severity": Severity(row["severity"]), "detail": json.loads(row["detail"])}) for row in rows
    ]


def save(database: Database, state: Mapping[str, Alarm | None], entries: Sequence[Entry]) -> None:
    """Write what changed, in one transaction: alarms by key (None: it is clear), and lines of history.

    Raises:
        StorageError: the database refused; nothing is written.
    """
    up = [_row(alarm) for alarm in state.values() if alarm is not None]
    clear = [key for key, alarm in state.items() if alarm is None]
    try:
        with database.engine.begin() as connection:
            if clear:
                connection.execute(delete(_ALARM).where(_ALARM.c.key.in_(clear)))
            for row in up:
                connection.execute(_UPSERT, row)
            if entries:
                connection.execute(insert(_HISTORY), [_entry(entry) for entry in entries])
    except SQLAlchemyError as error:
        raise StorageError(f"the alarms cannot be written: {error}") from error


def history(database: Database, *, key: str | None = None, limit: int = 100) -> list[Entry]:
    """What happened, newest first.

    Raises:
        StorageError: the database cannot be read.
    """
    newest = select(_HISTORY).order_by(_HISTORY.c.id.desc()).limit(limit)
    if key is not None:
        newest = newest.where(_HISTORY.c.key == key)
    try:
        with database.engine.connect() as connection:
            rows = connection.execute(newest).mappings().all()
    except SQLAlchemyError as error:
        raise StorageError(f"the history of alarms cannot be read: {error}") from error
    return [
        Entry(
            row["at"],
            What(row["what"]),
            Alarm(
                row["key"],
                row["text"],
                Severity(row["severity"]),
                row["source"],
                json.loads(row["detail"]),
                row["at"],
                row["at"],
                row["count"],
                words=row["words"],
            ),
            row["who"],
            row["note"],
        )
        for row in rows
    ]


def forget(database: Database, before: datetime) -> int:
    """Delete history that is older.

    Returns:
        How many lines.

    Raises:
        StorageError: the database refused.
    """
    try:
        with database.engine.begin() as connection:
            return connection.execute(delete(_HISTORY).where(_HISTORY.c.at < before)).rowcount
    except SQLAlchemyError as error:
        raise StorageError(f"old alarms cannot be deleted: {error}") from error


def _row(alarm: Alarm) -> dict[str, object]:
    return asdict(alarm) | {"severity": str(alarm.severity), "detail": detail_json(alarm.detail)}


def _entry(entry: Entry) -> dict[str, object]:
    alarm = entry.alarm
    return {
        "at": entry.at,
        "what": str(entry.what),
        "key": alarm.key,
        "text": alarm.text,
        "severity": str(alarm.severity),
        "source": alarm.source,
        "detail": detail_json(alarm.detail),
        "count": alarm.count,
        "who": entry.who,
        "note": entry.note,
        "words": alarm.words,
    }


def entries_json(entries: Iterable[Entry], language: str = "en") -> list[dict[str, object]]:
    """The history as plain JSON, the texts in a language."""
    told = []
    for e in entries:
        plain = _entry(e) | {"at": e.at.isoformat(), "detail": dict(e.alarm.detail), "text": e.alarm.text_in(language)}
        del plain["words"]
        told.append(plain)
    return told
