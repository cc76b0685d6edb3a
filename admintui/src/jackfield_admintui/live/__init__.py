"""What is going on: overview, calls, trunks, queues, agents, alarms."""

from __future__ import annotations

from jackfield_admintui.screens import Entry, Group
from jackfield_admintui.texts import N_

_HERE = "jackfield_admintui.live"
ENTRIES = [
    Entry("overview", N_("Overview"), f"{_HERE}.overview:Overview", Group.LIVE, "o"),
    Entry("calls", N_("Calls"), f"{_HERE}.calls:Calls", Group.LIVE, "c", "calls"),
    Entry("trunks-live", N_("Trunks"), f"{_HERE}.trunks:Trunks", Group.LIVE, "t", "trunks"),
    Entry("alarms", N_("Alarms"), f"{_HERE}.alarms:Alarms", Group.LIVE, "a", "alarms"),
]
