"""Calls in progress."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from jackfield_admintui.lists import ListScreen
from jackfield_admintui.texts import N_, _, ago, clock, plain, span
from jackfield_admintui.widgets.facts import facts
from jackfield_admintui.widgets.grid import Column, Row


def state(row: Row) -> str:
    """What a call does, with a sign."""
    if row.get("held"):
        return f"‖ {_('on hold')}"
    return f"● {_('talking')}" if row.get("talking") else f"○ {_('waiting')}"


def direction(row: Row) -> str:
    """Where it comes from and where it went."""
    return plain(row.get("from") or (_("withheld") if row.get("withheld") else ""))


class Calls(ListScreen):
    """Calls in progress, with what can be done about them."""

    heading = N_("Calls")
    help_text = N_(
        "Calls in progress. “At” is the destination that serves the caller now: a menu, a queue, an extension. "
        "The list follows what happens by itself."
    )
    topics = frozenset({"call", "queue", "dropped"})
    method = "calls"
    identity = "id"
    empty = N_("No calls at the moment.")
    with_details = True
    needs: ClassVar = {"hang_up": "calls.hangup"}
    columns = (
        Column("state", N_("State"), state, lambda row: "good" if row.get("talking") else "warn", most=14),
        Column("from", N_("From"), direction, most=20),
        Column("name", N_("Name"), most=18, flex=True, drop=2),
        Column("did", N_("Called"), lambda row: row.get("did") or row.get("extension"), most=18, drop=1),
        Column("at", N_("At"), most=28, flex=True),
        Column("trunk", N_("Trunk"), most=16, drop=3),
        Column("since", N_("Time"), lambda row: span(ago(row["since"])), order=lambda row: row["since"], right=True),
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("x", "hang_up", N_("Hang up"))]

    def on_mount(self) -> None:
        """Times go on between events; nothing is asked for that."""
        self.set_interval(1.0, self.grid.refresh)

    async def details(self, row: Row) -> Any:
        """All that is known of a call."""
        return facts(
            [
                (_("Caller"), f"{direction(row)} {row.get('name') or ''}".strip()),
                (_("State"), state(row)),
                (_("Called"), row.get("did") or row.get("extension")),
                (_("Now at"), row.get("at")),
                (_("Trunk"), row.get("trunk")),
                (_("Forwarded by"), row.get("diversion")),
                (_("Began"), clock(row.get("since"))),
                (_("After a restart"), _("yes") if row.get("interrupted") else ""),
                (_("Id"), row.get("id")),
            ]
        )

    def open_row(self, row: Row) -> None:
        """Its record as it grows."""
        self.console.drill("call", call=row["id"])

    def action_hang_up(self) -> None:
        """End the marked calls, or this one."""
        chosen = self.grid.chosen_rows
        if not chosen:
            return
        question = (
            _("Hang up the call of {caller}?").format(caller=direction(chosen[0]))
            if len(chosen) == 1
            else _("Hang up {count} calls?").format(count=len(chosen))
        )

        async def hang_up() -> None:
            for row in chosen:
                await self.ask("calls.hangup", call=row["id"])
            self.grid.marked.clear()

        self.confirm(question, hang_up, _("The people in it are cut off at once."), _("Hang up"))
