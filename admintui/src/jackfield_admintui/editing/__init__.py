"""Setting up: lists and forms of the site's objects, plan and apply."""

from __future__ import annotations

from jackfield_admintui.screens import Entry

ENTRIES: list[Entry] = []
