"""Whose code it is that logs a line: the innermost function on the stack that is a plugin's."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from typing import Any

DEPTH = 40
"""Frames that are looked at; a plugin's function is seldom further away."""
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
