"""A queue's last day, a bar an hour: how many came, were answered, gave up."""

from __future__ import annotations

from typing import Any

from jackfield_admintui.lists import ListScreen
from jackfield_admintui.texts import N_, _, clock, moment, span
from jackfield_admintui.widgets.bars import bar
from jackfield_admintui.widgets.facts import facts
from jackfield_admintui.widgets.grid import Column, Row

WIDTH = 20


class Hours(ListScreen):
    """Hours of one queue."""

    heading = N_("By the hour")
    help_text = N_(
        "The queue's last 24 hours: callers who came in each hour (the bar compares the hours), how many were answered "
        "and how many gave up, and the longest wait. Hours in which nobody came are left out."
    )
    topics = frozenset({"acd.queues", "dropped"})
    identity = "from"
    with_details = True
    empty = N_("Nobody called this queue in the last 24 hours.")
    columns = (
        Column("from", N_("Hour"), lambda row: hour(row), order=lambda row: row["from"], most=19),
        Column("bar", N_("Callers"), lambda row: row["bar"], order=lambda row: row["offered"], most=WIDTH),
        Column("offered", N_("Came"), right=True),
        Column("answered", N_("Answered"), right=True),
        Column("abandoned", N_("Gave up"), right=True, tone=lambda row: "warn" if row["abandoned"] else ""),
        Column("service_level", N_("In time %"), right=True, drop=2),
        Column("longest_wait", N_("Longest"), lambda row: span(row["longest_wait"]), order=lambda row:
               row["longest_wait"], right=True, drop=1),
    )  # fmt: skip

    def __init__(self, queue: str) -> None:
        super().__init__()
        self._queue = queue

    @property
    def crumb(self) -> str:
        """With the queue's name."""
        return f"{super().crumb}: {self._queue}"

    async def rows(self) -> list[Row]:
        """The latest hour first."""
        found = await self.ask("acd.figures", of="queues", every="hour")
        mine = [row for row in found if row["queue"] == self._queue]
        most = max([row["offered"] for row in mine], default=0)
        return [row | {"bar": bar(row["offered"], most, WIDTH)} for row in reversed(mine)]

    async def details(self, row: Row) -> Any:
        """The hour's other figures."""
        return facts(
            [
                (_("Hour"), f"{clock(row['from'], date=True)} – {clock(row['until'])}"),
                (_("Speed of answer"), span(row["asa"])),
                (_("Handling time"), span(row["aht"])),
                (_("Went elsewhere"), row["exited"]),
                (_("Were not let in"), row["refused"]),
                (_("Still in line"), row["in_line"]),
            ]
        )


def hour(row: Row) -> str:
    """When it began, in the terminal's zone."""
    begin = moment(row["from"])
    return f"{begin.astimezone():%a %H:%M}" if begin else ""
