"""Queues: who waits, how long, and who serves."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from jackfield_admintui.lists import ListScreen
from jackfield_admintui.texts import N_, _, plain, span
from jackfield_admintui.widgets.bars import bar
from jackfield_admintui.widgets.facts import facts
from jackfield_admintui.widgets.grid import Column, Row

BINS = (10, 20, 30, 60, 120, 300)
"""Upper ends of the waits in the distribution, seconds; the last bar is of all that wait longer."""


def longest(row: Row) -> float | None:
    """Seconds that the one who waits longest has waited."""
    return max((one["seconds"] for one in row["waiting"]), default=None)


def spread(waits: list[float]) -> list[int]:
    """How many waits fall below each of BINS, and above the last.

    >>> spread([5, 15, 400])
    [1, 1, 0, 0, 0, 0, 1]
    """
    counts = [0] * (len(BINS) + 1)
    for wait in waits:
        counts[next((i for i, end in enumerate(BINS) if wait < end), len(BINS))] += 1
    return counts


class Queues(ListScreen):
    """Queues as they are now."""

    heading = N_("Queues")
    help_text = N_(
        "Queues, most callers first. Beside the list stand those who wait in the queue of the cursor, in the order in "
        "which they will be served, and how long they have waited. Enter: settings of the queue."
    )
    topics = frozenset({"queue", "agent", "site", "dropped"})
    method = "queues"
    empty = N_("No queues yet.")
    with_details = True
    columns = (
        Column("name", N_("Queue"), most=24, flex=True),
        Column("waiting", N_("Wait"), lambda row: len(row["waiting"]), lambda row: "warn" if row["waiting"] else "good",
               lambda row: len(row["waiting"]), right=True),
        Column("longest", N_("Longest"), lambda row: span(longest(row)), order=longest, right=True),
        Column("agents", N_("Agents"), lambda row: len(row["agents"]), order=lambda row: len(row["agents"]),
               right=True),
    )  # fmt: skip

    async def rows(self) -> list[Row]:
        """Most callers first."""
        found: list[Row] = await super().rows()
        return sorted(found, key=lambda row: -len(row["waiting"]))

    async def details(self, row: Row) -> Any:
        """Who waits, and the spread of their waits."""
        waiting = row["waiting"]
        parts: list[Any] = [facts([(_("Agents"), row["agents"])])]
        if not waiting:
            return Group(*parts, Text(f"\n● {_('Nobody waits.')}"))
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for title in (_("Place"), _("Caller"), _("Waits"), _("Priority")):
            table.add_column(title)
        for one in waiting:
            table.add_row(*map(plain, (one["position"], one["caller"], span(one["seconds"]), one["priority"])))
        counts = spread([one["seconds"] for one in waiting])
        chart = Text(f"\n{_('How long they wait')}\n", "bold")
        names = [f"< {span(end)}" for end in BINS] + [f"≥ {span(BINS[-1])}"]
        for name, count in zip(names, counts, strict=True):
            chart.append(f"{name:>7} {bar(count, max(counts), 16)} {count}\n", "not bold")
        return Group(*parts, table, chart)

    def open_row(self, row: Row) -> None:
        """Its settings."""
        self.console.show_object("queue", str(row["name"]))
