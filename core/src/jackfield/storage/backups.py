"""Back-ups of the database before tables change: made, kept for a while, listed.

A back-up is whole: of a SQLite file a copy by SQLite's own back-up interface, of a PostgreSQL database an archive of
`pg_dump --format=custom`. Several owners that are migrated one after the other share one; each has a name for it.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlalchemy import inspect

from jackfield.storage.engine import Database
from jackfield.storage.errors import StorageError

KEPT = 5
"""Back-ups that are kept by default, the newest ones."""
SHARED_SECONDS = 60.0
"""One that this process made so recently serves for the next owner too."""
DUMP_SECONDS = 3600.0
PG_DUMP = "pg_dump"
FOLDER = "backups"
_NAME = re.compile(
    r"(?P<at>\d{8}T\d{6}Z)-(?P<owner>[a-z][a-z0-9_]{0,31})-(?P<before>\w+)-to-(?P<after>\w+)\.(?:db|dump)"
)
_STAMP = "%Y%m%dT%H%M%SZ"
log = structlog.get_logger(__name__)
_lock = threading.Lock()
_last: dict[str, tuple[float, Path, set[str]]] = {}
"""Database → when this process made its last back-up (monotonic), where, and which owners were migrated since."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A back-up that is there."""

    path: Path
    at: datetime
    owner: str
    """Whose migration it was made for: `core` or a plugin."""
    before: str
    """The owner's revision in it; `nothing` when it had no tables yet."""
    after: str
    bytes: int

    def as_json(self) -> dict[str, str | int]:
        """For the CLI and the console."""
        return {
            "file": str(self.path), "at": self.at.isoformat(), "owner": self.owner, "revision": self.before,
            "made_for": self.after, "bytes": self.bytes,
        }  # fmt: skip


def copy_database(database: Database, target: Path) -> None:
    """Copy the whole database into a file of ours, as it is at one moment, while others work with it.

    Raises:
        OSError, sqlite3.Error, subprocess.SubprocessError: it could not be copied.
    """
    if database.file is not None:
        with closing(sqlite3.connect(database.file)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
        return
    command, environment = postgres_program(database, PG_DUMP)
    done = subprocess.run(
        [*command, "--format=custom", f"--file={target}"], stdin=subprocess.DEVNULL, capture_output=True,
        env=environment, timeout=DUMP_SECONDS, check=False,
    )  # fmt: skip
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()[-400:]
        raise subprocess.SubprocessError(f"{PG_DUMP} failed: {said}")


def postgres_program(database: Database, program: str) -> tuple[list[str], dict[str, str]]:
    """A program of PostgreSQL that works on our database: its command line and environment."""
    url = database.engine.url
    # Without a password: command lines are for all to see.
    plain = url.set(drivername="postgresql", password=None).render_as_string()
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    return [program, "--no-password", f"--dbname={plain}"], environment


class Backups:
    """The folder of them."""

    def __init__(self, database: Database, folder: Path | None = None, keep: int = KEPT) -> None:
        """`folder` is made when it is needed; by default `backups` beside the SQLite file, and none of a server."""
        self._database, self._keep = database, keep
        self.folder = folder or (database.file.parent / FOLDER if database.file is not None else None)

    def make(self, owner: str, before: str | None, after: str) -> Path | None:
        """Keep the database as it is now. The caller must hold off other writers where the copy has to be exact.

        Returns:
            The file; None where there is nothing to lose, or no program that could make one (which is logged).

        Raises:
            StorageError: it could not be made; nothing has changed.
        """
        if self.folder is None or not inspect(self._database.engine).get_table_names():
            return None
        if self._database.file is None and not shutil.which(PG_DUMP):
            log.warning("backup.none", owner=owner, what="no pg_dump here: apt install postgresql-client")
            return None
        suffix = "dump" if self._database.file is None else "db"
        stamp = datetime.now(UTC).strftime(_STAMP)
        target = self.folder / f"{stamp}-{owner}-{before or 'nothing'}-to-{after}.{suffix}"
        part = target.with_suffix(".part")
        try:
            self.folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            if not self._share(owner, target):
                os.close(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600))
                copy_database(self._database, part)
                part.replace(target)
                with _lock:
                    _last[self._key] = (time.monotonic(), target, {owner})
        except (OSError, sqlite3.Error, subprocess.SubprocessError) as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise StorageError(f"no back-up could be made in {self.folder}: {error}. Make room there") from error
        self._forget_old()
        log.info("backup.made", owner=owner, file=str(target))
        return target

    def _share(self, owner: str, target: Path) -> bool:
        """Whether the last one was just made by this process, for others; then it has this name too."""
        with _lock:
            made, path, owners = _last.get(self._key, (-SHARED_SECONDS, target, {owner}))
            if owner in owners or time.monotonic() - made >= SHARED_SECONDS or path.parent != self.folder:
                return False
            owners.add(owner)
        try:
            target.hardlink_to(path)
        except OSError:
            return False
        return True

    @property
    def _key(self) -> str:
        return self._database.engine.url.render_as_string()

    def found(self, owner: str = "") -> list[Backup]:
        """Those that are there, newest first; of one owner, or of all."""
        rows = []
        with suppress(OSError):
            for path in self.folder.iterdir() if self.folder else ():
                match = _NAME.fullmatch(path.name)
                if match is None or (owner and match["owner"] != owner):
                    continue
                at = datetime.strptime(match["at"], _STAMP).replace(tzinfo=UTC)
                rows.append(Backup(path, at, match["owner"], match["before"], match["after"], path.stat().st_size))
        return sorted(rows, key=lambda row: (row.at, row.path.name), reverse=True)

    def _forget_old(self) -> None:
        """Names of one file are one back-up."""
        kept: set[int] = set()
        for backup in self.found():
            with suppress(OSError):
                number = backup.path.stat().st_ino
                if number not in kept and len(kept) >= self._keep:
                    backup.path.unlink()
                else:
                    kept.add(number)
