"""What is typed and not saved, kept on disk: a console that is killed, or whose line is cut, loses nothing of it.

Each console has a folder of its own under `$XDG_STATE_HOME/jackfield/console` and holds a lock in it. The kernel drops
the lock when the process ends, however it ends: so the next console finds what was left behind. Secrets are not kept.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

LOCK = "lock"
MOST = 1 << 20
"""Bytes of a file that is read: a form is smaller by far."""


@dataclass(frozen=True)
class Kept:
    """A form that was left with unsaved fields: field id → text as typed."""

    kind: str
    name: str
    revision: int
    texts: Mapping[str, str]
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    """When the last letter came, UTC."""


def state_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Where consoles keep things (XDG Base Directory Specification: a path that is not absolute is ignored)."""
    found = Path((os.environ if environment is None else environment).get("XDG_STATE_HOME", ""))
    return (found if found.is_absolute() else Path.home() / ".local/state") / "jackfield" / "console"


class Keeper:
    """What this console keeps. Where nothing can be written, nothing is kept, and nothing fails."""

    def __init__(self, base: Path | None = None) -> None:
        self._base = base or state_folder()
        self._folder: Path | None = None
        self._lock = -1

    def keep(self, form: int, kept: Kept) -> None:
        """Put a form's unsaved texts on disk, in place of what was there of it."""
        try:
            folder = self._mine()
            handle, written = tempfile.mkstemp(dir=folder, suffix=".new")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(asdict(kept), file)
            Path(written).replace(folder / f"{form}.json")
        except OSError:
            return

    def forget(self, form: int) -> None:
        """It is saved, or its person has given it up."""
        if self._folder is not None:
            (self._folder / f"{form}.json").unlink(missing_ok=True)

    def close(self) -> None:
        """The console ends in order: nothing is left that it does not want."""
        if self._folder is not None and not list(self._folder.glob("*.json")):
            shutil.rmtree(self._folder, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
        self._folder, self._lock = None, -1

    def left_behind(self) -> list[tuple[Path, Kept]]:
        """Forms of consoles that are gone, the oldest first, each with its file."""
        found = []
        for folder in sorted(self._base.glob("*/")):
            if folder == self._folder or not _is_left(folder):
                continue
            files = sorted(folder.glob("*.json"))
            found += [(file, kept) for file in files if (kept := _read(file)) is not None]
            if not files:
                shutil.rmtree(folder, ignore_errors=True)
        return sorted(found, key=lambda each: each[1].at)

    def _mine(self) -> Path:
        if self._folder is None:
            self._base.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder = Path(tempfile.mkdtemp(dir=self._base))
            self._lock = os.open(self._folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return self._folder


def _is_left(folder: Path) -> bool:
    try:
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False  # it begins just now, or is not ours
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True


def _read(file: Path) -> Kept | None:
    try:
        if file.stat().st_size > MOST:
            return None
        found = json.loads(file.read_text(encoding="utf-8"))
        texts = {str(key): str(value) for key, value in found["texts"].items()}
        return Kept(str(found["kind"]), str(found["name"]), int(found["revision"]), texts, str(found["at"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
