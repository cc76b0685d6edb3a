"""Generations that were in force, who applied them and why; the draft's changes; the way back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from jackfield_admintui.client import Trouble
from jackfield_admintui.editing.objects import undo
from jackfield_admintui.editing.plan import APPLY_SECONDS, words
from jackfield_admintui.lists import ListScreen
from jackfield_admintui.texts import N_, _, clock, plain
from jackfield_admintui.widgets.grid import Column, Row

STATES = {"applied": N_("● in force"), "superseded": N_("was in force"), "failed": N_("✖ refused"),
          "planned": N_("never in force")}  # fmt: skip


def _state(row: Row) -> str:
    return str(STATES.get(row["state"], row["state"]))


class History(ListScreen):
    """Generations."""

    heading = N_("History")
    method = "site.history"
    identity = "number"
    topics = frozenset({"site"})
    with_details = True
    empty = N_("Nothing was applied yet.")
    help_text = N_(
        "Each apply makes a generation. Below, or beside: what leads from the chosen one to the one in force. "
        "r puts the chosen one in force again; your draft stays as it is."
    )
    columns = (
        Column("number", N_("Number"), right=True),
        Column("time", N_("When"), text=lambda row: clock(row["time"], date=True)),
        Column("state", N_("State"), text=_state, tone=lambda row: "good" if row["state"] == "applied" else ""),
        Column("author", N_("Who")),
        Column("reason", N_("Why"), flex=True, most=80),
    )
    needs: ClassVar[Mapping[str, str]] = {"rollback": "site.rollback"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "rollback", N_("Put in force again")),
        Binding("v", "revisions", N_("The draft's changes")),
    ]

    async def details(self, row: Row) -> Any:
        """From this one to the one in force."""
        if row["state"] == "applied" or not row["on_disk"]:
            return _("This one is in force.") if row["state"] == "applied" else _("Its files are gone.")
        try:
            return words(await self.ask("site.diff", old=row["number"]))
        except Trouble as trouble:
            return trouble.text

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only to one that is there and not in force."""
        if action == "rollback" and self.is_mounted:
            row = self.current
            if row is None or row["state"] == "applied" or not row["on_disk"]:
                return False
        return super().check_action(action, parameters)

    def action_rollback(self) -> None:
        """Ask first."""
        row = self.current
        if row is None:
            return
        self.confirm(
            _("Put generation {number} in force again?").format(number=row["number"]),
            partial(self._rollback, row["number"]),
            _("Applied {time} by {author}: {reason}").format(
                time=clock(row["time"], date=True), author=plain(row["author"]), reason=plain(row["reason"])),
            _("Put in force"),
        )  # fmt: skip

    async def _rollback(self, number: int) -> None:
        await self.ask("site.rollback", number=number, seconds=APPLY_SECONDS)
        self.notify(_("Generation {number} is in force. The draft is as it was.").format(number=number))

    def action_revisions(self) -> None:
        """Each change of the draft."""
        self.console.drill("revisions")


class Revisions(ListScreen):
    """Changes of the draft."""

    heading = N_("Changes of the draft")
    identity = "number"
    topics = frozenset({"site"})
    empty = N_("The draft was never changed.")
    help_text = N_("Who changed what in the draft, newest first. u takes the last one back, then the one before.")
    columns = (
        Column("number", N_("Number"), right=True),
        Column("time", N_("When"), text=lambda row: clock(row["time"], date=True)),
        Column("author", N_("Who")),
        Column("what", N_("What"), most=50),
        Column("objects", N_("Objects"), flex=True, most=80, drop=1),
    )
    needs: ClassVar[Mapping[str, str]] = {"undo": "site.undo"}
    BINDINGS: ClassVar[list[BindingType]] = [Binding("u", "undo", N_("Undo the last"))]

    async def rows(self) -> list[Row]:
        """Newest first."""
        found: list[Row] = await self.ask("site.revisions", limit=200)
        return found

    def action_undo(self) -> None:
        """The last one back."""
        self.start(undo(self))
