"""The audit log: who read personal data, who changed what, who was refused."""

from __future__ import annotations

from typing import Any

from jackfield_admintui.lists import ListScreen
from jackfield_admintui.texts import N_, _, clock
from jackfield_admintui.widgets.facts import facts
from jackfield_admintui.widgets.grid import Column, Row

OUTCOMES = {"ok": ("●", ""), "denied": ("✖", "bad"), "refused": ("▲", "warn"), "failed": ("✖", "bad")}
LINES = 1000


def outcome(row: Row) -> str:
    """Sign and word."""
    return f"{OUTCOMES.get(str(row['outcome']), ('·', ''))[0]} {row['outcome']}"


class Audit(ListScreen):
    """The last thousand lines, newest first."""

    heading = N_("Audit log")
    help_text = N_(
        "Who read personal data, who changed what, and who was refused: the last thousand lines. Lines are only ever "
        "added. Looking at this is on record too. Ctrl+R asks anew."
    )
    identity = "id"
    empty = N_("Nothing is on record yet.")
    with_details = True
    columns = (
        Column("at", N_("When"), lambda row: clock(row["at"]), most=19),
        Column("who", N_("Who"), most=16),
        Column("method", N_("What"), most=24),
        Column("object", N_("About"), most=60, flex=True),
        Column("count", N_("Times"), lambda row: row["count"] if row["count"] > 1 else "", right=True, drop=2),
        Column("outcome", N_("Outcome"), outcome, lambda row: OUTCOMES.get(str(row["outcome"]), ("", ""))[1], drop=1),
    )

    async def rows(self) -> list[Row]:
        """With numbers, since nothing else tells two lines apart."""
        found = await self.ask("audit", limit=LINES)
        return [line | {"id": number} for number, line in enumerate(found)]

    async def details(self, row: Row) -> Any:
        """The whole line."""
        return facts(
            [
                (_("When"), clock(row["at"], date=True)),
                (_("Until"), clock(row["last_at"], date=True) if row["count"] > 1 else ""),
                (_("Times"), row["count"]),
                (_("Who"), f"{row['who']} ({row['uid']})"),
                (_("What"), row["method"]),
                (_("About"), row["object"]),
                (_("Personal data"), row["personal"]),
                (_("A change"), row["change"]),
                (_("Outcome"), outcome(row)),
                (_("Detail"), row["detail"]),
            ]
        )
