"""What is going on: overview, calls, queues, agents, extensions, trunks, conferences, alarms."""

from __future__ import annotations

from jackfield_admintui.screens import Entry, Group
from jackfield_admintui.texts import N_

_HERE = "jackfield_admintui.live"
ENTRIES = [
    Entry("overview", N_("Overview"), f"{_HERE}.overview:Overview", Group.LIVE, "o"),
    Entry("calls", N_("Calls"), f"{_HERE}.calls:Calls", Group.LIVE, "c", "calls"),
    Entry("queues", N_("Queues"), f"{_HERE}.queues:Queues", Group.LIVE, "q", "queues"),
    Entry("agents", N_("Agents"), f"{_HERE}.agents:Agents", Group.LIVE, "w", "agents"),
    Entry("extensions", N_("Extensions"), f"{_HERE}.extensions:Extensions", Group.LIVE, "e", "extensions"),
    Entry("trunks-live", N_("Trunks"), f"{_HERE}.trunks:Trunks", Group.LIVE, "t", "trunks"),
    Entry("rooms", N_("Conferences"), f"{_HERE}.rooms:Rooms", Group.LIVE, "m", "conferences"),
    Entry("alarms", N_("Alarms"), f"{_HERE}.alarms:Alarms", Group.LIVE, "a", "alarms"),
    Entry("waiting", N_("Waiting in"), f"{_HERE}.queues:Waiting", Group.LIVE, "", "queues", False),
    Entry("queue-hours", N_("By the hour"), f"{_HERE}.hours:Hours", Group.LIVE, "", "acd.figures", False),
    Entry("alarm-history", N_("History of alarms"), f"{_HERE}.alarms:History", Group.LIVE, "", "alarms.history", False),
]
