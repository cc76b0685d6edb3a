'''Migrations: one package of Alembic revisions and one version table for each owner (core, and each plugin).

A plugin with tables declares `Models("acd", "jackfield_acd.migrations")` in `jackfield_models` and ships the package
`jackfield_acd/migrations/` with an `__init__.py` and a module a revision. Modules are named `rNNNN_WORDS.py`, NNNN is
the revision, and each builds on the one before. There is no `env.py` and no `alembic.ini`. An example:

    """Agents' states."""                       # jackfield_acd/migrations/r0002_pause_reason.py

    import sqlalchemy as sa
    from alembic import op

    revision = "0002"
    down_revision = "0001"                      # None in r0001


    def upgrade() -> None:
        """Why an agent is paused."""
        with op.batch_alter_table("acd_agent") as table:    # SQLite cannot alter in place; batch works on both
            table.add_column(sa.Column("reason", sa.String(64), nullable=False, server_default=""))

Rules: name tables `PLUGIN_…`; use plain SQLAlchemy types (`sa.DateTime(timezone=True)` for `UTCDateTime`), never the
models themselves, which change later; there is no `downgrade`: going back is restoring the back-up. All revisions
of an owner that are due run in one transaction, on SQLite as well. `jackfield.storage.testing.differences` tells in
a test where models and migrations disagree.

Alembic is imported only when something is due.
'''

from __future__ import annotations

import importlib.util
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from jackfield.storage.backups import KEPT, Backups
from jackfield.storage.engine import Database
from jackfield.storage.errors import MigrationFailed, StorageError
from jackfield.storage.fence import Fence
from jackfield.storage.limit import Rope, run_limited
from jackfield.storage.migration_fence import only_own_tables
from jackfield.storage.models import Models

CORE = Models("core", "jackfield.storage.migrations")
_FILE = re.compile(r"r(\d{4})_\w+\.py")
_LOCK = 0x4A61636B  # any number, the same in every process: PostgreSQL's advisory lock against two migrations at once
log = structlog.get_logger(__name__)


def is_current(database: Database, models: Models) -> bool:
    """Whether the owner's tables are as its package wants them. One small query.

    Raises:
        MigrationFailed: the package has no revisions.
        StorageError: the database cannot be reached.
    """
    try:
        with database.engine.connect() as connection:
            return _revision(connection, models) == _known(models)[-1]
    except SQLAlchemyError as error:
        raise StorageError(f"The database cannot be read: {error}") from error


def state_of(database: Database, owner: str, models: Models | None) -> dict[str, str | list[str] | None]:
    """An owner's tables: their names, the revision that they are at, and the one that its package wants.

    Raises:
        MigrationFailed: the package has no revisions.
        StorageError: the database cannot be read.
    """
    try:
        with database.engine.connect() as connection:
            there = inspect(connection).get_table_names()
            at = _revision(connection, Models(owner, "")) if f"{owner}_version" in there else None
    except SQLAlchemyError as error:
        raise StorageError(f"The database cannot be read: {error}") from error
    names = sorted(name for name in there if name == owner or name.startswith(f"{owner}_"))
    return {"names": names, "revision": at, "wanted": _known(models)[-1] if models else None}


def newest(models: Models) -> str:
    """The revision that the owner's package wants. Raises MigrationFailed: the package has no revisions."""
    return _known(models)[-1]


@dataclass(frozen=True, slots=True)
class How:
    """How migrations are run."""

    backups: Path | None = None
    """Folder of the back-ups; None: where `Backups` keeps them by default."""
    keep: int = KEPT
    """Back-ups that are kept."""
    seconds: float = 0.0
    """After so long a migration is given up; 0: it runs on this thread, without a limit."""
    owners: Callable[[], Iterable[str]] = tuple
    """Names of all plugins, whose tables are not those of a plugin with a shorter name."""
    give_up: Callable[[str, threading.Thread], object] = lambda owner, thread: None
    """Told of an owner whose migration was stopped and does not come back."""


def migrate(database: Database, models: Sequence[Models], how: How | None = None) -> list[str]:
    """Bring the tables of these owners up to date, in order, each in a transaction of its own, after a back-up.

    Owners but core can change their own tables alone.

    Returns:
        A sentence for each owner that was behind.

    Raises:
        MigrationFailed: names owner and revision. That owner's tables are as before; owners before it are done, those
            after it were not tried.
        StorageError: the database cannot be reached.
    """
    return [_limited(database, each, how or How()) for each in models if not is_current(database, each)]


