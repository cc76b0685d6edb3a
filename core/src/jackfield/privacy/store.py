"""Bindings in the database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Table, Update, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from jackfield.privacy.models import Binding, BindingRow
from jackfield.storage.engine import Database
from jackfield.storage.errors import StorageError

_TABLE: Table = BindingRow.__table__  # type: ignore[attr-defined]
_FIELDS = [_TABLE.c[name] for name in Binding.__dataclass_fields__]


def live(database: Database, now: datetime) -> list[Binding]:
    """Bindings that have not ended, after those whose time was up have been ended.

    Raises:
        StorageError: the database cannot be used.
    """
    try:
        with database.engine.begin() as connection:
            connection.execute(_expire(now))
            rows = connection.execute(select(*_FIELDS).where(_TABLE.c.ended_at.is_(None))).mappings().all()
    except SQLAlchemyError as error:
        raise StorageError(f"the bindings cannot be read: {error}") from error
    return [Binding(**row) for row in rows]


def add(database: Database, made: Binding) -> int:
    """Keep a new binding; its id. What has run out by its time is ended first, so that it is not in the way.

    Raises:
        StorageError: the database refused; nothing is written.
    """
    values = {name: getattr(made, name) for name in Binding.__dataclass_fields__ if name != "id"}
    try:
        with database.engine.begin() as connection:
            connection.execute(_expire(made.created_at))
            return int(connection.execute(insert(_TABLE).values(**values).returning(_TABLE.c.id)).scalar_one())
    except SQLAlchemyError as error:
        raise StorageError(f"the binding cannot be written: {error}") from error


def end(database: Database, identity: int, when: datetime) -> None:
    """End a binding.

    Raises:
        StorageError: the database refused.
    """
    mine = (_TABLE.c.id == identity) & _TABLE.c.ended_at.is_(None)
    try:
        with database.engine.begin() as connection:
            connection.execute(update(_TABLE).where(mine).values(ended_at=when))
    except SQLAlchemyError as error:
        raise StorageError(f"the binding cannot be ended: {error}") from error


def _expire(now: datetime) -> Update:
    over = _TABLE.c.ended_at.is_(None) & (_TABLE.c.expires_at <= now)
    return update(_TABLE).where(over).values(ended_at=_TABLE.c.expires_at)
