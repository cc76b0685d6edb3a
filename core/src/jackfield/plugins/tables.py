"""Brings the tables of plugins up to date: each for itself, within a time, and never those of somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jackfield.errors import JackfieldError
from jackfield.settings import Settings
from jackfield.storage import migrate
from jackfield.storage.backups import FOLDER, Backups
from jackfield.storage.engine import Database

if TYPE_CHECKING:
    from jackfield.plugins.host import PluginHost


def backups_of(database: Database, settings: Settings) -> Backups:
    """The box's back-ups of its database."""
    return Backups(database, settings.paths.state / FOLDER, settings.backups)


def migrate_core(database: Database, settings: Settings) -> list[str]:
    """Bring core's tables up to date; as `migrate.migrate`."""
    how = migrate.How(settings.paths.state / FOLDER, settings.backups)
    return migrate.migrate(database, [migrate.CORE], how)


def migrate_plugins(host: PluginHost, database: Database, settings: Settings) -> tuple[list[str], dict[str, str]]:
    """Bring the tables of all plugins up to date.

    Returns:
        A sentence for each that was behind; and `{plugin: why}` of those whose tables stay as they were.
    """
    how = migrate.How(
        settings.paths.state / FOLDER,
        settings.backups,
        settings.isolation.migration_seconds,
        lambda: host.statuses,
        lambda owner, thread: host.strays.note(owner, thread, "its migration"),
    )
    done, failed = list[str](), dict[str, str]()
    for name, models in host.call("jackfield_models"):
        try:
            if models.owner != name:
                raise JackfieldError(f"its tables are declared for {models.owner!r}; they must be Models({name!r}, …)")
            done += migrate.migrate(database, [models], how)
        except JackfieldError as error:
            failed[name] = str(error)
    return done, failed
