"""Restoring: the site alone as a new generation, or with it everything that the database and the folders held."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from jackfield.backup import archive, database
from jackfield.backup.make import Maker, files_below
from jackfield.backup.manifest import DRAFT, SETTINGS, SITE, BackupError, Manifest
from jackfield.backup.store import Scope, Why
from jackfield.config.draft import Bodies, bodies_from
from jackfield.config.files import make_folder, write_file
from jackfield.config.workspace import Workspace
from jackfield.errors import JackfieldError
from jackfield.i18n import gettext_for
from jackfield.plugins import PluginHost
from jackfield.settings import Settings
from jackfield.storage.engine import Database

_ = gettext_for("jackfield")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done."""

    name: str
    scope: Scope
    before: str
    """The back-up that was made of what was there."""
    generation: int | None
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For the CLI and the console."""
        return {"name": self.name, "scope": str(self.scope), "before": self.before, "generation": self.generation,
                "notes": self.notes}  # fmt: skip


class Restorer:
    """Restores back-ups on this box."""

    def __init__(self, workspace: Workspace, host: PluginHost, data: Database, settings: Settings) -> None:
        self._workspace, self._host, self._database, self._settings = workspace, host, data, settings
        self._maker = Maker(workspace, data, settings)
        self._store = self._maker.store

    def restore(self, name: str, scope: Scope, author: str, progress: archive.Progress) -> Restored:
        """Check a back-up to its end, keep what is here in another one, then restore it and put its site in force.

        Raises:
            BackupError, SiteError: it cannot be restored here, and nothing has changed; or the message names the
                back-up of what was there before: then Asterisk has refused the site, what was in force is in force
                again, and of `Scope.ALL` database and folders are restored.
            OSError, SiteBusy: no room; somebody else changes the site. Nothing has changed.
        """
        with self._store.staging() as folder:
            self._store.refuse_without_room(self._store.path(name).stat().st_size)
            manifest = self._store.read(name, archive.into(folder), progress)
            site, draft = self._look(manifest, folder, scope)
            before = self._maker.make(Why.BEFORE, author, recordings=False, progress=progress)
            notes = []
            if scope is Scope.ALL:
                copy = folder / database.file_name(self._database)
                database.Restoring(self._database, self._host, copy).run(manifest.made_at)
            try:
                notes += self._put_files(manifest, folder, scope)
                generation = self._put_site(name, site, draft)
            except (JackfieldError, OSError) as error:
                if scope is Scope.SITE:
                    self._back(before)
                text = _("{error} (what was here before is in the back-up {before})")
                raise BackupError(text.format(error=error, before=before)) from error
            if manifest.has(SETTINGS):
                notes.append(_("the settings of the box are in the archive, as {file}, and were left as they are here")
                             .format(file=SETTINGS))  # fmt: skip
        log.info("backup.restored", backup=name, scope=str(scope), before=before, generation=generation)
        return Restored(name, scope, before, generation, notes)

    # -- before anything changes -----------------------------------------------------------------------------------

    def _look(self, manifest: Manifest, folder: Path, scope: Scope) -> tuple[Bodies | None, Bodies]:
        """The site in force then and the draft, once it is sure that they can be restored here."""
        database.refuse_newer(manifest, self._host)
        if scope is Scope.ALL and manifest.database != database.kind_of(self._database):
            raise BackupError(
                _("its database is of {theirs}, the one here of {ours}; restore the site alone").format(
                    theirs=manifest.database, ours=database.kind_of(self._database)
                )
            )
        needed = [DRAFT] + ([database.file_name(self._database)] if scope is Scope.ALL else [])
        if lacking := [each for each in needed if not manifest.has(each)]:
            raise BackupError(_("it lacks {names}; it is no whole back-up").format(names=", ".join(lacking)))
        draft = _bodies(folder / DRAFT)
        site = _bodies(folder / SITE) if manifest.has(SITE) else None
        self._workspace.refuse_mistakes(draft if site is None else site, folder / "custom")
        return site, draft

    # -- changing --------------------------------------------------------------------------------------------------

    def _put_files(self, manifest: Manifest, folder: Path, scope: Scope) -> list[str]:
        paths, state = self._workspace.paths, self._settings.paths.state
        _add_missing(folder / "prompts", paths.sources)
        notes = []
        if _replace(folder / "custom", paths.custom):
            notes.append(_("hand-written files of Asterisk have changed: restart Asterisk when no call is on"))
        if scope is Scope.ALL:
            if (folder / "tls").is_dir() and _replace(folder / "tls", paths.certificate.parent):
                notes.append(_("certificates have changed: restart Asterisk when no call is on"))
            if manifest.recordings:
                _add_missing(folder / "recordings", state / "recordings")
        return notes

    def _put_site(self, name: str, site: Bodies | None, draft: Bodies) -> int | None:
        reason = f"restore {name}"
        if site is not None:
            self._workspace.replace(site, reason)
            self._workspace.apply(reason, force=True)
        if draft != site:
            self._workspace.replace(draft, f"{reason}: the draft", check=False)
        return self._workspace.generations.current()

    def _back(self, before: str) -> None:
        """The draft and the hand-written files as they were a moment ago."""
        with self._store.staging() as folder:
            self._store.read(before, archive.into(folder))
            _replace(folder / "custom", self._workspace.paths.custom)
            self._workspace.replace(_bodies(folder / DRAFT), f"back to {before}", check=False)


def _bodies(path: Path) -> Bodies:
    try:
        return bodies_from(path.read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(_("the site in it cannot be read: {error}").format(error=repr(error))) from error


def _add_missing(source: Path, target: Path) -> None:
    """Files that are named by what is in them, or by whose they are: one that is there already is the same."""
    for path in sorted(source.rglob("*")):
        there = target / path.relative_to(source)
        if path.is_file() and not there.exists():
            make_folder(there.parent)
            path.chmod(0o640)
            shutil.move(path, there)


def _replace(source: Path, target: Path) -> bool:
    """Make a folder hold what another one holds; whether anything has changed. What no back-up takes in stays."""
    wanted, there = ({name.partition("/")[2]: path for name, path in files_below("custom", folder)}
                     for folder in (source, target))  # fmt: skip
    changed = False
    for name, path in wanted.items():
        data = path.read_bytes()
        if name not in there or there[name].read_bytes() != data:
            make_folder((target / name).parent)
            mode = there[name].stat().st_mode & 0o777 if name in there else 0o640
            write_file(target / name, data, mode)
            changed = True
    for name in there.keys() - wanted.keys():
        there[name].unlink()
        changed = True
    return changed
