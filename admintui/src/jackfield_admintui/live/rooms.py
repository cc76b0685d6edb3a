"""Conferences, and calls that are parked."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from jackfield_admintui.lists import ListScreen
from jackfield_admintui.texts import N_, _, plain, span
from jackfield_admintui.widgets.facts import facts
from jackfield_admintui.widgets.grid import Column, Row


class Rooms(ListScreen):
    """Conferences and parked calls."""

    heading = N_("Conferences")
    help_text = N_("Talks of three and more, and calls that are parked: whoever dials the place gets the caller.")
    topics = frozenset({"call", "phone", "dropped"})
    identity = "id"
    empty = N_("No conference, and no parked call.")
    with_details = True
    needs: ClassVar = {"drop": "conference.drop"}
    columns = (
        Column("what", N_("What"), lambda row: _("conference") if row["what"] == "room" else _("parked"), most=12),
        Column("name", N_("Place"), most=20),
        Column("who", N_("Who"), most=60, flex=True),
        Column("seconds", N_("For"), lambda row: span(row["seconds"]), right=True),
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("x", "drop", N_("End conference"))]

    async def rows(self) -> list[Row]:
        """Conferences first."""
        rooms = [
            {"id": f"r{each['room']}", "what": "room", "name": each["room"], "seconds": None,
             "who": [plain(one.get("number") or one.get("channel")) for one in each["members"]]}
            for each in await self.ask("conferences")
        ]  # fmt: skip
        parked = [
            {"id": f"p{each['slot']}", "what": "parked", "name": each["slot"], "seconds": each["seconds"],
             "who": each["from"]}
            for each in (await self.ask("parked") if self.console.can("parked") else [])
        ]  # fmt: skip
        return [*rooms, *parked]

    async def details(self, row: Row) -> Any:
        """Who is in it."""
        return facts([(_("Place"), row["name"]), (_("Who"), row["who"]), (_("For"), span(row["seconds"]))])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Parked calls are no conferences."""
        if action == "drop" and (not self.is_mounted or self.current is None or self.current["what"] != "room"):
            return False
        return super().check_action(action, parameters)

    def action_drop(self) -> None:
        """End the conference."""
        row = self.current
        if row is None:
            return

        async def drop() -> None:
            await self.ask("conference.drop", room=row["name"])

        question = _("End the conference {name}?").format(name=row["name"])
        self.confirm(question, drop, _("Everybody in it is hung up."), _("End"))
