"""What has been: call records, recordings, searching."""

from __future__ import annotations

from jackfield_admintui.screens import Entry

ENTRIES: list[Entry] = []
