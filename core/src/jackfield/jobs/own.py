"""Core's own jobs and schedules."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jackfield.alarms import senders
from jackfield.backup import job as backup
from jackfield.jobs.job import Job
from jackfield.schedules.schedule import Schedule
from jackfield.settings import BackupSettings
from jackfield.storage.engine import Database

KEEP_TAKES = 7 * 86400
"""Seconds that a recording of `call.record` stays in its folder when no plugin takes it."""


def own_jobs() -> list[Job]:
    """All of core's jobs."""
    return [*senders.jobs(), Job("core-sweep-takes", sweep_takes), backup.job()]


def own_schedules(takes: Path, backups: BackupSettings) -> list[Schedule]:
    """All of core's schedules; `takes` is the folder of what `call.record` takes down."""
    sweep = Schedule("core.takes", "core-sweep-takes", at="17 4 * * *", payload={"folder": str(takes)})
    return [sweep, *backup.schedules(backups)]


def sweep_takes(database: Database, payload: Mapping[str, Any]) -> None:
    """Remove recordings that nobody has taken."""
    old = time.time() - KEEP_TAKES
    for path in Path(payload["folder"]).glob("*.wav"):
        if path.stat().st_mtime < old:
            path.unlink(missing_ok=True)
