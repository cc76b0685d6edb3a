"""Control methods about plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from jackfield.control.method import Method, Role
from jackfield.errors import JackfieldError
from jackfield.plugins.info import describe

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
        return describe(host, host.statuses[plugin], daemon.database)

    def enable(plugin: Plugin) -> dict[str, Any]:
        """Switch a plugin on, also after restarts; one that failed or was shut off is tried anew."""
        host.enable(plugin)
        daemon.reload_plugins()
        return info(plugin)

    def disable(plugin: Plugin) -> dict[str, Any]:
        """Switch a plugin off, also after restarts. Its callers who wait go to their fallback, others finish."""
        host.disable(plugin)
        daemon.reload_plugins()
        return info(plugin)

    return [
        Method("plugins", listed, Role.VIEWER),
        Method("plugins.info", info, Role.VIEWER),
        Method("plugins.enable", enable, Role.ADMIN, change=True, object="{plugin}"),
        Method("plugins.disable", disable, Role.ADMIN, change=True, object="{plugin}"),
        Method("plugins.reload", daemon.reload_plugins, Role.ADMIN, change=True),
    ]
