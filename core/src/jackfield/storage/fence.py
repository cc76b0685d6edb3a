"""A plugin's own part of the database: its tables (`NAME`, `NAME_…`), and reading the records of calls.

On SQLite the database itself asks about each table of a statement (its authorizer). On PostgreSQL the statements are
read before they are sent (`sql_tables`). It is a fence against mistakes: code that wants to climb over it can open the
database by itself, since plugins run in our process.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import structlog
from sqlalchemy import event

from jackfield.errors import JackfieldError, Recovery
from jackfield.storage.engine import Database
from jackfield.storage.sql_tables import NotUnderstood, tables_of

log = structlog.get_logger(__name__)
READABLE = frozenset({"call", "call_step", "leg"})
"""Core's tables that every plugin may read: what `CallRecord` tells."""
_TEMPORARY = "_alembic_tmp_"
_READ, _PRAGMA, _ATTACH, _DETACH, _FUNCTION, _ALTER = 20, 19, 24, 25, 31, 26
_OF_TABLE = {2, 9, 11, 18, 23}
"""Action codes of sqlite3_set_authorizer(3) whose first word is the table that is made, dropped or changed."""
_BESIDE_TABLE = {1, 7, 10, 16}
"""Those whose second word is it: indexes and triggers."""


class Forbidden(JackfieldError):
    """A plugin wanted at tables that are not its own. Nothing was read or written."""

    recovery = Recovery.GIVE_UP_PLUGIN


class Fence:
    """Which tables are an owner's."""

    def __init__(self, owner: str, others: Callable[[], Iterable[str]], violation: Callable[[str], None]) -> None:
        """`others` are all plugins' names: `acd_stats_day` is not acd's if there is one called acd_stats."""
        self.owner, self._others, self._violation = owner, others, violation

    def owns(self, table: str) -> bool:
        """Whether a table is the owner's."""
        name = table.removeprefix(_TEMPORARY)
        longer = [o for o in self._others() if o.startswith(f"{self.owner}_") and _fits(name, o)]
        return _fits(name, self.owner) and not longer

    def refuse(self, what: str) -> str:
        """Tell of a violation; the sentence."""
        text = (
            f"{what}: a plugin has only the tables {self.owner} and {self.owner}_…, and may read call, leg, call_step"
        )
        log.error("plugin.forbidden", plugin=self.owner, what=what)
        self._violation(what)
        return text

    def authorize(self, action: int, first: str | None, second: str | None, *_: str | None) -> int:
        """For SQLite; see sqlite3_set_authorizer(3)."""
        table = second if action in _BESIDE_TABLE or action == _ALTER else first
        if action == _READ:
            fine = not table or table.startswith("sqlite_") or table in READABLE or self.owns(table)
        elif action in _OF_TABLE or action in _BESIDE_TABLE or action == _ALTER:
            fine = table is not None and (table.startswith("sqlite_") or self.owns(table))
        elif action == _PRAGMA:
            fine = first not in ("writable_schema", "journal_mode", "trusted_schema")
        else:
            fine = action not in (_ATTACH, _DETACH) and not (action == _FUNCTION and second == "load_extension")
        if not fine:
            self.refuse(f"{'reading' if action == _READ else 'changing'} {table or first or 'another database'}")
        return sqlite3.SQLITE_OK if fine else sqlite3.SQLITE_DENY

    def check(self, statement: str) -> None:
        """For databases that do not ask.

        Raises:
            Forbidden: the statement names a table that is not the owner's, or cannot be understood.
        """
        try:
            found = tables_of(statement)
        except NotUnderstood as error:
            raise Forbidden(self.refuse(str(error))) from None
        for table, written in found:
            if not (self.owns(table) or (table in READABLE and not written)):
                raise Forbidden(self.refuse(f"{'changing' if written else 'reading'} {table}"))


def _fits(table: str, owner: str) -> bool:
    return table == owner or table.startswith(f"{owner}_")


class FencedDatabase(Database):
    """What a plugin gets as `core.storage`, and its jobs: connections of its own, each behind the fence.

    A statement about others' tables raises Forbidden and is a fault.
    """

    def __init__(self, database: Database, fence: Fence) -> None:
        """Nothing is connected yet."""
        super().__init__(database.engine.url.render_as_string(hide_password=False))
        engine = self.engine
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", partial(_prepare, fence))
            event.listen(engine, "handle_error", _translate)
        else:
            event.listen(engine, "before_cursor_execute", partial(_look, fence))


def _prepare(fence: Fence, connection: Any, _record: Any) -> None:
    connection.set_authorizer(fence.authorize)


def _translate(context: Any) -> None:
    text = str(context.original_exception)
    if "prohibited" in text or "not authorized" in text:
        raise Forbidden(f"{text}: a plugin has only its own tables, NAME and NAME_…") from context.original_exception


def _look(fence: Fence, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    fence.check(statement)
