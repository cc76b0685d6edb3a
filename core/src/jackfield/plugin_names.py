"""Whose code it is that logs a line: the innermost function on the stack that is a plugin's; and their last lines."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import MutableMapping
from typing import Any

DEPTH = 40
"""Frames that are looked at; a plugin's function is seldom further away."""
KEPT_LINES = 200
"""Lines of the log that are kept of each plugin; the journal has all."""
_recent: dict[str, deque[dict[str, Any]]] = {}
_owners: dict[str, str] = {}
"""Top-level package → plugin."""


def know(package: str, plugin: str) -> None:
    """Code below `package` is `plugin`'s."""
    if package not in ("", "jackfield"):
        _owners[package] = plugin


def tag(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """For structlog: add the name of the plugin whose code logs, or in whose code core's logs."""
    if not _owners or "plugin" in event:
        return event
    frame = sys._getframe(1)
    for _ in range(DEPTH):
        package = frame.f_globals.get("__name__", "").partition(".")[0]
        if package in _owners:
            event["plugin"] = _owners[package]
            break
        if frame.f_back is None:
            break
        frame = frame.f_back
    return event


def keep(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """For structlog, when the line is complete: remember it if it is a plugin's."""
    plugin = event.get("plugin")
    if isinstance(plugin, str) and (plugin in _recent or len(_recent) < 1000):
        _recent.setdefault(plugin, deque(maxlen=KEPT_LINES)).append(dict(event))
    return event


def recent(plugin: str) -> list[dict[str, Any]]:
    """The last lines about a plugin, since this process began."""
    return list(_recent.get(plugin, ()))
