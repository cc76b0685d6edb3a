"""Checks of a plugin's migrations: on an empty database, and on one that is full at every former revision."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory

from jackfield.storage.engine import Database
from jackfield.storage.migrate import _folder, _known, _version_table
from jackfield.storage.models import Models

ROWS = 3


def upgrade_to(database: Database, models: Models, revision: str) -> None:
    """Bring an owner's tables up to a revision that is not its last."""
    folder = str(_folder(models))
    script = ScriptDirectory(folder, version_locations=[folder])

    def steps(current: str | tuple[str, ...], _context: MigrationContext) -> Iterator[RevisionStep]:
        yield from script._upgrade_revs(revision, current or ())  # type: ignore[arg-type]

    with database.engine.begin() as connection, EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=connection, version_table=_version_table(models))
        environment.run_migrations()


def revisions(models: Models) -> list[str]:
    """An owner's revisions, oldest first."""
    return _known(models)


def own_tables(database: Database, models: Models) -> dict[str, sa.Table]:
    """The owner's tables that are there: those of its name, or that begin with it and `_`."""
    metadata = sa.MetaData()
    metadata.reflect(database.engine)
    own = {t.name: t for t in metadata.sorted_tables if t.name == models.owner or t.name.startswith(f"{models.owner}_")}
    own.pop(_version_table(models), None)
    return own


def fill(database: Database, models: Models) -> dict[str, int]:
    """Put rows into each of the owner's tables; how many there are then in each."""
    made: dict[str, list[dict[str, Any]]] = {}
    with database.engine.begin() as connection:
        for table in own_tables(database, models).values():
            made[table.name] = [_row(table, number, made) for number in range(1, ROWS + 1)]
            connection.execute(table.insert(), made[table.name])
    return count(database, models)


def count(database: Database, models: Models) -> dict[str, int]:
    """Rows in each of the owner's tables."""
    with database.engine.connect() as connection:
        return {
            name: int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
            for name, table in own_tables(database, models).items()
        }


def _row(table: sa.Table, number: int, made: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {column.name: _value(column, number, made) for column in table.columns}


def _value(column: sa.Column[Any], number: int, made: dict[str, list[dict[str, Any]]]) -> Any:
    for key in column.foreign_keys:
        known = made.get(key.column.table.name)
        return known[number - 1][key.column.name] if known else None
    kind = column.type
    if isinstance(kind, sa.Boolean):
        return number % 2 == 0
    if isinstance(kind, sa.Integer):
        return number
    if isinstance(kind, sa.Numeric | sa.Float):
        return number / 2
    if isinstance(kind, sa.DateTime):
        return datetime(2026, 1, number, tzinfo=UTC)
    if isinstance(kind, sa.Date):
        return datetime(2026, 1, number, tzinfo=UTC).date()
    if isinstance(kind, sa.LargeBinary):
        return b"x" * number
    if isinstance(kind, sa.JSON):
        return {"n": number}
    text = f"{number} ä世"
    length = getattr(kind, "length", None)
    return text[:length] if length else text
