"""Agents: what they do, since when, and what a supervisor can do about it."""

from __future__ import annotations

from typing import Any

from jackfield_admintui.lists import ListScreen
from jackfield_admintui.texts import N_, _, span
from jackfield_admintui.widgets.facts import facts
from jackfield_admintui.widgets.grid import Column, Row

STATES = {
    "ready": (N_("ready"), "●", "good"),
    "offered": (N_("rings"), "◔", "warn"),
    "talking": (N_("talks"), "◆", "strong"),
    "wrap-up": (N_("wrap-up"), "◇", "warn"),
    "paused": (N_("pause"), "‖", "warn"),
    "logged-out": (N_("logged out"), "○", "dim"),
}


def state(row: Row) -> str:
    """Sign and word, with the reason of a pause."""
    words, sign, _tone = STATES.get(str(row["state"]), (str(row["state"]), "·", ""))
    return f"{sign} {words!s}" + (f" ({row['reason']})" if row.get("reason") else "")


def tone(row: Row) -> str:
    """For the colour."""
    return STATES.get(str(row["state"]), ("", "", ""))[2]


class Agents(ListScreen):
    """Agents as they are now."""

    heading = N_("Agents")
    help_text = N_("Agents and what they do now, since when, at which phone and for which queue.")
    topics = frozenset({"agent", "queue", "phone", "site", "dropped"})
    method = "agents"
    empty = N_("No agents yet.")
    with_details = True
    columns = (
        Column("name", N_("Agent"), most=16, flex=True),
        Column("state", N_("State"), state, tone, most=26),
        Column("seconds", N_("For"), lambda row: span(row["seconds"]), right=True),
        Column("queue", N_("Queue"), most=16, drop=1),
        Column("phone", N_("Phone"), most=12, drop=2),
        Column("reachable", N_("Reachable"), lambda row: _("yes") if row["reachable"] else f"✖ {_('no')}", drop=3),
    )

    async def details(self, row: Row) -> Any:
        """All that is known of an agent."""
        return facts(
            [
                (_("State"), state(row)),
                (_("For"), span(row["seconds"])),
                (_("Phone"), row["phone"]),
                (_("Phone in use"), row["phone_busy"]),
                (_("Reachable"), row["reachable"]),
                (_("Queue"), row["queue"]),
                (_("Call"), row["call"]),
                (_("Not answered in a row"), row["unanswered"]),
            ]
        )

    def open_row(self, row: Row) -> None:
        """The agent's call; without one, the agent's settings."""
        if row.get("call"):
            self.console.drill("call", call=str(row["call"]))
        else:
            self.console.show_object("agent", str(row["name"]))
