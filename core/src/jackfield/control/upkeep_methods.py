"""Methods about the database and plugins' tables, and what a phone needs: feature codes, accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from jackfield.config.provisioning import accounts_of
from jackfield.control.method import Method, Role
from jackfield.plugins.purge import purge_plugin
from jackfield.plugins.tables import migrate_core, migrate_plugins

if TYPE_CHECKING:
    from jackfield.calls.service import CallService
    from jackfield.plugins import PluginHost
    from jackfield.settings import Settings
    from jackfield.storage.engine import Database

Extension = Annotated[str, Field(min_length=1, max_length=40, description="As in 201")]


def methods(host: PluginHost, database: Database, calls: CallService, settings: Settings) -> list[Method]:
    """Control methods."""

    def bring_up_to_date(
        core: Annotated[bool, Field(description="Core's tables alone")] = False,
    ) -> dict[str, Any]:
        """Bring the tables of core and of the plugins up to date, after a back-up."""
        done = migrate_core(database, settings)
        more, failed = ([], {}) if core else migrate_plugins(host, database, settings)
        return {"done": done + more, "failed": failed}

    def purged(
        plugin: Annotated[str, Field(max_length=64, description="A plugin that is not installed, or switched off")],
    ) -> dict[str, Any]:
        """Remove what a plugin left: tables, jobs, schedules, folders. Its objects of the site stay in the draft."""
        return purge_plugin(host, database, settings, plugin).as_json()

    def phone(
        extension: Extension,
        address: Annotated[str | None, Field(max_length=255, description="The server as phones reach it")] = None,
    ) -> list[dict[str, str]]:
        """What to enter into the phones of an extension: its accounts, with their passwords."""
        return accounts_of(calls.site, extension, address)

    return [
        Method("migrate", bring_up_to_date, change=True),
        Method("plugins.purge", purged, change=True, object="{plugin}"),
        Method("phone.show", phone, personal=True, object="{extension}"),
        Method("codes", lambda: codes(host), Role.VIEWER, summary="What people can dial at their phones"),
    ]


def codes(host: PluginHost) -> list[dict[str, str]]:
    """The feature codes of core and of the plugins."""
    return [
        {"code": code.code + ("…" if code.rest else ""), "what": str(code.title), "destination": code.destination}
        for code in sorted(host.feature_codes(), key=lambda one: one.code)
    ]
