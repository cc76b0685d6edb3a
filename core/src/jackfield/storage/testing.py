"""For tests: do models and migrations agree; a private PostgreSQL server."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Table, inspect, text
from sqlmodel import SQLModel, create_engine

from jackfield.storage.engine import Database
from jackfield.storage.migrate import _version_table, migrate
from jackfield.storage.models import Models


def differences(database: Database, models: Models) -> list[Any]:
    """Where an owner's SQLModel tables and its migrations disagree, in Alembic's words; empty when they agree.

    Give it an empty database and import the owner's models first. An owner's tables are those whose classes live
    below the same top-level package as its migrations.
    """
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    migrate(database, [models])
    top = models.package.partition(".")[0]
    own = {m.local_table for m in SQLModel._sa_registry.mappers if m.class_.__module__.partition(".")[0] == top}
    foreign = set(SQLModel.metadata.tables) - {table.name for table in own if isinstance(table, Table)}

    def included(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
        return kind != "table" or (name not in foreign and name != _version_table(models))

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": included})
        return list(compare_metadata(context, SQLModel.metadata))


class PostgresServer:
    """A server of our own on a Unix socket in a temporary folder; `fresh()` gives the URL of an empty database."""

    def __init__(self, binaries: Path, folder: Path, user: str) -> None:
        """Nothing starts yet. `user` owns the folder: PostgreSQL refuses to run as root."""
        self._binaries, self.folder, self._user, self._count = binaries, folder, user, 0

    def start(self) -> None:
        """Start, on the data that is there."""
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=off -c max_connections=200"
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-l", f"{self.folder}/log", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop; `immediate` is a crash."""
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-m", mode, "stop")

    def init(self) -> None:
        """Make the data folder."""
        self._run(
            "initdb", "-D", f"{self.folder}/data", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-U", "jackfield"
        )

    def fresh(self) -> str:
        """The URL of a new, empty database."""
        self._count += 1
        engine = create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE test{self._count}"))
        engine.dispose()
        return self._url(f"test{self._count}")

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://jackfield@/{name}?host={self.folder}"

    def _run(self, *arguments: str) -> None:
        as_user = ["runuser", "-u", self._user, "--"] if os.geteuid() == 0 else []
        command = [*as_user, str(self._binaries / arguments[0]), *arguments[1:]]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, cwd="/")
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr).decode(errors='replace')}")


def postgres_binaries() -> Path | None:
    """Where PostgreSQL's server programs are, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A server that lives for the block.

    Raises:
        RuntimeError: PostgreSQL is not installed, or did not start.
    """
    binaries = postgres_binaries()
    if binaries is None:
        raise RuntimeError("PostgreSQL is not installed; on Debian: apt-get install postgresql")
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="jackfield-pg-"))
    server = PostgresServer(binaries, folder, user)
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, user)
        server.init()
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def tables(database: Database) -> set[str]:
    """Names of the tables that are there."""
    return set(inspect(database.engine).get_table_names())
