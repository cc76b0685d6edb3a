"""The box itself: plugins, jobs, audit log, users, bans, machine, services."""

from __future__ import annotations

from jackfield_admintui.screens import Entry, Group
from jackfield_admintui.texts import N_

_HERE = "jackfield_admintui.ops"
ENTRIES = [
    Entry("plugins", N_("Plugins"), f"{_HERE}.plugins:Plugins", Group.SYSTEM, "p", "plugins"),
    Entry("jobs", N_("Jobs"), f"{_HERE}.jobs:Jobs", Group.SYSTEM, "j", "jobs"),
    Entry("schedules", N_("Schedules"), f"{_HERE}.jobs:Schedules", Group.SYSTEM, "s", "jobs.schedules"),
    Entry("backups", N_("Back-ups"), f"{_HERE}.backups:Backups", Group.SYSTEM, "B", "backup.list"),
    Entry("bans", N_("Bans"), f"{_HERE}.bans:Bans", Group.SYSTEM, "b", "bans"),
    Entry("users", N_("Users and roles"), f"{_HERE}.users:Users", Group.SYSTEM, "u", "users"),
    Entry("audit", N_("Audit log"), f"{_HERE}.audit:Audit", Group.SYSTEM, "l", "audit"),
    Entry("system", N_("Machine"), f"{_HERE}.system:System", Group.SYSTEM, "z", "system"),
    Entry("services", N_("Services"), f"{_HERE}.services:Services", Group.SYSTEM, "y"),
    Entry("plugin-log", N_("Log"), f"{_HERE}.pluginlog:PluginLog", Group.SYSTEM, "", "plugins.log", False),
]
