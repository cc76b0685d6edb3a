"""Everything that a plugin leaves behind when its package is gone, and its end."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, delete, func, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.elements import ColumnElement

from jackfield.errors import JackfieldError
from jackfield.jobs.models import JobState, OutboxRow, ScheduleRow
from jackfield.plugins.status import State
from jackfield.plugins.tables import backups_of
from jackfield.settings import Settings
from jackfield.storage.engine import Database
from jackfield.storage.errors import StorageError
from jackfield.storage.purge import owned, purge

if TYPE_CHECKING:
    from jackfield.plugins.host import PluginHost

_JOBS: Table = OutboxRow.__table__  # type: ignore[attr-defined]
_SCHEDULES: Table = ScheduleRow.__table__  # type: ignore[attr-defined]
FOLDER = "plugins"


@dataclass(frozen=True, slots=True)
class Remains:
    """What there is of a plugin."""

    tables: list[str]
    jobs: int
    """Rows of its jobs, done or not; one that runs is left alone."""
    schedules: int
    folders: list[str]
    switched_off: bool
    settings: bool
    """`[plugins.NAME]` is in the settings file, which is the administrator's: it stays."""
    backups: list[str]
    """Files with its tables of former times; they go as newer ones come."""

    def anything(self) -> bool:
        """Whether there is something that a purge takes."""
        return bool(self.tables or self.jobs or self.schedules or self.folders or self.switched_off)

    def as_json(self) -> dict[str, Any]:
        """For the CLI and the console."""
        return asdict(self)


def remains(host: PluginHost, database: Database, settings: Settings, plugin: str) -> Remains:
    """What a purge would take. Site objects of its kinds are configuration, and stay in the draft.

    Raises:
        JackfieldError: it is at work, or that is no plugin's name.
        StorageError: the database cannot be read.
    """
    status = host.statuses.get(plugin)
    if status is not None and status.state is not State.DISABLED:
        raise JackfieldError(
            f"plugin {plugin} is at work; switch it off first: jackfield plugins disable {plugin} "
            f"(or purge its package: apt purge jackfield-plugin-{plugin})"
        )
    tables = owned(database, plugin)
    try:
        with database.engine.connect() as connection:
            jobs = connection.execute(select(func.count()).select_from(_JOBS).where(*_its_jobs(plugin))).scalar_one()
            named = select(func.count()).select_from(_SCHEDULES).where(_its(_SCHEDULES, plugin))
            schedules = connection.execute(named).scalar_one()
    except SQLAlchemyError as error:
        raise StorageError(f"the jobs of {plugin} cannot be looked at: {error}") from error
    return Remains(
        tables,
        jobs,
        schedules,
        [str(folder) for folder in _folders(settings, plugin) if folder.is_dir()],
        plugin in host.off.names(),
        plugin in settings.plugins,
        [backup.path.name for backup in backups_of(database, settings).found(plugin)],
    )


def purge_plugin(host: PluginHost, database: Database, settings: Settings, plugin: str) -> Remains:
    """Take all of it: tables, jobs, schedules, folders, the note that it is switched off. What was there before.

    Raises:
        JackfieldError: as `remains`; or a folder cannot be removed: its tables are gone then, try again.
        StorageError: the database refused; nothing has changed, or its tables alone are gone.
    """
    found = remains(host, database, settings, plugin)
    purge(database, plugin)
    try:
        with database.engine.begin() as connection:
            connection.execute(delete(_JOBS).where(*_its_jobs(plugin)))
            connection.execute(delete(_SCHEDULES).where(_its(_SCHEDULES, plugin)))
    except SQLAlchemyError as error:
        raise StorageError(f"the jobs of {plugin} cannot be removed: {error}") from error
    for folder in found.folders:
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise JackfieldError(f"{folder} cannot be removed ({error.strerror}); try again") from error
    if found.switched_off:
        host.off.discard(plugin)
    return found


def _its(table: Table, plugin: str) -> ColumnElement[bool]:
    """Rows whose name is the plugin's, or begins with it and a dot or dash."""
    name = table.c.name
    return or_(name == plugin, *(name.startswith(plugin + mark, autoescape=True) for mark in ".-"))


def _its_jobs(plugin: str) -> tuple[ColumnElement[bool], ...]:
    return _its(_JOBS, plugin), _JOBS.c.state != JobState.RUNNING


def _folders(settings: Settings, plugin: str) -> list[Path]:
    """Where a plugin keeps files: `plugins/NAME` below the state and the spool folder."""
    return [folder / FOLDER / plugin for folder in (settings.paths.state, settings.paths.spool)]