def _limited(database: Database, models: Models, how: How) -> str:
    if not how.seconds:
        return _migrate(database, models, how, Rope())
    owner = models.owner
    return run_limited(
        lambda rope: _migrate(database, models, how, rope),
        owner,
        _known(models)[-1],
        how.seconds,
        lambda thread: how.give_up(owner, thread),
    )


def _migrate(database: Database, models: Models, how: How, rope: Rope) -> str:
    known = _known(models)
    with _exclusive(database, rope) as connection:
        before = _revision(connection, models)
        if before == known[-1]:
            return f"{models.owner}: another process has just brought it to {before}"
        if before is not None and before not in known:
            raise MigrationFailed(
                models.owner,
                before,
                f"The tables of {models.owner} are at revision {before}, but the installed package only knows up to "
                f"{known[-1]}: it is older than the data. Install the newer package again, or restore the back-up "
                "that was made before the upgrade.",
            )
        _back_up(database, models.owner, before, known[-1], how)
        _upgrade(connection, models, how)
    log.info("migrated", owner=models.owner, before=before, now=known[-1])
    return f"{models.owner}: {before or 'nothing'} → {known[-1]}"


def _known(models: Models) -> list[str]:
    """Revisions of a package, oldest first, by file names alone."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", models.owner):
        raise MigrationFailed(models.owner, "?", f"{models.owner!r} cannot own tables; use small letters, digits, '_'.")
    found = sorted(m[1] for path in _folder(models).iterdir() if (m := _FILE.fullmatch(path.name)))
    if not found:
        raise MigrationFailed(
            models.owner,
            "?",
            f"{models.package} of {models.owner} has no revisions (rNNNN_*.py); reinstall its package.",
        )
    return found


def _folder(models: Models) -> Path:
    try:
        spec = importlib.util.find_spec(models.package)
    except ModuleNotFoundError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise MigrationFailed(
            models.owner, "?", f"{models.owner} has no package {models.package}; reinstall the package that brings it."
        )
    return Path(next(iter(spec.submodule_search_locations)))


def _version_table(models: Models) -> str:
    return f"{models.owner}_version"


def _revision(connection: Connection, models: Models) -> str | None:
    table = _version_table(models)
    if not inspect(connection).has_table(table):
        return None
    return connection.execute(text(f"SELECT version_num FROM {table}")).scalar()  # noqa: S608  (checked in _known)


@contextmanager
def _exclusive(database: Database, rope: Rope) -> Iterator[Connection]:
    """A connection in a transaction that covers DDL and keeps other migrations out; commits unless something raises."""
    with database.engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            connection.detach()  # its settings must not get back into the pool
            # Rebuilding a table drops it, which would cascade; the check below stands in for it.
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            # By hand: Python's sqlite3 begins a transaction only before INSERT, UPDATE and DELETE, never before DDL.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        rope.hold(connection)
        try:
            yield connection
            rope.hold(None)
            connection.commit()
        except BaseException:
            rope.hold(None)
            if not rope.pulled:
                connection.rollback()
            raise


def _upgrade(connection: Connection, models: Models, how: How) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import MigrationContext, RevisionStep
    from alembic.script import ScriptDirectory

    folder = str(_folder(models))
    script = ScriptDirectory(folder, version_locations=[folder])
    at = "?"

    def steps(current: str | tuple[str, ...], _context: MigrationContext) -> Iterator[RevisionStep]:
        nonlocal at
        for step in script._upgrade_revs("head", current or ()):  # type: ignore[arg-type]  # as alembic.command does
            at = step.revision.revision
            yield step

    try:
        with EnvironmentContext(Config(), script, fn=steps) as environment:
            environment.configure(
                connection=connection,
                version_table=_version_table(models),
                transactional_ddl=True,
            )
            fence = None if models == CORE else Fence(models.owner, how.owners, lambda what: None)
            with only_own_tables(connection, fence):
                environment.run_migrations()
        _check_foreign_keys(connection)
    except Exception as error:
        raise MigrationFailed(
            models.owner,
            at,
            f"Revision {at} of {models.owner} failed and was rolled back; the data is as it was before. Cause: "
            f"{type(error).__name__}: {error}. Report this to the maker of {models.owner}; going back to its former "
            "package keeps working.",
        ) from error


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    wrong = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if wrong is not None:
        raise ValueError(f"row {wrong[1]} of table {wrong[0]} points to a row of {wrong[2]} that is not there")


def _back_up(database: Database, owner: str, before: str | None, after: str, how: How) -> None:
    """The caller holds the write lock of SQLite, so a copy is exact."""
    try:
        Backups(database, how.backups, how.keep).make(owner, before, after)
    except StorageError as error:
        raise MigrationFailed(owner, after, f"{owner} was not migrated: {error}.") from error
