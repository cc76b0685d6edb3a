"""Rows of call records, and the statements that write many of them at once without doubling any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.exc import StatementError
from sqlmodel import SQLModel

from jackfield.records.models import CALL_FIELDS, LEG_FIELDS, STEP_FIELDS, CallRow, LegRow, StepRow
from jackfield.storage.engine import Database, UTCDateTime, as_text
from jackfield.storage.statements import upsert

Key = tuple[str, str, int]
"""Kind, id and (for a step) number."""
Row = dict[str, Any]
_CHUNK = 5000
_SQLITE = SQLiteDialect(paramstyle="qmark")


class RowKind:
    """A table of call records: makes its rows and its upsert."""

    def __init__(self, model: type[SQLModel], names: tuple[str, ...], end: str) -> None:
        """`end` is the column that makes a row final."""
        self.table: Table = model.__table__  # type: ignore[attr-defined]
        self.end = end
        self._names = names
        self._values = attrgetter(*names)
        self._lengths = [(c.name, c.type.length) for c in self.table.columns if getattr(c.type, "length", None)]
        self._key = [c.name for c in self.table.primary_key]
        self.statement = upsert(self.table, names, self._key, final=end)
        self._sqlite = str(self.statement.compile(dialect=_SQLITE))
        self._times = [n for n, name in enumerate(names) if isinstance(self.table.c[name].type, UTCDateTime)]

    def prepare(self, record: object) -> tuple[Key, Row]:
        """A record's row, its texts made fit for the columns."""
        row = dict(zip(self._names, self._values(record), strict=True))
        for name, length in self._lengths:
            value = row[name]
            if value and (len(value) > length or not value.isprintable()):
                row[name] = clean(value, length)
        return (self.table.name, row[self._key[0]], row.get("seq", 0)), row

    def write(self, connection: Connection, rows: list[Row]) -> None:
        """Write rows. For SQLite they are made ready here: SQLAlchemy's way takes more than twice as long."""
        if connection.dialect.name != "sqlite":
            connection.execute(self.statement, rows)
            return
        try:
            ready = [self._as_sqlite(row) for row in rows]
        except ValueError as error:
            raise StatementError(str(error), self._sqlite, rows, error) from error
        connection.exec_driver_sql(self._sqlite, ready)

    def _as_sqlite(self, row: Row) -> tuple[Any, ...]:
        values = list(row.values())
        for n in self._times:
            values[n] = as_text(values[n])
        return tuple(values)


CALL = RowKind(CallRow, CALL_FIELDS, "ended_at")
STEP = RowKind(StepRow, STEP_FIELDS, "left_at")
LEG = RowKind(LegRow, LEG_FIELDS, "ended_at")
_KINDS = {kind.table.name: kind for kind in (CALL, STEP, LEG)}


def clean(value: str, length: int) -> str:
    """Cut to the column, without what a database refuses (NUL, halves of surrogate pairs) or a terminal obeys."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in value[:length])


def merge(rows: dict[Key, Row], key: Key, row: Row) -> None:
    """Add a row; it takes the place of one with the same key, unless only that one is final."""
    end = _KINDS[key[0]].end
    old = rows.get(key)
    if old is None or old[end] is None or row[end] is not None:
        rows[key] = row


def chunks(rows: dict[Key, Row]) -> Iterator[dict[Key, Row]]:
    """Parts that are written in a tenth of a second or so: SQLite's other writers wait for that long."""
    items = iter(rows.items())
    while part := dict(islice(items, _CHUNK)):
        yield part


def write(database: Database, rows: Mapping[Key, Row]) -> None:
    """Write rows in one transaction."""
    with database.engine.begin() as connection:
        write_rows(connection, rows)


def write_rows(connection: Connection, rows: Mapping[Key, Row]) -> None:
    """Write rows in a transaction that is open."""
    by_table: dict[str, list[Row]] = {}
    for (table, _, _), row in rows.items():
        by_table.setdefault(table, []).append(row)
    for table, some in by_table.items():
        _KINDS[table].write(connection, some)
