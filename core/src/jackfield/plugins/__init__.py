"""Plugins: found, loaded, guarded, called, and accounted for."""

from __future__ import annotations

from jackfield.plugins.host import FAULT_WINDOW, PluginHost
from jackfield.plugins.loading import API, GROUP
from jackfield.plugins.status import State, Status

__all__ = ["API", "FAULT_WINDOW", "GROUP", "PluginHost", "State", "Status"]
