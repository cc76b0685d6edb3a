"""What has been: call records, recordings, searching."""

from __future__ import annotations

from jackfield_admintui.screens import Entry, Group
from jackfield_admintui.texts import N_

_HERE = "jackfield_admintui.records"
ENTRIES = [
    Entry("records", N_("Call records"), f"{_HERE}.calls:Records", Group.RECORDS, "r", "records.search"),
    Entry("recordings", N_("Recordings"), f"{_HERE}.recordings:Recordings", Group.RECORDS, "R", "recording.list"),
    Entry("call", N_("Call"), f"{_HERE}.call:CallScreen", Group.RECORDS, method="records.show", in_menu=False),
    Entry("search", N_("Find"), f"{_HERE}.find:Find", Group.RECORDS, "f"),
]
