"""The box itself: plugins, jobs, audit log, users, services."""

from __future__ import annotations

from jackfield_admintui.screens import Entry, Group
from jackfield_admintui.texts import N_

_HERE = "jackfield_admintui.ops"
ENTRIES = [
    Entry("plugins", N_("Plugins"), f"{_HERE}.plugins:Plugins", Group.SYSTEM, "p", "plugins"),
    Entry("services", N_("Services"), f"{_HERE}.services:Services", Group.SYSTEM, "y"),
]
