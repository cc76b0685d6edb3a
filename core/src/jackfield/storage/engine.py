"""The database: SQLite for one box, PostgreSQL by URL; sessions and the type for times."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import DateTime, Engine, create_engine, event
from sqlalchemy.dialects.sqlite import DATETIME as SQLITE_DATETIME
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Session

from jackfield.storage.errors import StorageError

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

DEFAULT_URL = "sqlite:////var/lib/jackfield/jackfield.db"
BUSY_SECONDS = 10.0
"""How long a writer of SQLite waits for another one."""


class _SQLiteTime(SQLITE_DATETIME):
    """Takes text that is ready; SQLAlchemy's own formatting costs three times as much."""

    def bind_processor(self, dialect: Dialect) -> None:
        """None: nothing to do."""


_SQLITE_TIME: TypeEngine[Any] = _SQLiteTime()  # type: ignore[no-untyped-call]


def as_text(value: datetime | None) -> str | None:
    """A time as SQLite keeps it.

    Raises:
        ValueError: it has no zone; nobody can know what it means.
    """
    if value is None:
        return None
    if value.tzinfo is not UTC:
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; use datetime.now(UTC)")
        value = value.astimezone(UTC)
    return value.isoformat(" ", "microseconds")[:26]


class UTCDateTime(TypeDecorator[datetime]):
    """Times that are aware and UTC in Python, on SQLite (text) as on PostgreSQL (timestamptz), to the microsecond."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """SQLite's type is a text."""
        return dialect.type_descriptor(_SQLITE_TIME if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        """Raises ValueError for a time without a zone: nobody can know what it means."""
        if dialect.name == "sqlite" or value is None:
            return as_text(value)
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; use datetime.now(UTC)")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Always aware, always UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """A database and its connections. Safe with many threads; not across a fork (open it in the child)."""

    def __init__(self, url: str = DEFAULT_URL) -> None:
        """Nothing is connected yet, but the folder of a SQLite file must exist.

        Raises:
            StorageError: the URL is wrong, or the SQLite file cannot be made.
        """
        try:
            parsed = make_url(url)
            self.engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _server(parsed)
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            raise StorageError(
                f"The database URL cannot be used: {error}. Write sqlite:////path/to/file.db or "
                "postgresql+psycopg://user:password@host/name (needs python3-psycopg)."
            ) from error
        self.file: Path | None = None
        if self.engine.dialect.name == "sqlite" and parsed.database:
            self.file = Path(parsed.database)

    def session(self) -> Session:
        """A session; use it in a `with` block and commit yourself.

        Isolation is READ COMMITTED on both databases: reading takes no lock, and each statement sees what is committed.
        The first INSERT, UPDATE or DELETE takes SQLite's one write lock until the commit, so do not wait for anything
        (a caller, a network) between them.
        """
        return Session(self.engine)

    def close(self) -> None:
        """Close all connections that are not in use."""
        self.engine.dispose()


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise StorageError(
            "SQLite in memory cannot be shared by threads; name a file, as in sqlite:////path/to/file.db."
        )
    try:
        # The file holds SIP secrets: nobody else may read it. SQLite gives its -wal and -shm files the same mode.
        os.close(os.open(url.database, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o640))
    except OSError as error:
        raise StorageError(
            f"The database file {url.database} cannot be opened: {error.strerror}. Does its folder exist, and may this "
            "user write there?"
        ) from error
    engine = create_engine(
        url,
        connect_args={
            # Python's own transactions: nothing for a SELECT, BEGIN IMMEDIATE before the first change. If BEGIN came
            # with the session, one that reads and then writes would fail at once when another wrote in between.
            "isolation_level": "IMMEDIATE",
            "timeout": BUSY_SECONDS,
            "check_same_thread": False,
        },
        pool_size=5,
        max_overflow=45,
        pool_timeout=BUSY_SECONDS,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _server(url: URL) -> Engine:
    if url.get_backend_name() != "postgresql":
        raise StorageError(f"{url.get_backend_name()} is not supported; use sqlite or postgresql+psycopg.")
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    return create_engine(url, pool_size=5, max_overflow=15, pool_timeout=BUSY_SECONDS, pool_pre_ping=True)
