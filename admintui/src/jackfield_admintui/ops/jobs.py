"""Work in the background, and what begins it at set times."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from jackfield_admintui.lists import ListScreen
from jackfield_admintui.texts import N_, _, clock
from jackfield_admintui.widgets.facts import facts
from jackfield_admintui.widgets.grid import Column, Row

STATES = {
    "waiting": (N_("waiting"), "○", ""),
    "sent": (N_("handed over"), "○", ""),
    "running": (N_("running"), "◔", "strong"),
    "done": (N_("done"), "●", "good"),
    "dead": (N_("dead"), "✖", "bad"),
}


def state(row: Row) -> str:
    """Sign and word."""
    words, sign, _tone = STATES.get(str(row["state"]), (str(row["state"]), "·", ""))
    return f"{sign} {words!s}"


class Jobs(ListScreen):
    """Jobs, newest first."""

    heading = N_("Jobs")
    help_text = N_(
        "Slow work that is done in the background: encoding recordings, sending messages. A job that failed too often "
        "is dead: look at its error, mend the cause, and give it all its attempts again. Ctrl+R asks anew."
    )
    method = "jobs"
    identity = "id"
    empty = N_("No jobs.")
    with_details = True
    needs: ClassVar = {"retry": "jobs.retry", "drop": "jobs.drop"}
    columns = (
        Column("id", "#", right=True),
        Column("name", N_("Job"), most=30, flex=True),
        Column("state", N_("State"), state, lambda row: STATES.get(str(row["state"]), ("", "", ""))[2], most=14),
        Column("attempts", N_("Attempts"), right=True, drop=1),
        Column("created_at", N_("Since"), lambda row: clock(row.get("created_at")), most=19, drop=2),
        Column("error", N_("Error"), most=80, flex=True, drop=3),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "retry", N_("Try again")),
        Binding("x", "drop", N_("Drop")),
    ]

    async def rows(self) -> list[Row]:
        """The newest thousand."""
        found: list[Row] = await self.ask("jobs", limit=1000)
        return found

    async def details(self, row: Row) -> Any:
        """All of it; what it was given, for those who may see that."""
        found = await self.ask("jobs.show", job=row["id"]) if self.console.can("jobs.show") else row
        return facts(
            (str(key).replace("_", " "), clock(value, date=True) if str(key).endswith("_at") and value else value)
            for key, value in found.items()
        )

    def action_retry(self) -> None:
        """All attempts again, for the marked ones too."""

        async def retry() -> None:
            for row in self.grid.chosen_rows:
                await self.ask("jobs.retry", job=row["id"])
            self.reload()

        self.start(retry())

    def action_drop(self) -> None:
        """Take it off the list, once that is sure."""
        chosen = self.grid.chosen_rows
        if not chosen:
            return

        async def drop() -> None:
            for row in chosen:
                await self.ask("jobs.drop", job=row["id"])

        question = _("Drop {count} jobs for good?").format(count=len(chosen))
        self.confirm(question, drop, _("Their work is not done then."), _("Drop"))


class Schedules(ListScreen):
    """What is begun at set times."""

    heading = N_("Schedules")
    help_text = N_("Jobs that begin at set times: when they ran last, and when they run next.")
    method = "jobs.schedules"
    empty = N_("No schedules.")
    columns = (
        Column("name", N_("Schedule"), most=30, flex=True),
        Column("job", N_("Job"), most=30, drop=1),
        Column("when", N_("When"), most=24),
        Column("last", N_("Last"), lambda row: clock(row["last"], date=True), most=19, drop=2),
        Column("next", N_("Next"), lambda row: clock(row["next"], date=True), most=19),
    )
