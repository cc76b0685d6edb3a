"""The database in a back-up: copied while it is in use, and put back while it is in use."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table, column, insert, inspect, select, table, update
from sqlalchemy.exc import SQLAlchemyError

from jackfield.backup.manifest import DATABASE, DUMP, BackupError, Manifest, newer_than_we
from jackfield.control.audit import AuditRow
from jackfield.i18n import gettext_for
from jackfield.jobs.models import JobState, OutboxRow
from jackfield.plugins import PluginHost
from jackfield.storage import migrate
from jackfield.storage.backups import DUMP_SECONDS, copy_database, postgres_program
from jackfield.storage.engine import Database
from jackfield.storage.models import Models

_ = gettext_for("jackfield")
PG_RESTORE = "pg_restore"
_AUDIT: Table = AuditRow.__table__  # type: ignore[attr-defined]
_OUTBOX: Table = OutboxRow.__table__  # type: ignore[attr-defined]


def kind_of(database: Database) -> str:
    """`sqlite` or `postgresql`."""
    return "sqlite" if database.file is not None else "postgresql"


def file_name(database: Database) -> str:
    """What its copy is called in an archive."""
    return DATABASE if database.file is not None else DUMP


def copy_to(database: Database, path: Path) -> None:
    """A copy of the whole database as it is at one moment; calls go on meanwhile.

    Raises:
        BackupError: it could not be made.
    """
    try:
        copy_database(database, path)
    except (OSError, sqlite3.Error, subprocess.SubprocessError) as error:
        raise BackupError(_("the database cannot be copied: {error}").format(error=error)) from error


def owners(host: PluginHost) -> list[Models]:
    """Who has tables here: core, and the plugins that are at work."""
    return [migrate.CORE, *(models for _name, models in host.call("jackfield_models"))]


def revisions(database: Database) -> dict[str, str]:
    """Owner of tables → the revision that they are at; those of plugins that are gone too."""
    found = {}
    with database.engine.connect() as connection:
        for name in inspect(connection).get_table_names():
            if name.endswith("_version"):
                at = connection.execute(select(column("version_num")).select_from(table(name))).scalar()
                found[name.removesuffix("_version")] = str(at)
    return found


def refuse_newer(manifest: Manifest, host: PluginHost) -> None:
    """Raise BackupError when tables in the back-up are newer than what is installed here."""
    for models in owners(host):
        at = manifest.revisions.get(models.owner)
        if at is not None and at > migrate.newest(models):
            raise newer_than_we()


class Restoring:
    """Puts a copy in the place of the database, in one transaction: whoever works with it sees the old or the new."""

    def __init__(self, database: Database, host: PluginHost, copy: Path) -> None:
        """`copy` is a file of ours alone; it is changed."""
        self._database, self._host, self._copy = database, host, copy

    def run(self, made_at: datetime) -> None:
        """Do it.

        What is on the audit log since `made_at` stays on it. Jobs that were not done then are given up: whoever wants
        them retries them, but no message is sent twice.

        Raises:
            BackupError: the database is as it was.
        """
        try:
            kept = self._audit_since(made_at)
            if self._database.file is not None:
                self._prepare(kept)
                self._into_file(self._database.file)
            else:
                self._into_server()
                self._settle(self._database, kept)
        except (OSError, sqlite3.Error, SQLAlchemyError, subprocess.SubprocessError) as error:
            raise BackupError(_("the database cannot be restored: {error}").format(error=error)) from error

    def _audit_since(self, moment: datetime) -> Sequence[dict[str, Any]]:
        with self._database.engine.connect() as connection:
            rows = connection.execute(select(_AUDIT).where(_AUDIT.c.at > moment).order_by(_AUDIT.c.id)).mappings()
            return [{key: value for key, value in row.items() if key != "id"} for row in rows]

    def _prepare(self, kept: Sequence[dict[str, Any]]) -> None:
        """Everything that may fail, on the copy."""
        with closing(sqlite3.connect(self._copy)) as connection:
            wrong = connection.execute("PRAGMA integrity_check").fetchone()[0]
        if wrong != "ok":
            raise BackupError(_("the database in it is damaged: {error}").format(error=wrong))
        prepared = Database(f"sqlite:///{self._copy}")
        try:
            self._settle(prepared, kept)
        finally:
            prepared.close()

    def _settle(self, database: Database, kept: Sequence[dict[str, Any]]) -> None:
        migrate.migrate(database, [each for each in owners(self._host) if each == migrate.CORE])
        open_ = _OUTBOX.c.state.in_([JobState.WAITING, JobState.SENT, JobState.RUNNING])
        given_up = {"state": JobState.DEAD, "error": "It was not done when the back-up was made. Retry it if wanted."}
        with database.engine.begin() as connection:
            connection.execute(update(_OUTBOX).where(open_).values(given_up))
            if kept:
                connection.execute(insert(_AUDIT), kept)

    def _into_file(self, file: Path) -> None:
        with closing(sqlite3.connect(self._copy)) as copy, closing(sqlite3.connect(file, timeout=60)) as live:
            copy.backup(live)

    def _into_server(self) -> None:
        command, environment = postgres_program(self._database, PG_RESTORE)
        options = ["--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error", str(self._copy)]
        done = subprocess.run(
            [*command, *options], stdin=subprocess.DEVNULL, capture_output=True, env=environment, check=False,
            timeout=DUMP_SECONDS,
        )  # fmt: skip
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()[-400:]
            raise subprocess.SubprocessError(f"{PG_RESTORE} failed: {said}")
