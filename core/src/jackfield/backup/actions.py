"""What takes long with back-ups, as functions of plain JSON; run in a process beside the daemon, and by the CLI."""

from __future__ import annotations

from typing import Any

from jackfield.backup.archive import Progress
from jackfield.backup.make import Maker
from jackfield.backup.manifest import described
from jackfield.backup.restore import Restorer
from jackfield.backup.store import Scope, Store, Why
from jackfield.config.workspace import Workspace
from jackfield.plugins import PluginHost
from jackfield.settings import Settings
from jackfield.storage.engine import Database

NAMES = frozenset({"backup_create", "backup_verify", "backup_restore"})


class BackupActions:
    """The actions on one box; errors are those of `Maker` and `Restorer`."""

    def __init__(
        self,
        workspace: Workspace,
        host: PluginHost,
        database: Database,
        settings: Settings,
        author: str,
        progress: Progress | None = None,
    ) -> None:
        """`progress` is told of each file."""
        self._workspace, self._host, self._database = workspace, host, database
        self._settings, self._author = settings, author
        self._progress: Progress = progress or (lambda *told: None)

    def run(self, name: str, params: dict[str, Any]) -> Any:
        """Do one of `NAMES`; the answer is plain JSON."""
        return getattr(self, name.removeprefix("backup_"))(**params)

    def create(self, recordings: bool) -> dict[str, Any]:
        """Make a back-up."""
        maker = Maker(self._workspace, self._database, self._settings)
        name = maker.make(Why.HAND, self._author, recordings=recordings, progress=self._progress)
        return described(name, maker.store.peek(name))

    def verify(self, name: str) -> dict[str, Any]:
        """Read a back-up to its end and compare every checksum."""
        return described(name, Store(self._settings.paths.state).read(name, progress=self._progress))

    def restore(self, name: str, scope: str) -> dict[str, Any]:
        """Restore a back-up."""
        restorer = Restorer(self._workspace, self._host, self._database, self._settings)
        return restorer.restore(name, Scope(scope), self._author, self._progress).as_json()
