"""All kinds of objects of the site, and how many there are of each."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from jackfield_admintui.editing.objects import undo
from jackfield_admintui.lists import ListScreen
from jackfield_admintui.texts import N_, _
from jackfield_admintui.widgets.grid import Column, Row


class Kinds(ListScreen):
    """Everything that can be set up."""

    heading = N_("Everything")
    identity = "kind"
    topics = frozenset({"site", "plugin"})
    help_text = N_(
        "Every kind of thing that the site is made of, those of plugins too. Enter opens its list. "
        "p shows what is planned, u takes the last change of the draft back."
    )
    columns = (
        Column("title", N_("What"), flex=True),
        Column("kind", N_("In the site file")),
        Column("count", N_("There are"), right=True),
        Column("problems", N_("Problems"), right=True, tone=lambda row: "warn" if row["problems"] else "dim"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "plan", N_("Plan")),
        Binding("u", "undo", N_("Undo")),
    ]

    async def rows(self) -> list[Row]:
        """A row a kind."""
        kinds, there = await self.ask("site.kinds"), await self.ask("site.list")
        found = (await self.ask("site.check"))["findings"]
        self.note(_("{count} problems").format(count=len(found)) if found else "")
        return [
            {
                "kind": each["kind"],
                "title": each["title"],
                "single": each["single"],
                "count": sum(one["kind"] == each["kind"] for one in there),
                "problems": sum(one["kind"] == each["kind"] for one in found),
            }
            for each in kinds
        ]

    def open_row(self, row: Row) -> None:
        """Its list; of a kind with one object that."""
        if row["single"]:
            self.console.drill("object", kind=row["kind"], name="site")
        else:
            self.console.drill("objects", kind=row["kind"])

    def action_plan(self) -> None:
        """What apply would do."""
        self.console.drill("plan")

    def action_undo(self) -> None:
        """The draft's last change back."""
        self.start(undo(self))
