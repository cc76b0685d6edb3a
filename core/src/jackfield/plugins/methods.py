"""Control methods about plugins."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AwareDatetime, Field

from jackfield import plugin_names
from jackfield.control.method import Method, Role
from jackfield.errors import JackfieldError
from jackfield.plugins.check import check as check_plugin
from jackfield.plugins.info import describe
from jackfield.plugins.tables import backups_of

if TYPE_CHECKING:
    from jackfield.daemon import Daemon

Plugin = Annotated[str, Field(max_length=64, description="Name of the plugin")]


def methods(daemon: Daemon) -> list[Method]:
    """What the command `jackfield plugins` asks."""
    host = daemon.host

    def listed() -> list[dict[str, Any]]:
        """Plugins, and why one is not at work."""
        return [each.describe() for each in host.statuses.values()]

    def info(plugin: Plugin) -> dict[str, Any]:
        """What a plugin is, brings, costs and did wrong."""
        if plugin not in host.statuses:
            raise JackfieldError(f"no plugin {plugin[:40]!r}; there are: {', '.join(sorted(host.statuses))}")
        return describe(host, host.statuses[plugin], daemon.database, backups_of(daemon.database, daemon.settings))

    def enable(plugin: Plugin) -> dict[str, Any]:
        """Switch a plugin on, also after restarts; one that failed or was shut off is tried anew."""
        host.enable(plugin)
        daemon.serving.reload_plugins()
        return info(plugin)

    def disable(plugin: Plugin) -> dict[str, Any]:
        """Switch a plugin off, also after restarts. Its callers who wait go to their fallback, others finish."""
        host.disable(plugin)
        daemon.serving.reload_plugins()
        return info(plugin)

    def check(plugin: Plugin) -> dict[str, Any]:
        """Load a plugin in a process of its own; `problems` says what is wrong with it."""
        return check_plugin(plugin)

    def log(
        plugin: Plugin,
        since: Annotated[AwareDatetime | None, Field(description="From when; with a zone")] = None,
        lines: Annotated[int, Field(ge=1, le=1000, description="How many at most, the last ones")] = 200,
    ) -> list[dict[str, Any]]:
        """What was logged by and about a plugin since the daemon began; the journal has more."""
        found = [{key: _plain(value) for key, value in line.items()} for line in plugin_names.recent(plugin)]
        begin = since.astimezone(UTC).isoformat() if since else ""
        return [line for line in found if str(line.get("timestamp", "")) >= begin][-lines:]

    return [
        Method("plugins", listed, Role.VIEWER),
        Method("plugins.info", info, Role.VIEWER),
        Method("plugins.check", check, Role.ADMIN, object="{plugin}"),
        Method("plugins.log", log, Role.OPERATOR, personal=True, object="{plugin}"),
        Method("plugins.enable", enable, Role.ADMIN, change=True, object="{plugin}"),
        Method("plugins.disable", disable, Role.ADMIN, change=True, object="{plugin}"),
        Method("plugins.reload", daemon.serving.reload_plugins, Role.ADMIN, change=True),
    ]


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
