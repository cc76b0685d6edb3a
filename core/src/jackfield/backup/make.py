"""Making a back-up: what goes into it, and its archive."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import structlog

from jackfield.backup import archive, database
from jackfield.backup.manifest import DRAFT, MAX_FILES, SETTINGS, SITE, BackupError, Manifest, allowed
from jackfield.backup.store import KEPT_BEFORE, Store, Why
from jackfield.config.draft import to_json
from jackfield.config.generations import NoGeneration
from jackfield.config.lock import site_lock
from jackfield.config.site import Site
from jackfield.config.workspace import Workspace
from jackfield.i18n import gettext_for
from jackfield.settings import DEFAULT_FILE, Settings
from jackfield.storage.engine import Database

_ = gettext_for("jackfield")
log = structlog.get_logger(__name__)


class Maker:
    """Makes back-ups of this box.

    Not in them: `secrets.toml` and the rendered generations (what the daemon and this machine's Asterisk know of each
    other is made anew anywhere), generated prompts (made anew from the site), and recordings unless they are asked for.
    """

    def __init__(self, workspace: Workspace, data: Database, settings: Settings) -> None:
        self._workspace, self._database, self._settings = workspace, data, settings
        self.store = Store(settings.paths.state)

    def make(self, why: Why, author: str, *, recordings: bool, progress: archive.Progress) -> str:
        """Make one, and remove those that are too many of its sort; its name.

        Raises:
            BackupError, OSError, SiteBusy: it could not be made; nothing has changed.
        """
        at = datetime.now(UTC)
        with self.store.staging() as folder:
            sources, site = self._staged(folder, author)
            sources |= dict(self._files(recordings))
            if len(sources) > MAX_FILES:
                raise BackupError(_("there are too many files for one archive; leave the recordings out"))
            self.store.refuse_without_room(sum(path.stat().st_size for path in sources.values()) // 20 + 1_000_000)
            manifest = self._manifest(sources, at, author, recordings, site)
            name, path = self.store.new(why, at)
            archive.write(path, manifest, sources, progress)
        keep = {Why.DAILY: self._settings.backup.keep, Why.BEFORE: KEPT_BEFORE}
        if why in keep:
            self.store.forget_old(why, keep[why])
        return name

    def _staged(self, folder: Path, author: str) -> tuple[dict[str, Path], Site | None]:
        """The database, the draft and the site in force, as they are at one moment."""
        data = self._database
        if data.file is not None:
            self.store.refuse_without_room(data.file.stat().st_size + 1_000_000)
        staged = {database.file_name(data): folder / database.file_name(data), DRAFT: folder / DRAFT}
        with site_lock(self._workspace.paths.lock, author, "backup"):
            database.copy_to(data, staged[database.file_name(data)])
            (folder / DRAFT).write_text(to_json(self._workspace.drafts.bodies()))
            try:
                site = self._workspace.in_force()
            except NoGeneration as error:  # all the more reason to keep the rest
                log.warning("backup.without_site", error=str(error))
                site = None
            if site is not None:
                staged[SITE] = folder / SITE
                staged[SITE].write_text(self._workspace.generations.load(site.number).site_json)
        return staged, site

    def _files(self, recordings: bool) -> Iterator[tuple[str, Path]]:
        paths, state = self._workspace.paths, self._settings.paths.state
        folders = {"prompts": paths.sources, "custom": paths.custom, "tls": paths.certificate.parent}
        if recordings:
            folders["recordings"] = state / "recordings"
        for name, folder in folders.items():
            yield from files_below(name, folder)
        settings = Path(os.environ.get("JACKFIELD_SETTINGS", DEFAULT_FILE))
        if os.access(settings, os.R_OK):
            yield SETTINGS, settings

    def _manifest(
        self, sources: dict[str, Path], at: datetime, author: str, recordings: bool, site: Site | None
    ) -> Manifest:
        return Manifest(
            version=installed_version(),
            made_at=at,
            host=platform.node()[:255],
            title=(site.general.title if site else "")[:200],
            author=author[:64],
            generation=site.number if site else None,
            database="sqlite" if self._database.file is not None else "postgresql",
            revisions=database.revisions(self._database),
            recordings=recordings,
            files=[archive.entry_of(name, path) for name, path in sorted(sources.items())],
        )


def installed_version() -> str:
    """Of the package jackfield."""
    try:
        return version("jackfield")
    except PackageNotFoundError:
        return "0"


def files_below(name: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Plain files below a folder, each under its name in the archive; links and files being written are left out."""
    for path in sorted(folder.rglob("*")):
        inside = f"{name}/{path.relative_to(folder).as_posix()}"
        if path.is_file() and not path.is_symlink() and not path.name.startswith(".") and allowed(inside):
            yield inside, path
