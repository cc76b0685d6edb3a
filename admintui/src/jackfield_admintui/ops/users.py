"""Who may use the control API, and this console."""

from __future__ import annotations

from jackfield_admintui.lists import ListScreen
from jackfield_admintui.texts import N_, plain
from jackfield_admintui.widgets.grid import Column

ROLES = {
    "admin": N_("may do everything"),
    "operator": N_("sees calls and records, steers agents and queues, acknowledges alarms"),
    "viewer": N_("sees the state, without data of callers"),
}


class Users(ListScreen):
    """Users and groups of this machine that have a role."""

    heading = N_("Users and roles")
    help_text = N_(
        "Users and groups of this machine that have a role here. Roles are given in [control] of "
        '/etc/jackfield/jackfield.toml, as in operators = ["ann", "@support"]; then: systemctl restart jackfieldd '
        "(calls go on)."
    )
    method = "users"
    empty = N_("Only root has a role.")
    columns = (
        Column("name", N_("User or group"), most=24),
        Column("role", N_("Role"), most=12),
        Column("what", N_("What it allows"), lambda row: str(ROLES.get(row["role"], "")), most=80, flex=True),
        Column("members", N_("Members"), lambda row: plain(row["members"]) if row["members"] else "", most=40, drop=1),
        Column("there", N_("On this machine"), most=8, drop=2),
    )
