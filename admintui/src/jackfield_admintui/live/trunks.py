"""Trunks: whether they work."""

from __future__ import annotations

from typing import Any

from jackfield_admintui.lists import ListScreen
from jackfield_admintui.texts import N_, _, ago, clock, plain, span
from jackfield_admintui.widgets.facts import facts
from jackfield_admintui.widgets.grid import Column, Row

GOOD = frozenset({"reachable", "registered", "up", "ok"})
UNSURE = frozenset({"unknown", "unmonitored", "registering"})
SIGNS = {"good": "●", "warn": "○", "bad": "✖"}


def tone(row: Row) -> str:
    """Good, unsure or bad."""
    state = str(row.get("state", "")).lower()
    return "good" if state in GOOD else "warn" if state in UNSURE else "bad"


WORDS = {
    "reachable": N_("reachable"), "unreachable": N_("unreachable"), "refused": N_("refused"),
    "unknown": N_("unknown"), "unmonitored": N_("not asked"), "registered": N_("registered"),
    "registering": N_("registering"),
}  # fmt: skip


def word(row: Row) -> str:
    """A state's word."""
    name = str(row.get("state"))
    return str(WORDS.get(name, plain(name)))


def state(row: Row) -> str:
    """Sign and word."""
    return f"{SIGNS[tone(row)]} {word(row)}"


def load(row: Row) -> str:
    """Calls now, of those that may be."""
    most = row.get("max_calls")
    return f"{row.get('calls', 0)}/{most}" if most else str(row.get("calls", 0))


class Trunks(ListScreen):
    """Trunks as they are now."""

    heading = N_("Trunks")
    help_text = N_(
        "Lines to carriers: whether they answer, how quickly, and how many calls they carry. Enter: settings."
    )
    topics = frozenset({"alarm", "call", "site", "trunk", "dropped"})
    method = "trunks"
    empty = N_("No trunks yet. g, then the lists under “Set up”, make one.")
    with_details = True
    columns = (
        Column("name", N_("Trunk"), most=24, flex=True),
        Column("state", N_("State"), state, tone, most=24),
        Column("since", N_("For"), lambda row: span(ago(row["since"])), right=True, drop=2),
        Column("calls", N_("Calls"), load, right=True),
        Column("round_trip_ms", N_("Round trip ms"), right=True, drop=1),
        Column("failed_calls", N_("Failed"), right=True, drop=1),
        Column("carrier", N_("Carrier"), most=40, flex=True, drop=3),
    )

    async def details(self, row: Row) -> Any:
        """All that is known of a trunk."""
        return facts(
            [
                (_("State"), state(row)),
                (_("Since"), clock(row.get("since"), date=True)),
                (_("Round trip"), f"{row['round_trip_ms']} ms" if row.get("round_trip_ms") is not None else ""),
                (_("Calls now"), load(row)),
                (_("Failed calls"), row.get("failed_calls")),
                (_("Carrier"), row.get("carrier")),
            ]
        )

    def open_row(self, row: Row) -> None:
        """Its settings."""
        self.console.show_object("trunk", str(row["name"]))
