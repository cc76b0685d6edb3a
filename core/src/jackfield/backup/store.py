"""The folder of back-ups: what is there, and which are kept."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from jackfield.backup import archive
from jackfield.backup.manifest import BackupError, Manifest, stamp
from jackfield.i18n import gettext_for
from jackfield.storage.backups import FOLDER

_ = gettext_for("jackfield")
_NAME = re.compile(r"(?P<at>\d{8}T\d{6}Z)-(?P<why>daily|hand|before|brought)(-\d{1,3})?")
SUFFIX = ".tar.gz"
KEPT_BEFORE = 3
"""Of those that are made before a restore, so many are kept."""


class Why(StrEnum):
    """What a back-up was made for."""

    DAILY = "daily"
    HAND = "hand"
    BEFORE = "before"
    BROUGHT = "brought"


class Scope(StrEnum):
    """What of a back-up is restored."""

    SITE = "site"
    """Trunks, routes, phones, queues …, their sounds and the hand-written files. Records stay as they are."""
    ALL = "all"
    """That, and call records, states, alarms, certificates, recordings: all as it was then."""


@dataclass(frozen=True, slots=True)
class Found:
    """A back-up in the folder, by its name alone."""

    name: str
    at: datetime
    why: Why
    bytes: int

    def as_json(self) -> dict[str, Any]:
        """For the CLI and the console."""
        return {"name": self.name, "at": self.at.isoformat(), "why": str(self.why), "bytes": self.bytes}


class Store:
    """Back-ups in `backups` of the state folder, beside those that migrations make."""

    def __init__(self, state: Path) -> None:
        self.folder = state / FOLDER

    def found(self) -> list[Found]:
        """All, newest first."""
        rows = []
        with suppress(OSError):
            for path in self.folder.iterdir():
                match = _NAME.fullmatch(path.name.removesuffix(SUFFIX)) if path.name.endswith(SUFFIX) else None
                if match is None or path.is_symlink():
                    continue
                at = datetime.strptime(match["at"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
                rows.append(Found(path.name.removesuffix(SUFFIX), at, Why(match["why"]), path.stat().st_size))
        return sorted(rows, key=lambda row: (row.at, row.name), reverse=True)

    def path(self, name: str) -> Path:
        """Where a back-up is.

        Raises:
            BackupError: there is none of that name.
        """
        path = self.folder / f"{name}{SUFFIX}"
        if not _NAME.fullmatch(name) or path.is_symlink() or not path.is_file():
            raise BackupError(_("there is no back-up {name}; see: jackfield backup list").format(name=repr(name[:80])))
        return path

    def new(self, why: Why, at: datetime) -> tuple[str, Path]:
        """A name that is free, and its path; makes the folder."""
        self.folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        plain = f"{stamp(at)}-{why}"
        for name in [plain, *(f"{plain}-{number}" for number in range(2, 1000))]:
            if not (path := self.folder / f"{name}{SUFFIX}").exists():
                return name, path
        raise BackupError(_("too many back-ups were made in one second"))

    def read(self, name: str, sink: archive.Sink | None = None, progress: archive.Progress | None = None) -> Manifest:
        """Read a back-up to its end and check all of it; raises as `archive.read`."""
        try:
            return archive.read(self.path(name), sink, progress or (lambda *told: None))
        except BackupError as error:
            raise BackupError(f"{name}: {error}") from error

    def peek(self, name: str) -> Manifest:
        """What a back-up says of itself, unchecked; raises as `archive.read`."""
        try:
            return archive.peek(self.path(name))
        except BackupError as error:
            raise BackupError(f"{name}: {error}") from error

    def remove(self, name: str) -> None:
        """Remove one. Raises BackupError: there is none of that name."""
        self.path(name).unlink(missing_ok=True)

    def forget_old(self, why: Why, keep: int) -> None:
        """Of those that were made for this, keep the newest."""
        for row in [row for row in self.found() if row.why is why][keep:]:
            with suppress(OSError, BackupError):
                self.remove(row.name)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A folder for our own use, gone at the end. One that a killed process left is swept away."""
        self.folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        folder = self.folder / f".work-{secrets.token_hex(8)}"
        for old in self.folder.glob(".work-*"):
            if datetime.now().timestamp() - old.stat().st_mtime > 86400:
                shutil.rmtree(old, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def refuse_without_room(self, wanted: int) -> None:
        """Raise BackupError when the disk has not got so many bytes to spare."""
        free = shutil.disk_usage(self.folder).free
        if free < wanted:
            raise BackupError(
                _("{wanted} MB are needed in {folder}, and {free} MB are free; make room there").format(
                    wanted=wanted // 1_000_000 + 1, folder=self.folder, free=free // 1_000_000
                )
            )
