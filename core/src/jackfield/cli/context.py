"""What commands work with: settings, plugins, database, workspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from jackfield.cli.privileges import author, become_service_user
from jackfield.errors import JackfieldError
from jackfield.i18n import gettext_for

_ = gettext_for("jackfield")

if TYPE_CHECKING:
    from jackfield.config.workspace import Workspace
    from jackfield.plugins import PluginHost
    from jackfield.settings import Settings
    from jackfield.storage.engine import Database

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@dataclass(frozen=True, slots=True)
class Context:
    """What a command needs."""

    settings: Settings
    host: PluginHost
    database: Database
    workspace: Workspace

    def plugin_warnings(self) -> list[str]:
        """A sentence for each plugin that is not at work."""
        from jackfield.plugins import State

        return [
            _("plugin {name} is left out ({state}): {reason}").format(name=s.name, state=s.state, reason=s.reason)
            for s in self.host.statuses.values()
            if s.state not in (State.ENABLED, State.DISABLED)
        ]


_opened: list[Context] = []


def forget() -> None:
    """A new command begins."""
    _opened.clear()


def opened() -> Context | None:
    """The context that the command has opened, if it has."""
    return _opened[-1] if _opened else None


def open_context(*, migrated: bool = True) -> Context:
    """Become the service's user, read the settings, load plugins, open the database.

    Raises:
        JackfieldError: something of that is not possible; the message says what to do.
    """
    # Imported here, because `jackfield status` and `--help` need none of it and should answer at once.
    from jackfield import log, settings
    from jackfield.config.workspace import Workspace
    from jackfield.plugins import PluginHost
    from jackfield.storage import migrate
    from jackfield.storage.engine import Database

    who = author()
    become_service_user()
    log.set_up("error")
    chosen = settings.load()
    host = PluginHost(chosen)
    host.load()
    database = Database(chosen.database)
    if migrated and not migrate.is_current(database, migrate.CORE):
        raise JackfieldError(_("the database is not up to date; run: jackfield migrate"))
    made = Context(chosen, host, database, Workspace(chosen, host, database, author=who))
    _opened.append(made)
    return made
