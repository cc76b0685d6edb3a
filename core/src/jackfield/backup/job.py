"""The daily back-up, in the worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jackfield.jobs.job import Job
from jackfield.jobs.progress import report_progress
from jackfield.schedules.schedule import Schedule
from jackfield.settings import BackupSettings, load

if TYPE_CHECKING:
    from jackfield.storage.engine import Database

NAME = "core-backup"
AUTHOR = "daily"


def job() -> Job:
    """A job that failed is tried again, and at last raises an alarm, as any does."""
    return Job(NAME, run, retries=3, timeout=6 * 3600)


def schedules(settings: BackupSettings) -> list[Schedule]:
    """When it is made; never, where the settings say so."""
    hour, minute = settings.at.split(":")
    return [Schedule("core.backup", NAME, at=f"{int(minute)} {int(hour)} * * *")] if settings.daily else []


def run(database: Database, _payload: Mapping[str, Any]) -> None:
    """Make the back-up of the day."""
    # Here, because the daemon has this module too and needs none of it.
    from jackfield.backup.make import Maker
    from jackfield.backup.store import Why
    from jackfield.config.workspace import Workspace
    from jackfield.plugins import PluginHost

    settings = load()
    host = PluginHost(settings)
    host.load()
    maker = Maker(Workspace(settings, host, database, author=AUTHOR), database, settings)

    def told(done: int, total: int, what: str) -> None:
        report_progress(100 * done / max(total, 1), what)

    maker.make(Why.DAILY, AUTHOR, recordings=settings.backup.recordings, progress=told)
