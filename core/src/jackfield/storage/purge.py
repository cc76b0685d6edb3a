"""Takes the tables of a plugin out whose package is purged. Its code is gone, so they are known by their names."""

from __future__ import annotations

import re
from importlib.resources import files

import structlog
from sqlalchemy import Connection, MetaData, Table, inspect
from sqlalchemy.exc import SQLAlchemyError

from jackfield.errors import JackfieldError
from jackfield.storage.engine import Database
from jackfield.storage.errors import StorageError
from jackfield.storage.migrate import CORE

log = structlog.get_logger(__name__)
_CREATED = re.compile(r'create_table\(\s*"(\w+)"')
_VERSION = "_version"


def owned(database: Database, owner: str) -> list[str]:
    """Names of a plugin's tables: `OWNER`, `OWNER_…` and its version table; none when it never had any.

    A table that another owner's name fits better, and core's own, are not among them.

    Raises:
        JackfieldError: that is no plugin's name.
        StorageError: the database refused.
    """
    _check(owner)
    try:
        with database.engine.connect() as connection:
            return _owned(connection, owner)
    except SQLAlchemyError as error:
        raise StorageError(f"the tables of {owner} cannot be looked at: {error}") from error


def purge(database: Database, owner: str) -> list[str]:
    """Drop the tables of a plugin, in one transaction where that is possible.

    Returns:
        Names of the tables that are gone; as `owned`.

    Raises:
        JackfieldError: that is no plugin's name.
        StorageError: the database refused.
    """
    _check(owner)
    try:
        with database.engine.begin() as connection:
            gone = _owned(connection, owner)
            metadata = MetaData()
            tables = [Table(name, metadata, autoload_with=connection, resolve_fks=False) for name in gone]
            metadata.drop_all(connection, tables)
    except SQLAlchemyError as error:
        raise StorageError(f"the tables of {owner} cannot be dropped: {error}") from error
    log.info("plugin.purged", plugin=owner, tables=gone)
    return gone


def _check(owner: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", owner) or owner == CORE.owner:
        raise JackfieldError(f"{owner!r} is no plugin whose tables could be purged")


def _owned(connection: Connection, owner: str) -> list[str]:
    there = inspect(connection).get_table_names()
    if owner + _VERSION not in there:
        return []
    owners = {name.removesuffix(_VERSION) for name in there if name.endswith(_VERSION)}
    cores = _cores()
    return sorted(t for t in there if t not in cores and _owner(t, owners) == owner)


def _owner(table: str, owners: set[str]) -> str:
    """The owner whose name is the longest that a table's name begins with."""
    return max((o for o in owners if table == o or table.startswith(f"{o}_")), key=len, default="")


def _cores() -> set[str]:
    """Names of core's tables."""
    sources = (f.read_text(encoding="utf-8") for f in files(CORE.package).iterdir() if f.name.endswith(".py"))
    return {name for source in sources for name in _CREATED.findall(source)}
